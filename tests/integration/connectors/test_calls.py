"""Calls: what goes over the wire, and the health of a connection that follows from it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.test import override_settings

from integration_hub.connectors import health, transport
from integration_hub.connectors.actions import connections
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.auth import Static
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Deferred, Failed, FailureClass
from integration_hub.trail.models import Event
from integration_hub.trail.record import correlated
from tests.integration.connectors.setup import BY, create

pytestmark = pytest.mark.django_db

# -- transport --------------------------------------------------------------------------------------------------------


class Plain(Silent):
    """A vendor without peculiarities."""

    title = "Vendor"

    def complaint(self, response: httpx.Response) -> Complaint:
        return Complaint(message=response.text[:50])


@pytest.fixture
def connection() -> Connection:
    return create()


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A script of answers and line failures, taken one by one; what was asked is put behind them."""
    script: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        answer = script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        answer.request = request
        return answer  # type: ignore[no-any-return]

    client = httpx.Client(transport=httpx.MockTransport(handle))
    monkeypatch.setattr(transport, "client_of", lambda connection: client)
    yield script
    client.close()


def _session(connection: Connection) -> Session:
    return Session(connection, auth=Static(lambda secret: {"Authorization": secret["token"]}), dialect=Plain())


def test_a_call_is_logged_without_body_and_secret(connection: Connection, answering: list[Any]) -> None:
    answering.append(httpx.Response(201, json={"id": 1}))
    with correlated("act-7"):
        answer = _session(connection).ask(Ask("POST", "/things?token=abc", write=True, json={"name": "private"}))
    assert answer.request.headers["x-correlation-id"] == "act-7"
    assert answer.request.headers["authorization"] == "very secret token"
    call = Call.objects.get()
    assert (call.method, call.path, call.status, call.outcome) == ("POST", "/things?token=…", 201, "ok")
    assert (call.correlation_id, len(call.request_hash)) == ("act-7", 64)
    connection.refresh_from_db()
    assert connection.health == Connection.Health.OK


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), FailureClass.TRANSIENT),
        (httpx.ConnectTimeout("slow"), FailureClass.TRANSIENT),
        (httpx.ReadTimeout("silence"), FailureClass.UNKNOWN_OUTCOME),
        (httpx.ReadError("reset"), FailureClass.UNKNOWN_OUTCOME),
        (httpx.RemoteProtocolError("cut"), FailureClass.UNKNOWN_OUTCOME),
        (httpx.WriteError("cut"), FailureClass.UNKNOWN_OUTCOME),
    ],
)
def test_a_write_is_never_sent_twice(
    connection: Connection, answering: list[Any], error: Exception, kind: FailureClass
) -> None:
    answering.extend([error, httpx.Response(200)])
    with pytest.raises(Failed) as caught:
        _session(connection).ask(Ask("POST", "/things", write=True, json={}))
    assert caught.value.kind == kind
    assert len(answering) == 1, "the second answer was not asked for"
    assert Call.objects.get().outcome == ("not_sent" if kind == FailureClass.TRANSIENT else "no_answer")


def test_a_read_is_asked_once_more_when_the_line_breaks(connection: Connection, answering: list[Any]) -> None:
    answering.extend([httpx.RemoteProtocolError("stale"), httpx.Response(200, json={})])
    assert _session(connection).get("/things").status_code == 200
    answering.extend([httpx.ReadError("cut"), httpx.ReadError("cut"), httpx.Response(200)])
    with pytest.raises(Failed) as caught:
        _session(connection).get("/things")
    assert caught.value.kind == FailureClass.TRANSIENT
    assert len(answering) == 1
    answering[:] = [httpx.ReadTimeout("slow"), httpx.Response(200)]
    with pytest.raises(Failed):
        _session(connection).get("/things")
    assert len(answering) == 1, "a slow vendor is not asked twice"


def test_an_expected_status_is_an_answer(connection: Connection, answering: list[Any]) -> None:
    answering.append(httpx.Response(404))
    assert _session(connection).get("/thing", expected=(404,)).status_code == 404


def test_no_call_inside_a_transaction(connection: Connection, answering: list[Any]) -> None:
    answering.append(httpx.Response(200))
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        _session(connection).get("/things")
    assert len(answering) == 1


