"""Signing in: who must act when it fails, and what goes on by itself."""

import pytest
from django.db import transaction

from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Call, Connection
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail.models import Event
from tests.connectors.benches.bench import Bench
from tests.connectors.conftest import records
from tests.connectors.kit import case

pytestmark = pytest.mark.landscape
WRONG = "not-the-secret-at-all"


@case("sign.check")
def test_a_connection_is_tested(bench: Bench) -> None:
    made = bench.connection
    Connection.objects.filter(pk=made.pk).update(failures_in_row=7)
    sentence = connections.test(connection_id=made.pk, by="system:test")
    made.refresh_from_db()
    assert (made.health, made.health_detail, made.failures_in_row) == ("ok", sentence, 0)
    assert Event.objects.filter(action="connectors.connection.tested", object_id=str(made.pk)).get().data["ok"]


@case("sign.wrong")
def test_wrong_credentials(bench: Bench) -> None:
    wrong = bench.connect("wrong", credentials=dict.fromkeys(bench.credentials(), WRONG))
    with pytest.raises(Failed) as caught:
        bench.connector.check(wrong)
    assert caught.value.kind == FailureClass.AUTH
    assert caught.value.remedy
    assert WRONG not in caught.value.message
    assert WRONG not in "".join(Call.objects.values_list("error", flat=True))


@case("sign.missing")
def test_a_credential_that_is_not_set(bench: Bench) -> None:
    bare = bench.connect("bare", credentials={})
    with pytest.raises(Failed, match="is not set") as caught:
        bench.connector.check(bare)
    assert caught.value.kind == FailureClass.AUTH


@case("sign.secret")
def test_no_secret_is_in_the_log(bench: Bench) -> None:
    bench.connector.check(bench.connection)
    bench.ask()
    kept = [" ".join((call.path, call.error)) for call in Call.objects.filter(connection=bench.connection)]
    assert kept
    for secret in bench.credentials().values():
        assert not any(secret in text for text in kept)


@case("sign.scope")
def test_a_missing_right(bench: Bench) -> None:
    bench.ask()
    bench.fault("status", only="reads" if bench.feed else "", params={"status": 403})
    with pytest.raises(Failed) as caught:
        bench.ask()
    assert caught.value.kind == FailureClass.AUTH
    assert caught.value.remedy


@case("sign.paused")
def test_a_paused_connection(bench: Bench) -> None:
    made = bench.connection
    Connection.objects.filter(pk=made.pk).update(is_paused=True, paused_reason="Audit")
    made.refresh_from_db()
    assert bench.connector.check(made)
    with pytest.raises(Failed):
        bench.ask()


@case("sign.transaction")
def test_nothing_is_called_inside_a_transaction(bench: Bench) -> None:
    bench.ask()
    with pytest.raises(RuntimeError), transaction.atomic():
        bench.ask()


@case("sign.renewed")
def test_a_token_that_ran_out(bench: Bench) -> None:
    bench.ask()
    bench.revoke()
    bench.ask()
    assert Call.objects.filter(connection=bench.connection, status=401).count() == 1


@case("sign.mid_page")
def test_a_token_that_runs_out_between_pages(bench: Bench) -> None:
    keys = bench.make([f"Name {n}" for n in range(7)])
    bench.small_pages()
    reader = bench.reader()
    read = [next(reader)]
    bench.revoke()
    read.extend(reader)
    assert set(keys) <= set(records(read))
    assert read[-1].done


@case("sign.mid_write")
def test_a_token_that_runs_out_before_a_write(bench: Bench) -> None:
    for spec in bench.writes:
        write = bench.write(spec.effect_type)
        bench.fault("auth_expired", only="writes", count=1)
        bench.connector.send(bench.connection, write)
        assert bench.effects(write) == 1, spec.effect_type
        bench.heal()
    assert Call.objects.filter(connection=bench.connection, status=401).exists()
