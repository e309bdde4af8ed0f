"""Connections: set up, re-keyed, paused, tested; breaker, log and the rule about transactions."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from integration_hub.connectors import credentials, health, secrets, transport
from integration_hub.connectors.actions import connections
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.auth import Static
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.kernel.failures import Deferred, Failed, FailureClass
from integration_hub.mapping.models import Mapping
from integration_hub.people.models import User
from integration_hub.trail.models import Event
from integration_hub.trail.record import correlated

pytestmark = pytest.mark.django_db

BY = "system:test"


def _create(**more: Any) -> Connection:
    arguments = {
        "code": "psa-main",
        "vendor": "kantata",
        "name": "PSA",
        "base_url": "http://127.0.0.1:9/",
        "settings": {},
        "credentials": {"token": "very secret token"},
        "webhook_secret": "hint secret",
        "by": BY,
    }
    return connections.create(**(arguments | more))


# -- setting up -------------------------------------------------------------------------------------------------------


def test_a_connection_is_set_up_with_its_default_mappings() -> None:
    made = _create()
    assert made.settings["page_size"] == "200"
    assert made.base_url == "http://127.0.0.1:9"
    assert Mapping.objects.filter(connection="psa-main", status="published").count() == 7
    assert credentials.read(made) == {"token": "very secret token"}
    assert credentials.webhook_secret(made) == "hint secret"
    kept = json.dumps(list(Event.objects.values("data", "reason")), default=str)
    assert "very secret" not in kept
    assert "hint secret" not in kept


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "Not a code"}, "code"),
        ({"vendor": "sap"}, "vendor"),
        ({"base_url": ""}, "base_url"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"settings": {"colour": "red"}}, "colour"),
        ({"credentials": {"password": "x"}}, "password"),
        ({"credentials": {"token": ""}}, "token"),
        ({"vendor": "netsuite", "credentials": {}}, "certificate_id"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        _create(**change)
    assert field in {problem.field for problem in caught.value.problems}
    assert not Connection.objects.exists()


def test_a_code_is_given_once() -> None:
    _create()
    with pytest.raises(BadInput, match="is taken"):
        _create()


def test_a_file_drop_needs_no_address() -> None:
    made = _create(vendor="filedrop", base_url="", credentials={}, settings={"folder": "inbox"})
    assert CONNECTORS.get("filedrop").check(made)
    assert list(CONNECTORS.get("filedrop").read(made, "time_entry", {})) == []


def test_settings_are_changed_with_the_version_seen() -> None:
    made = _create()
    changed = connections.change(
        connection_id=made.pk, name="PSA 2", base_url=made.base_url, settings={"page_size": "50"}, by=BY, seen_version=1
    )
    assert (changed.name, changed.settings["page_size"], changed.version) == ("PSA 2", "50", 2)
    with pytest.raises(Stale):
        connections.change(
            connection_id=made.pk, name="PSA 3", base_url=made.base_url, settings={}, by=BY, seen_version=1
        )
    event = Event.objects.filter(action="connectors.connection.changed").get()
    assert event.data["changes"]["name"] == {"before": "PSA", "after": "PSA 2"}
    with pytest.raises(BadInput, match="colour"):
        connections.change(
            connection_id=made.pk, name="x", base_url=made.base_url, settings={"colour": 1}, by=BY, seen_version=2
        )


def test_credentials_are_not_sent_to_another_host() -> None:
    made = _create(base_url="https://api.example/v1")
    same = {"connection_id": made.pk, "name": made.name, "settings": {}, "by": BY}
    moved = connections.change(base_url="https://API.example:443/v2", seen_version=1, **same)
    assert credentials.read(moved) == {"token": "very secret token"}, "the same host keeps them"
    for seen, other in enumerate(
        ("https://api.example.evil.test/v2", "http://api.example/v2", "https://api.example:8443/v2"), start=2
    ):
        with transaction.atomic():
            gone = connections.change(base_url=other, seen_version=seen, **same)
            assert credentials.read(gone) == {}
            assert gone.health == Connection.Health.UNKNOWN
            assert credentials.webhook_secret(gone) == "hint secret", "which is never sent anywhere"
            told = Event.objects.filter(action="connectors.connection.changed").latest("pk")
            assert told.data["credentials_forgotten"] is True
        Connection.objects.filter(pk=made.pk).update(
            base_url=moved.base_url, sealed_credentials=moved.sealed_credentials
        )


def test_credentials_are_replaced_and_only_their_names_are_kept() -> None:
    made = _create()
    changed = connections.set_credentials(
        connection_id=made.pk, credentials={"token": "brand new"}, by=BY, seen_version=made.version
    )
    assert credentials.read(changed) == {"token": "brand new"}
    assert credentials.webhook_secret(changed) == "hint secret", "what was not entered stays"
    event = Event.objects.filter(action="connectors.connection.credentials_set").get()
    assert event.data["names"] == ["token"]
    with pytest.raises(BadInput, match="token"):
        connections.set_credentials(connection_id=made.pk, credentials={"x": "y"}, by=BY, seen_version=2)
    cleared = connections.set_credentials(connection_id=made.pk, webhook_secret="", by=BY, seen_version=2)
    assert credentials.webhook_secret(cleared) == ""


def test_pausing_and_resuming() -> None:
    made = _create()
    with pytest.raises(BadInput, match="reason"):
        connections.pause(connection_id=made.pk, reason=" ", by=BY, seen_version=1)
    connections.pause(connection_id=made.pk, reason="Year end", by=BY, seen_version=1)
    with pytest.raises(NotReady, match="Year end"):
        connections.pause(connection_id=made.pk, reason="again", by=BY, seen_version=2)
    with pytest.raises(Failed, match="is paused: Year end") as caught:
        health.admit(made)
    assert caught.value.kind == FailureClass.RATE
    health.admit(made, even_if_paused=True)
    connections.resume(connection_id=made.pk, by=BY, seen_version=2)
    health.admit(made)
    with pytest.raises(NotReady, match="is not paused"):
        connections.resume(connection_id=made.pk, by=BY, seen_version=3)


def test_permissions_are_asked(django_user_model: type[User]) -> None:
    made = _create()
    reader = django_user_model.objects.create_user("reader", password="a long enough one")
    with pytest.raises(Denied, match="set up connections"):
        _create(code="other", by=reader)
    with pytest.raises(Denied, match="pause"):
        connections.pause(connection_id=made.pk, reason="x", by=reader, seen_version=1)
    with pytest.raises(Denied, match="set credentials"):
        connections.set_credentials(connection_id=made.pk, credentials={"token": "x"}, by=reader, seen_version=1)
    with pytest.raises(Denied):
        connections.test(connection_id=made.pk, by=reader)
    with pytest.raises(Denied):
        connections.reseal_all(by=reader)


def test_secrets_are_resealed_under_a_new_key(capsys: pytest.CaptureFixture[str]) -> None:
    old, new = secrets.new_key(), secrets.new_key()
    with override_settings(SECRETS_KEY=old):
        made = _create()
    with override_settings(SECRETS_KEY=new), pytest.raises(CommandError, match="does not name"):
        call_command("reseal_secrets")
    with override_settings(SECRETS_KEY=f"{new},{old}"):
        call_command("reseal_secrets")
        call_command("reseal_secrets")
    assert capsys.readouterr().out.splitlines() == ["1 connections resealed.", "0 connections resealed."]
    made.refresh_from_db()
    with override_settings(SECRETS_KEY=new):
        assert credentials.read(made) == {"token": "very secret token"}
        assert credentials.webhook_secret(made) == "hint secret"


def test_commands_print_a_key_and_the_manifests(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("new_secrets_key")
    with override_settings(SECRETS_KEY=capsys.readouterr().out.strip()):
        assert secrets.seal("x", bound_to="y")
    call_command("connectors")
    shown = capsys.readouterr().out
    for words in ("NetSuite (netsuite, erp)", "netsuite.invoice.post", "kantata.project.archive", "secret  token"):
        assert words in shown


# -- transport --------------------------------------------------------------------------------------------------------


class Plain(Silent):
    """A vendor without peculiarities."""

    title = "Vendor"

    def complaint(self, response: httpx.Response) -> Complaint:
        return Complaint(message=response.text[:50])


@pytest.fixture
def connection() -> Connection:
    return _create()


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