def test_no_call_to_a_host_that_is_not_listed(connection: Connection, answering: list[Any]) -> None:
    answering.append(httpx.Response(200))
    with override_settings(OUTBOUND_HOSTS=["api.example.com"]), pytest.raises(Failed, match="not listed") as caught:
        _session(connection).get("/things")
    assert caught.value.kind == FailureClass.AUTH
    assert len(answering) == 1


def test_missing_credential_is_for_an_administrator(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(sealed_credentials=b"")
    with pytest.raises(Failed, match="token is not set") as caught:
        connections.test(connection_id=connection.pk, by=BY)
    assert caught.value.kind == FailureClass.AUTH
    event = Event.objects.filter(action="connectors.connection.tested").get()
    assert event.data["ok"] is False


# -- health -----------------------------------------------------------------------------------------------------------


def _fail(connection: Connection, times: int) -> None:
    for _ in range(times):
        health.failed(connection, Failed(FailureClass.TRANSIENT, "no answer"))
    connection.refresh_from_db()


def test_the_breaker_opens_after_failures_in_a_row_and_lets_one_call_try(connection: Connection) -> None:
    _fail(connection, health.OPEN_AFTER - 1)
    health.admit(connection)
    _fail(connection, 1)
    assert connection.health == Connection.Health.DOWN
    with pytest.raises(Failed, match="did not answer") as caught:
        health.admit(connection)
    assert caught.value.kind == FailureClass.TRANSIENT
    assert caught.value.retry_after is not None
    assert caught.value.retry_after <= health.OPEN_FOR

    Connection.objects.filter(pk=connection.pk).update(open_until=now() - timedelta(seconds=1))
    health.admit(connection)
    with pytest.raises(Failed):
        health.admit(connection)  # one call tries, the others wait for what it finds
    health.answered(connection)
    connection.refresh_from_db()
    assert (connection.open_until, connection.failures_in_row, connection.health) == (None, 0, "ok")
    health.admit(connection)


def test_a_vendor_that_stays_away_is_asked_less_and_less(connection: Connection) -> None:
    _fail(connection, health.OPEN_AFTER + 3)
    assert connection.open_until is not None
    assert connection.open_until - now() > health.OPEN_FOR * 4
    _fail(connection, 20)
    assert connection.open_until is not None
    assert connection.open_until - now() <= health.LONGEST


def test_a_refused_record_is_an_answer(connection: Connection) -> None:
    _fail(connection, 3)
    health.failed(connection, Failed(FailureClass.REJECTED, "no"))
    connection.refresh_from_db()
    assert (connection.failures_in_row, connection.health) == (0, "ok")


def test_health_is_told_once_per_change(connection: Connection) -> None:
    _fail(connection, 3)
    health.failed(connection, Failed(FailureClass.RATE, "later"))
    health.answered(connection)
    health.answered(connection)
    told = Event.objects.filter(action="connectors.connection.health_changed").order_by("id")
    assert [(event.data["before"], event.data["after"]) for event in told] == [
        ("unknown", "down"),
        ("down", "limited"),
        ("limited", "ok"),
    ]


def test_the_trail_tells_when_the_circuit_opens_and_closes(connection: Connection) -> None:
    _fail(connection, health.OPEN_AFTER + 2)
    health.answered(connection)
    told = Event.objects.filter(action__startswith="connectors.connection.circuit").order_by("id")
    assert [(event.action.rpartition(".")[2], event.data["failures"]) for event in told] == [
        ("circuit_opened", health.OPEN_AFTER),
        ("circuit_closed", health.OPEN_AFTER + 2),
    ]


@pytest.mark.parametrize("kind", [FailureClass.RATE, FailureClass.AUTH, FailureClass.REJECTED])
def test_any_answer_closes_the_circuit(connection: Connection, kind: FailureClass) -> None:
    _fail(connection, health.OPEN_AFTER)
    health.failed(connection, Failed(kind, "an answer"))
    connection.refresh_from_db()
    assert (connection.open_until, connection.failures_in_row) == (None, 0)


def test_who_is_kept_back_is_deferred(connection: Connection) -> None:
    _fail(connection, health.OPEN_AFTER)
    with pytest.raises(Deferred) as open_circuit:
        health.admit(connection)
    assert timedelta(0) < open_circuit.value.again_in <= health.OPEN_FOR
    Connection.objects.update(is_paused=True, paused_reason="month end", open_until=None)
    with pytest.raises(Deferred, match="month end"):
        health.admit(connection)
    health.admit(connection, even_if_paused=True)
