"""Connections: set up, re-keyed, paused, tested; breaker, log and the rule about transactions."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from integration_hub.connectors import credentials, health, secrets
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import Mapping
from integration_hub.people.models import User
from integration_hub.trail.models import Event
from tests.integration.connectors.setup import BY, create

pytestmark = pytest.mark.django_db

# -- setting up -------------------------------------------------------------------------------------------------------


def test_a_connection_is_set_up_with_its_default_mappings() -> None:
    made = create()
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
        ({"vendor": "nobody"}, "vendor"),
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
        create(**change)
    assert field in {problem.field for problem in caught.value.problems}
    assert not Connection.objects.exists()


def test_a_code_is_given_once() -> None:
    create()
    with pytest.raises(BadInput, match="is taken"):
        create()


def test_a_file_drop_needs_no_address() -> None:
    made = create(vendor="filedrop", base_url="", credentials={}, settings={"folder": "inbox"})
    assert CONNECTORS.get("filedrop").check(made)
    assert list(CONNECTORS.get("filedrop").read(made, "time_entry", {})) == []


def test_settings_are_changed_with_the_version_seen() -> None:
    made = create()
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
    made = create(base_url="https://api.example/v1")
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
    made = create()
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
    made = create()
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
    made = create()
    reader = django_user_model.objects.create_user("reader", password="a long enough one")
    with pytest.raises(Denied, match="set up connections"):
        create(code="other", by=reader)
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
        made = create()
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
