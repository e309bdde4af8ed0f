"""Docusign over HTTP: consent, limits told by codes, fields that come later, and an amendment that waits."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.models import Amendment, Signature
from integration_hub.cases.models import Case
from integration_hub.connectors import hooks
from integration_hub.connectors.docusign.client import Client
from integration_hub.connectors.docusign.manifest import ENVELOPE_REFERENCE
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.connectors.versions import moved
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape
from integration_hub.sandbox.docusign import signing
from tests import deals, vendors
from tests.connectors import contract_to_cash
from tests.connectors.clm import envelope_of
from tests.connectors.conftest import canonical, pages, records

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]
CONNECTOR = CONNECTORS.get("docusign")


def test_envelopes_say_how_far_a_signature_is(docusign: Connection, landscape: Landscape) -> None:
    assert "account Land" in CONNECTOR.check(docusign)
    flight, done, off = landscape.load("docusign", "envelopes", [envelope_of("C-1", "A-1")] * 3)
    landscape.load("docusign", "envelopes", [{"status": "sent", "emailSubject": "A job offer"}])
    landscape.load("docusign", "envelope_moves", [
        {"id": done, "status": "completed"}, {"id": off, "status": "declined", "reason": "Too dear"},
    ])  # fmt: skip
    made: Any = canonical(docusign, "signature", pages(docusign, "signature"))
    told = {key: item.record.status for key, item in made.items() if not item.filtered}
    assert told == {flight: "open", done: "signed", off: "declined"}
    found = made[off].record
    assert (found.contract_number, found.amendment_number, found.reason) == ("C-1", "A-1", "Too dear")
    assert isinstance(made[done].record.decided_on, date)


def test_who_may_speak_for_the_user_and_for_which_account(docusign: Connection, landscape: Landscape) -> None:
    landscape.settings(docusign={"consented": False})
    landscape.post("/tokens", {"vendor": "docusign", "action": "revoke"})
    with pytest.raises(Failed, match="not allowed the integration") as caught:
        CONNECTOR.check(docusign)
    assert caught.value.kind == FailureClass.AUTH
    assert "/oauth/auth?response_type=code&scope=signature%20impersonation" in caught.value.remedy
    landscape.settings(docusign={"consented": True})
    docusign.settings["account_id"] = "elsewhere"
    with pytest.raises(Failed, match="no account elsewhere; it has 96bf0f4e"):
        CONNECTOR.check(docusign)


@pytest.mark.parametrize(
    ("setting", "status", "code"), [("burst_calls", 400, "BURST_API"), ("calls_per_hour", 429, "HOURLY_API")]
)
def test_limits_are_told_by_their_code(
    docusign: Connection, landscape: Landscape, setting: str, status: int, code: str
) -> None:
    landscape.settings(docusign={"limit_status": status, setting: 0})
    with pytest.raises(Failed, match=code) as caught:
        CONNECTOR.check(docusign)
    assert caught.value.kind == FailureClass.RATE
    waits = setting == "calls_per_hour"
    assert (caught.value.retry_after is not None) == waits, "until the full hour"
    assert not waits or timedelta(0) <= (caught.value.retry_after or timedelta(0)) <= timedelta(hours=1)


def test_a_field_that_is_put_on_later_is_found_by_the_next_whole_reading(
    docusign: Connection, landscape: Landscape
) -> None:
    (late,) = landscape.load("docusign", "envelopes", [envelope_of("C-1")])
    cursor = pages(docusign, "signature")[-1].cursor
    cursor["high"] = moved(cursor["high"], 3600)  # an hour later
    client = Client(docusign)
    (field,) = client.fields(late) or []
    client.write_field(late, field.model_copy(update={"value": "C-9"}))
    assert late not in records(pages(docusign, "signature", cursor)), "its status did not change"
    docusign.settings["whole_days"] = "0"
    marked = pages(docusign, "signature", cursor)[-1].cursor
    assert records(pages(docusign, "signature", marked))[late].payload["fields"] == {"ContractNumber": "C-9"}


def test_any_active_key_of_connect_proves_a_message() -> None:
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    told = {"event": "envelope-completed", "generatedDateTime": moment, "data": {"envelopeId": "e"}}
    body = json.dumps(told)
    headers = {name.lower(): value for name, value in signing.headers("old new", body).items()}
    assert hooks.verify("docusign", headers, body.encode(), ["new"]) == f"e:envelope-completed:{moment}"
    with pytest.raises(hooks.Unverified, match="No signature matches"):
        hooks.verify("docusign", headers, body.encode(), ["other"])


def test_an_amendment_bills_when_its_envelope_is_completed(docusign: Connection, landscape: Landscape) -> None:
    with vendors.living() as hub:
        deals.activated(hub)
        hub.arrive("crm", deals.amendment(new_rate=165, status="draft", signed_on=None))
        (envelope,) = landscape.load("docusign", "envelopes", [envelope_of("C-1", "1")])
        contract_to_cash.read(docusign)
        assert Signature.objects.get().status == "open"
        assert Effect.objects.get(effect_type=ENVELOPE_REFERENCE).state == Effect.State.CONFIRMED
        (told,) = landscape.records("docusign", "envelopes")
        fields = {field["name"]: field["value"] for field in told["customFields"]["textCustomFields"]}
        assert fields == {"ContractNumber": "C-1", "AmendmentNumber": "1", "ThroughlineReference": "C-1/1"}
        [receipt] = hub.arrive("crm", deals.amendment(new_rate=165))
        assert receipt.code == "NOT_SIGNED"
        landscape.load("docusign", "envelope_moves", [{"id": envelope, "status": "voided", "reason": "Wrong rate"}])
        contract_to_cash.read(docusign)
        assert Case.objects.get(code="SIGNATURE_ENDED").detail.startswith("Docusign test: Wrong rate")
        (again,) = landscape.load("docusign", "envelopes", [envelope_of("C-1", "1")])
        landscape.load("docusign", "envelope_moves", [{"id": again, "status": "completed"}])
        contract_to_cash.read(docusign)
        assert Case.objects.get(code="SIGNATURE_ENDED").status == "resolved"
        [receipt] = hub.arrive("crm", deals.amendment(new_rate=165))
        assert (receipt.status, Amendment.objects.get().status) == ("applied", "applied")
