"""Limits and outages: later is not never, and a question may be asked again."""

from datetime import timedelta

import pytest

from integration_hub.connectors.models import Call
from integration_hub.kernel.failures import Failed, FailureClass
from tests.connectors.benches.bench import Bench
from tests.connectors.conftest import records
from tests.connectors.kit import attempt, case

pytestmark = pytest.mark.landscape
AWAY = "http://127.0.0.1:9"


def _refused(bench: Bench) -> Failed:
    with pytest.raises(Failed) as caught:
        bench.ask()
    return caught.value


@case("limit.too_many")
def test_too_many_calls(bench: Bench) -> None:
    bench.ask()
    bench.fault("rate_limit")
    assert _refused(bench).kind == FailureClass.RATE


@case("limit.wait")
def test_a_wait_that_is_named(bench: Bench) -> None:
    bench.ask()
    bench.fault("rate_limit", params={"retry_after": 30})
    assert _refused(bench).retry_after == timedelta(seconds=30)


@case("limit.quota")
def test_a_used_up_quota(bench: Bench) -> None:
    bench.ask()
    bench.fault("quota_403")
    assert _refused(bench).kind == FailureClass.RATE


@case("limit.mid_page")
def test_refused_between_pages(bench: Bench) -> None:
    keys = bench.make([f"Name {n}" for n in range(9)])
    bench.small_pages()
    reader = bench.reader()
    read = [next(reader)]
    bench.fault("rate_limit")
    with pytest.raises(Failed) as caught:
        next(reader)
    assert caught.value.kind == FailureClass.RATE
    bench.heal()
    read += bench.read(read[-1].cursor)
    assert set(keys) <= set(records(read))


@case("limit.write")
def test_a_write_refused_for_the_rate(bench: Bench) -> None:
    for spec in bench.writes:
        write = bench.write(spec.effect_type)
        before = bench.effects(write)
        bench.fault("rate_limit", only="writes", count=1)
        with pytest.raises(Failed) as caught:
            bench.connector.send(bench.connection, write)
        assert caught.value.kind == FailureClass.RATE, spec.effect_type
        assert bench.effects(write) == before, spec.effect_type
        bench.heal()


@case("limit.outage")
def test_an_outage(bench: Bench) -> None:
    bench.ask()
    for status in (500, 502, 504):
        bench.fault("status", count=1, params={"status": status})
        assert _refused(bench).kind == FailureClass.TRANSIENT, status
    bench.fault("status", count=1, params={"status": 503, "retry_after": 20})
    failure = _refused(bench)
    assert failure.kind in {FailureClass.TRANSIENT, FailureClass.RATE}
    assert failure.retry_after == timedelta(seconds=20)
    bench.ask()


@case("limit.silence")
def test_no_answer(bench: Bench) -> None:
    bench.ask()
    bench.connection.settings["timeout_seconds"] = "0.5"
    bench.fault("timeout_before", count=1)
    assert _refused(bench).kind == FailureClass.TRANSIENT


@case("limit.cut")
def test_a_line_that_is_cut(bench: Bench) -> None:
    bench.ask()
    bench.fault("timeout_before", count=1, params={"close": True})
    if heard := attempt(bench.ask):
        assert heard.kind == FailureClass.TRANSIENT, "a question by POST is not sent again by itself"
        bench.ask()
    assert Call.objects.filter(connection=bench.connection, outcome="no_answer").count() == 1


@case("limit.page")
def test_a_page_of_html(bench: Bench) -> None:
    bench.ask()
    bench.fault("status", params={"status": 200, "body": "<html>Sign in</html>"})
    assert _refused(bench).kind == FailureClass.TRANSIENT


@case("limit.away")
def test_a_vendor_that_is_not_there(bench: Bench) -> None:
    away = bench.connect("away", url=AWAY)
    with pytest.raises(Failed) as caught:
        bench.connector.check(away)
    assert caught.value.kind == FailureClass.TRANSIENT
    for spec in bench.writes:
        with pytest.raises(Failed) as caught:
            bench.connector.send(away, bench.write(spec.effect_type))
        assert caught.value.kind == FailureClass.TRANSIENT, spec.effect_type
