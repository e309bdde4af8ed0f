"""Connections through the admin pages: credentials go in and never come out."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integration_hub.connectors import credentials
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client, django_user_model: type[User]) -> User:
    user = django_user_model.objects.create_superuser(username="ada", password="a long enough one")
    client.force_login(user)
    return user


@pytest.fixture
def netsuite(ada: User) -> Connection:
    return connections.create(
        code="erp-main",
        vendor="netsuite",
        name="ERP",
        base_url="http://127.0.0.1:9",
        settings={"certificate_id": "c1"},
        credentials={"client_id": "the-client", "private_key": "-----BEGIN hidden-----"},
        by=ada,
    )


def _form(connection: Connection, **more: Any) -> dict[str, Any]:
    return {
        "name": connection.name,
        "base_url": connection.base_url,
        "settings": json.dumps(connection.settings),
        "seen_version": connection.version,
        **more,
    }


def test_a_connection_is_added_and_its_mistakes_are_shown(client: Client, ada: User) -> None:
    url = reverse("admin:hub_connectors_connection_add")
    assert client.get(url).status_code == 200
    data = {
        "code": "psa",
        "vendor": "kantata",
        "name": "PSA",
        "base_url": "http://127.0.0.1:9",
        "settings": '{"colour": "red"}',
        "webhook_secret": "hint",
        "seen_version": "1",
    }
    wrong = client.post(url, data, follow=True)
    assert "is not a setting of Kantata" in wrong.content.decode()
    assert not Connection.objects.exists()
    assert client.post(url, {**data, "settings": "{}"}).status_code == 302
    assert credentials.webhook_secret(Connection.objects.get(code="psa")) == "hint"


def test_credentials_go_in_and_never_come_out(client: Client, ada: User, netsuite: Connection) -> None:
    url = reverse("admin:hub_connectors_connection_change", args=[netsuite.pk])
    shown = client.get(url).content.decode()
    assert "secret_private_key" in shown
    assert "BEGIN hidden" not in shown
    assert "the-client" not in shown
    entered = _form(netsuite, secret_client_id="another", secret_private_key="-----BEGIN\nnew-----")
    assert client.post(url, entered).status_code == 302
    netsuite.refresh_from_db()
    assert credentials.read(netsuite) == {"client_id": "another", "private_key": "-----BEGIN\nnew-----"}
    assert client.post(url, _form(netsuite, name="ERP 2")).status_code == 302
    netsuite.refresh_from_db()
    assert netsuite.name == "ERP 2"
    assert credentials.read(netsuite)["client_id"] == "another", "empty fields keep what is set"


def test_half_the_credentials_are_refused(client: Client, ada: User, netsuite: Connection) -> None:
    url = reverse("admin:hub_connectors_connection_change", args=[netsuite.pk])
    answer = client.post(url, _form(netsuite, secret_client_id="another"), follow=True)
    assert "private_key" in answer.content.decode()
    netsuite.refresh_from_db()
    assert credentials.read(netsuite)["client_id"] == "the-client"


def test_a_form_opened_before_a_change_is_refused(client: Client, ada: User, netsuite: Connection) -> None:
    url = reverse("admin:hub_connectors_connection_change", args=[netsuite.pk])
    stale = _form(netsuite, name="mine")
    connections.pause(connection_id=netsuite.pk, reason="Year end", by=ada, seen_version=netsuite.version)
    answer = client.post(url, stale)
    assert "Someone else changed this connection" in answer.content.decode()
    netsuite.refresh_from_db()
    assert netsuite.name == "ERP"


def test_pausing_resuming_and_testing_from_the_list(client: Client, ada: User, netsuite: Connection) -> None:
    url = reverse("admin:hub_connectors_connection_changelist")

    def act(action: str) -> str:
        data = {"action": action, "_selected_action": [netsuite.pk]}
        return client.post(url, data, follow=True).content.decode()

    act("pause")
    netsuite.refresh_from_db()
    assert netsuite.paused_reason == "Paused in the admin by ada"
    assert "is paused already" in act("pause")
    act("resume")
    netsuite.refresh_from_db()
    assert not netsuite.is_paused
    assert "The private key cannot sign" in act("test_connection")
    assert client.get(reverse("admin:hub_connectors_call_changelist")).status_code == 200
