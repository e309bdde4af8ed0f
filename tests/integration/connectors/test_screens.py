"""The screens of connections: health, the promises of the manifest, pausing, testing, credentials, a new one, calls."""

from datetime import timedelta

import pytest

from integration_hub.connectors import credentials
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import screens

pytestmark = screens.SCREENS


@pytest.fixture
def ines(db):
    return screens.user(Role.INTEGRATION_ADMIN, "ines")


@pytest.fixture
def erp(db):
    return Connection.objects.create(
        code="erp", vendor="netsuite", name="NetSuite EMEA", base_url="https://erp.example", settings={"item": "7"}
    )


def call(connection, **more):
    values = {"method": "GET", "path": "/invoice/7", "status": 200, "outcome": "ok", "milliseconds": 12}
    return Call.objects.create(connection=connection, **{**values, **more})


def test_the_list_shows_health_circuit_and_calls(erp, ines):
    for _ in range(10):
        call(erp)
    call(erp, at=now() - timedelta(hours=1))
    Connection.objects.update(health="down", open_until=now() + timedelta(minutes=5))
    body = screens.assert_list(screens.browser(ines), "/connections/")
    for said in ("NetSuite EMEA", "Not answering", "in 4 min", "2"):
        assert said in body, said
    assert "NetSuite EMEA" not in screens.page(screens.browser(ines), "/connections/?is_paused=true")


def test_the_page_is_made_from_the_manifest(erp, ines):
    body = screens.page(screens.browser(ines), "/connections/erp/")
    for said in (
        "Invoices",
        "netsuite.invoice.post",
        "Upsert by our id",
        "SuiteQL stamps are taken",
        "Concurrency per account",
        "https://erp.example",
        "not set",
    ):
        assert said in body, said


def test_secrets_never_reach_the_page(erp, ines):
    client = screens.browser(ines)
    data = {"version": 1, "client_id": "id-4711", "private_key": "-----BEGIN KEY-----", "webhook_secret": "whsec_abc"}
    assert client.post("/connections/erp/credentials/", data).status_code == 302
    erp.refresh_from_db()
    assert credentials.read(erp) == {"client_id": "id-4711", "private_key": "-----BEGIN KEY-----"}
    assert credentials.webhook_secret(erp) == "whsec_abc"
    for url in ("/connections/erp/", "/connections/erp/credentials/"):
        body = screens.page(client, url)
        for secret in ("id-4711", "BEGIN KEY", "whsec_abc"):
            assert secret not in body
    told = Event.objects.get(action="connectors.connection.credentials_set")
    assert "4711" not in str(told.data)


def test_a_wrong_credentials_form_gives_nothing_back(erp, ines):
    client = screens.browser(ines)
    answer = client.post("/connections/erp/credentials/", {"version": 1, "private_key": "-----BEGIN KEY-----"})
    assert answer.status_code == 422
    assert "BEGIN KEY" not in screens.text(answer)
    assert "Client id of the integration record" in screens.text(answer)
    assert client.post("/connections/erp/credentials/", {"version": 1}).status_code == 422
    assert client.post("/connections/erp/credentials/", {"client_id": "x"}).status_code == 422
    old = {"version": 9, "client_id": "a", "private_key": "b"}
    assert client.post("/connections/erp/credentials/", old).status_code == 409


def test_pausing_needs_a_reason_and_resuming_ends_it(erp, ines):
    client = screens.browser(ines)
    assert client.post("/connections/erp/pause/", {"version": 1, "reason": ""}).status_code == 422
    assert client.post("/connections/erp/pause/", {"reason": "x"}).status_code == 422
    assert client.post("/connections/erp/pause/", {"version": 1, "reason": "Upgrade."}).status_code == 302
    assert "Upgrade." in screens.page(client, "/connections/erp/")
    assert client.post("/connections/erp/pause/", {"version": 2, "reason": "x"}).status_code == 409
    assert client.post("/connections/erp/resume/", {"version": 1}).status_code == 409
    assert client.post("/connections/erp/resume/", {"version": 2}).status_code == 302
    erp.refresh_from_db()
    assert not erp.is_paused


def test_testing_says_what_the_vendor_said(erp, ines, monkeypatch):
    client = screens.browser(ines)
    connector = CONNECTORS.get("netsuite")
    monkeypatch.setattr(connector, "check", lambda connection: "Signed in as integration user 7.")
    answer = client.post("/connections/erp/test/", {"version": 1}, follow=True)
    assert "Signed in as integration user 7." in screens.text(answer)

    def refuse(connection):
        raise Failed(FailureClass.AUTH, "The certificate is unknown.", remedy="Upload it again.")

    monkeypatch.setattr(connector, "check", refuse)
    refused = client.post("/connections/erp/test/", {"version": 1})
    assert refused.status_code == 409
    assert "The certificate is unknown. Upload it again." in screens.text(refused)


