"""Ironclad over HTTP: lists that move while they are read, amendments that roll up, names and types that change."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.clm import amendment_of, contract_of
from tests.connectors.conftest import canonical, pages, records

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]
CONNECTOR = CONNECTORS.get("ironclad")


@pytest.fixture
def counterparty(landscape: Landscape) -> str:
    row = {"name": "Tidewater", "properties": {"entity_externalID": {"type": "string", "value": "C-100"}}}
    return landscape.load("ironclad", "entities", [row])[0]


def http(landscape: Landscape, **headers: str) -> httpx.Client:
    """Somebody else who uses the API of the company."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": accounts.IRONCLAD_CLIENT_ID,
        "client_secret": accounts.IRONCLAD_CLIENT_SECRET,
    }
    token = httpx.post(f"{landscape.ironclad}/oauth/token", json=asked, trust_env=False).json()["access_token"]
    base = f"{landscape.ironclad}/public/api/v1"
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}", **headers}, trust_env=False)


AS_USER = {"x-as-user-email": accounts.IRONCLAD_USER_EMAIL}


def test_an_amendment_is_tied_to_its_parent_which_comes_as_it_was_signed(
    ironclad: Connection, landscape: Landscape, counterparty: str
) -> None:
    assert "4 record types" in CONNECTOR.check(ironclad)
    (contract,) = landscape.load("ironclad", "records", [contract_of("C-1", counterparty)])
    (changed,) = landscape.load("ironclad", "records", [amendment_of(contract, "A-1", 165.5, currency="EUR")])
    (kept,) = (row for row in landscape.records("ironclad", "records") if row["id"] == contract)
    assert kept["properties"]["expirationDate"]["value"].startswith("2027-12-31"), "rolled up"
    made: Any = canonical(ironclad, "contract", pages(ironclad, "contract"))[contract].record
    assert (made.number, made.ends_on, made.signed_on) == ("C-1", date(2026, 12, 31), date(2026, 5, 1))
    assert (made.customer_id, made.currency, made.status) == (counterparty, "EUR", "signed")
    found: Any = canonical(ironclad, "amendment", pages(ironclad, "amendment"))[changed].record
    assert (found.contract_id, found.number, found.new_rate) == (contract, "A-1", Decimal("165.5"))
    assert (found.kind, found.role, found.effective_on) == ("rate", "Architect", date(2026, 7, 1))


def test_what_moves_while_a_list_is_read_hides_nothing(
    ironclad: Connection, landscape: Landscape, counterparty: str
) -> None:
    keys = landscape.load("ironclad", "records", [contract_of(f"C-{n}", counterparty) for n in range(12)])
    ironclad.settings["page_size"] = "4"
    reader = CONNECTOR.read(ironclad, "contract", {})
    read = [next(reader)]
    with http(landscape, **AS_USER) as other:  # the first record goes to the end, and draws the others forward
        other.patch(f"/records/{keys[0]}", json={"name": "Renamed"}).raise_for_status()
    read.extend(reader)
    assert set(records(read)) == set(keys)
    assert records(read)[keys[0]].payload["name"] == "Renamed"


def test_a_property_that_is_renamed_or_gets_another_type_is_named(
    ironclad: Connection, landscape: Landscape, counterparty: str
) -> None:
    (contract,) = landscape.load("ironclad", "records", [contract_of("C-1", counterparty)])
    landscape.load("ironclad", "records", [amendment_of(contract, "A-1", 165)])
    landscape.settings(ironclad={"renamed": {"contractNumber": "agreementNumber"}, "retyped": {"newRate": "string"}})
    (contracts,) = canonical(ironclad, "contract", pages(ironclad, "contract")).values()
    assert [problem.field for problem in contracts.problems] == ["number"]
    (amendments,) = canonical(ironclad, "amendment", pages(ironclad, "amendment")).values()
    assert "needs new_rate" in amendments.problems[0].message, "no amount is read out of a text"


def test_workflows_come_in_every_state_and_say_how_far_a_signature_is(
    ironclad: Connection, landscape: Landscape
) -> None:
    about = {"contractNumber": "C-1", "amendmentNumber": "A-1"}
    flight, done, off = landscape.load("ironclad", "workflows", [{"attributes": about}] * 3)
    moves = [{"id": done, "status": "completed", "attributes": {"agreementDate": "2026-06-20"}}]
    landscape.load("ironclad", "workflow_moves", [*moves, {"id": off, "status": "cancelled"}])
    made: Any = canonical(ironclad, "signature", pages(ironclad, "signature"))
    assert {key: item.record.status for key, item in made.items()} == {flight: "open", done: "signed", off: "voided"}
    assert (made[done].record.amendment_number, made[done].record.decided_on) == ("A-1", date(2026, 6, 20))


def test_who_asks_and_what_is_asked_for_is_named(ironclad: Connection, landscape: Landscape) -> None:
    ironclad.settings["as_user"] = "nobody@firm.example"
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(ironclad)
    assert caught.value.kind == FailureClass.AUTH
    ironclad.settings |= {"as_user": accounts.IRONCLAD_USER_ID, "amendment_types": "addendum"}
    with pytest.raises(Failed, match="no record type addendum; it has amendment, masterServices") as caught:
        CONNECTOR.check(ironclad)
    assert caught.value.field == "amendment_types"
    landscape.settings(ironclad={"records_per_minute": 0})
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(ironclad)
    assert caught.value.kind == FailureClass.RATE


def test_the_company_has_its_rules(landscape: Landscape) -> None:
    with http(landscape) as nobody:
        assert nobody.get("/records").json()["code"] == "MISSING_PARAM"
    with http(landscape, **AS_USER) as person:
        job = person.post("/workflows/async", json={"attributes": {"contractNumber": "C-1"}}).json()["asyncJobId"]
        made = person.get(f"/workflows/async/{job}").json()["workflowId"]
        update = {"updates": [{"action": "set", "path": "contractNumber", "value": "C-2"}]}
        assert person.patch(f"/workflows/{made}/attributes", json=update).json()["attributes"] == {
            "contractNumber": "C-2"
        }
        landscape.load("ironclad", "workflow_moves", [{"id": made, "step": "Sign"}])
        assert person.patch(f"/workflows/{made}/attributes", json=update).json()["code"] == "INVALID_STATE"
        hook = {"targetURL": "https://hub.example/hooks/clm/", "events": ["workflow_completed"]}
        assert person.post("/webhooks", json=hook).json()["status"] == "enabled"
        assert person.post("/webhooks", json=hook).status_code == 400, "one registration for each address"
        assert person.get("/workflows", params={"status": "cancelled"}).json()["count"] == 0
        assert person.get("/records", params={"filter": "Equals([contractNumber], 'C-1')"}).json()["list"] == []
        assert person.get("/webhooks/verification-key").text.startswith("-----BEGIN PUBLIC KEY-----")
