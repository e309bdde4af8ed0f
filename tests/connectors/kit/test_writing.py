"""Writing: every effect once, whatever becomes of the answer."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

import pytest

from integration_hub.connectors.registry import PREFLIGHTS, Confirmed, Write
from integration_hub.kernel.failures import Failed, FailureClass
from tests.connectors.benches.bench import LETTERS, Bench
from tests.connectors.kit import attempt, case

pytestmark = pytest.mark.landscape


def _writes(bench: Bench) -> Iterator[Write]:
    for spec in bench.writes:
        yield bench.write(spec.effect_type)
        bench.heal()


def _found(bench: Bench, write: Write) -> Confirmed:
    found = bench.connector.find(bench.connection, write)
    assert found is not None, write.effect_type
    return found


def _failure(bench: Bench, write: Write) -> Failed:
    with pytest.raises(Failed) as caught:
        bench.connector.send(bench.connection, write)
    return caught.value


def _settled(bench: Bench, write: Write) -> None:
    """What the effect ledger does after an unknown outcome: ask, and send again only what is not there."""
    bench.heal()
    if bench.connector.find(bench.connection, write) is None:
        bench.connector.send(bench.connection, write)
    _found(bench, write)
    assert bench.effects(write) == 1, write.effect_type


@case("write.once")
def test_once(bench: Bench) -> None:
    for write in _writes(bench):
        assert bench.connector.find(bench.connection, write) is None, write.effect_type
        assert bench.effects(write) == 0, write.effect_type
        sent = bench.connector.send(bench.connection, write)
        assert _found(bench, write).remote_id == sent.remote_id
        assert bench.effects(write) == 1, write.effect_type


@case("write.twice")
def test_twice(bench: Bench) -> None:
    for write in _writes(bench):
        first = bench.connector.send(bench.connection, write)
        second = bench.connector.send(bench.connection, write)
        assert second.remote_id == first.remote_id, write.effect_type
        assert bench.effects(write) == 1, write.effect_type


@case("write.lost")
def test_an_answer_lost_after_the_commit(bench: Bench) -> None:
    for write in _writes(bench):
        bench.fault("commit_then_timeout", only="writes", count=1, params={"close": True})
        assert _failure(bench, write).kind == FailureClass.UNKNOWN_OUTCOME, write.effect_type
        _settled(bench, write)


@case("write.unsent")
def test_an_answer_lost_before(bench: Bench) -> None:
    for write in _writes(bench):
        bench.fault("timeout_before", only="writes", count=1, params={"close": True})
        assert _failure(bench, write).kind == FailureClass.UNKNOWN_OUTCOME, write.effect_type
        bench.heal()
        assert bench.connector.find(bench.connection, write) is None, write.effect_type
        _settled(bench, write)


@case("write.gateway")
def test_a_gateways_error_after_the_commit(bench: Bench) -> None:
    for write in _writes(bench):
        bench.fault("status_after_commit", only="writes", count=1)
        assert _failure(bench, write).kind == FailureClass.UNKNOWN_OUTCOME, write.effect_type
        _settled(bench, write)


@case("write.page")
def test_a_page_of_html_in_answer(bench: Bench) -> None:
    for write in _writes(bench):
        bench.fault("status", only="writes", count=1, params={"status": 200, "body": "<html>Sign in</html>"})
        heard = attempt(lambda write=write: bench.connector.send(bench.connection, write))
        assert heard is None or heard.kind == FailureClass.UNKNOWN_OUTCOME, write.effect_type
        bench.heal()
        assert bench.connector.find(bench.connection, write) is None, write.effect_type
        _settled(bench, write)


@case("write.lie")
def test_success_without_an_effect(bench: Bench) -> None:
    for write in _writes(bench):
        bench.fault("lying_200", only="writes")
        heard = attempt(lambda write=write: bench.connector.send(bench.connection, write))
        assert heard is None or heard.kind != FailureClass.TRANSIENT, write.effect_type
        assert bench.connector.find(bench.connection, write) is None, write.effect_type
        _settled(bench, write)


@case("write.refused")
def test_a_refusal(bench: Bench) -> None:
    refused = 0
    for spec in bench.writes:
        write = bench.refused(spec.effect_type)
        if write is None:
            continue
        failure = _failure(bench, write)
        assert failure.kind in {FailureClass.REJECTED, FailureClass.DATA, FailureClass.MAPPING}, spec.effect_type
        assert failure.remedy, spec.effect_type
        assert bench.effects(write) == 0, spec.effect_type
        refused += 1
    assert refused


@case("write.scope")
def test_a_right_that_is_missing(bench: Bench) -> None:
    for write in _writes(bench):
        bench.fault("status", only="writes", count=1, params={"status": 403})
        failure = _failure(bench, write)
        assert failure.kind == FailureClass.AUTH, write.effect_type
        assert failure.remedy
        bench.heal()
        _settled(bench, write)


@case("write.amounts")
def test_amounts(bench: Bench) -> None:
    compared = 0
    for write in _writes(bench):
        bench.connector.send(bench.connection, write)
        kept = [amount for value in _found(bench, write).facts.values() if (amount := _amount(value)) is not None]
        for wanted in bench.amounts(write):
            assert wanted in kept, (write.effect_type, wanted, kept)
            compared += 1
    assert compared


def _amount(value: object) -> Decimal | None:
    try:
        return None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


@case("write.unicode")
def test_any_letter(bench: Bench) -> None:
    for spec in bench.writes:
        write = bench.write(spec.effect_type, text=LETTERS)
        bench.connector.send(bench.connection, write)
        _found(bench, write)
        if any(LETTERS[:30] in str(value) for value in write.payload.values()):
            assert LETTERS[:30] in bench.says(write).replace('\\"', '"').replace("\\'", "'"), spec.effect_type


@case("write.undo")
def test_undo(bench: Bench) -> None:
    for spec in bench.writes:
        if not spec.undo:
            continue
        done = bench.write(spec.effect_type, 1)
        sent = bench.connector.send(bench.connection, done)
        _found(bench, done)
        undo = Write(spec.undo, "key-undo", done.business_key, {**done.payload, "remote_id": sent.remote_id})
        bench.connector.send(bench.connection, undo)
        _found(bench, undo)
        assert bench.connector.find(bench.connection, done) is None, spec.effect_type
        assert bench.effects(done) == 0, spec.effect_type


@case("window.closed")
def test_closed(bench: Bench) -> None:
    for effect_type in bench.windowed:
        write = bench.write(effect_type)
        bench.close(write)
        failure = _failure(bench, write)
        assert failure.kind == FailureClass.REJECTED, effect_type
        assert failure.remedy
        assert bench.connector.find(bench.connection, write) is None
        assert bench.effects(write) == 0
        bench.reopen(write)
        bench.connector.send(bench.connection, write)
        _found(bench, write)
        assert bench.effects(write) == 1


@case("window.before")
def test_asked_beforehand(bench: Bench) -> None:
    ask = PREFLIGHTS.get(bench.vendor)
    for effect_type in bench.windowed:
        write = bench.write(effect_type)
        day = date.fromisoformat(write.payload[bench.manifest.write(effect_type).figures.date])
        assert ask(bench.connection, day, effect_type) == ""
        bench.close(write)
        assert "closed" in ask(bench.connection, day, effect_type)
        bench.reopen(write)