def test_settings_name_what_is_wrong(erp, ines):
    client = screens.browser(ines)
    assert "NetSuite EMEA" in screens.page(client, "/connections/erp/settings/")
    data = {"version": 1, "name": "ERP", "base_url": "https://erp.example", "certificate_id": "c1", "item": "8"}
    assert client.post("/connections/erp/settings/", {**data, "certificate_id": ""}).status_code == 422
    assert client.post("/connections/erp/settings/", data).status_code == 302
    erp.refresh_from_db()
    assert (erp.name, erp.settings["item"], erp.settings["certificate_id"]) == ("ERP", "8", "c1")
    assert client.post("/connections/erp/settings/", {**data, "item": "9"}).status_code == 409


def test_a_new_connection_asks_what_its_manifest_asks(ines):
    client = screens.browser(ines)
    assert "Kantata" in screens.page(client, "/connections/new/")
    body = screens.page(client, "/connections/new/?vendor=kantata")
    assert "Access token of the integration user" in body
    data = {"name": "PSA", "code": "psa", "base_url": "https://api.example", "token": "t0p"}
    assert client.post("/connections/new/?vendor=kantata", {**data, "code": "Not a code"}).status_code == 422
    answer = client.post("/connections/new/?vendor=kantata", data)
    assert answer["Location"] == "/connections/psa/"
    assert credentials.read(Connection.objects.get(code="psa")) == {"token": "t0p"}
    taken = client.post("/connections/new/?vendor=kantata", data)
    assert taken.status_code == 422
    assert "is taken" in screens.text(taken)


def test_a_setting_of_names_and_values_is_an_object(ines):
    client = screens.browser(ines)
    data = {"name": "PSA", "code": "psa", "base_url": "https://api.example", "auth": "jwt_bearer"}
    for wrong in ("{'pse__Region__c': 'a0R'}", '["pse__Region__c"]'):
        refused = client.post("/connections/new/?vendor=certinia", {**data, "project_fields": wrong})
        assert refused.status_code == 422
        assert "Enter a JSON object" in screens.text(refused)
    given = {**data, "project_fields": '{"pse__Region__c": "a0R"}'}
    assert client.post("/connections/new/?vendor=certinia", given).status_code == 302
    made = Connection.objects.get(code="psa")
    assert made.settings["project_fields"] == {"pse__Region__c": "a0R"}
    assert "{&quot;pse__Region__c&quot;: &quot;a0R&quot;}" in screens.page(client, "/connections/psa/settings/")
    kept = {**given, "version": made.version, "api_version": "63.0"}
    assert client.post("/connections/psa/settings/", kept).status_code == 302
    assert Connection.objects.get(code="psa").settings["project_fields"] == {"pse__Region__c": "a0R"}


def test_only_administrators_set_up_and_re_key(erp):
    client = screens.browser(screens.user(Role.AUDITOR, "aude"))
    body = screens.page(client, "/connections/erp/")
    assert "Only integration administrators can pause and resume." in body
    for url in ("/connections/new/", "/connections/erp/credentials/"):
        assert client.get(url).status_code == 403
    assert client.post("/connections/erp/pause/", {"version": 1, "reason": "x"}).status_code == 403
    for url in ("/connections/", "/connections/erp/", "/calls/"):
        screens.assert_needs_right(url)


def test_calls_are_found_by_the_act_they_belong_to(erp, ines):
    call(erp, correlation_id="act-1", path="/invoice/one")
    call(erp, correlation_id="act-2", path="/invoice/two", status=500, outcome="refused", error="It broke.")
    client = screens.browser(ines)
    body = screens.assert_list(client, "/calls/")
    assert "/invoice/one" in body
    assert "It broke." in body
    assert "/invoice/two" not in screens.page(client, "/calls/?correlation_id=act-1")
    assert "/invoice/one" not in screens.page(client, "/calls/?failed=true")
    assert "/invoice/two" in screens.page(client, "/connections/erp/")
    assert "1 calls of act" in screens.page(client, "/trace/?q=act-1")


def test_a_connection_is_found_by_its_id_and_an_unknown_one_is_not(erp, ines):
    client = screens.browser(ines)
    assert client.get(f"/connections/id/{erp.pk}/")["Location"] == "/connections/erp/"
    screens.page(client, "/connections/none/", status=404)


def test_home_shows_connections_in_trouble(erp, ines):
    Connection.objects.update(health="auth_failed", health_detail="The certificate is unknown.")
    assert "The certificate is unknown." in screens.page(screens.browser(ines), "/")
