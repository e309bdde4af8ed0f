"""Salesforce over HTTP: reading by stamp, writing status back, and what an org does to its clients."""

from decimal import Decimal

import pytest

from integration_hub import canonical as language
from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Account, Call, Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.connectors.salesforce.manifest import AMENDMENT_STATUS, CONTRACT_STATUS
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import FieldRule
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.conftest import canonical, pages, records

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]


@pytest.fixture
def account(landscape: Landscape) -> str:
    row = {
        "Name": "Tidewater Yards",
        "AccountNumber": "C-100",
        "CurrencyIsoCode": "USD",
        "BillingCountry": "United States",
        "BillingState": "VA",
        "BillingCity": "Norfolk",
    }
    return landscape.load("salesforce", "Account", [row])[0]


@pytest.fixture
def contract(landscape: Landscape, account: str) -> str:
    row = {
        "AccountId": account,
        "Name": "Yard systems",
        "Status": "Activated",
        "CustomerSignedDate": "2026-05-04",
        "StartDate": "2026-05-01",
        "EndDate": "2027-04-30",
        "CurrencyIsoCode": "USD",
        "Legal_Entity__c": "US01",
        "Payment_Terms__c": "Net 30",
        "PO_Number__c": "TW-1",
        "PO_Amount__c": 120000.5,
    }
    return landscape.load("salesforce", "Contract", [row])[0]


def test_check_signs_in_by_jwt(salesforce: Connection) -> None:
    from integration_hub.connectors.actions import connections

    salesforce.settings |= {"auth": "jwt_bearer", "username": accounts.SALESFORCE_USERNAME}
    salesforce.save()
    secrets = {"client_id": accounts.SALESFORCE_CONSUMER_KEY, "private_key": accounts.rsa_private_key()}
    changed = connections.set_credentials(
        connection_id=salesforce.pk, credentials=secrets, by="system:test", seen_version=salesforce.version
    )
    assert "calls left today" in CONNECTORS.get("salesforce").check(changed)


def test_default_mapping_reads_an_agreement(landscape: Landscape, salesforce: Connection, contract: str) -> None:
    line, milestone_line = landscape.load(
        "salesforce",
        "Contract_Line__c",
        [
            {"Contract__c": contract, "Line_Number__c": 1, "Name": "Time", "Method__c": "Time and Materials"},
            {"Contract__c": contract, "Line_Number__c": 2, "Name": "Go-live", "Method__c": "Milestone"},
        ],
    )
    (rate,) = landscape.load(
        "salesforce",
        "Rate_Item__c",
        [
            {
                "Contract_Line__c": line,
                "Role__c": "Architect",
                "Rate__c": 182.125,
                "CurrencyIsoCode": "USD",
                "Effective_From__c": "2026-05-01",
            }
        ],
    )
    landscape.load(
        "salesforce",
        "Milestone_Term__c",
        [{"Contract_Line__c": milestone_line, "Name": "Cut-over", "Sequence__c": 1, "Amount__c": 25000}],
    )
    (amendment,) = landscape.load(
        "salesforce",
        "Contract_Amendment__c",
        [
            {
                "Contract__c": contract,
                "Amendment_Number__c": 1,
                "Kind__c": "Rate",
                "Status__c": "Signed",
                "Signed_Date__c": "2026-07-01",
                "Effective_Date__c": "2026-07-15",
                "Role__c": "Architect",
                "New_Rate__c": 190,
            }
        ],
    )

    made = canonical(salesforce, "contract", pages(salesforce, "contract"))[contract]
    assert not made.problems
    assert isinstance(made.record, language.Contract)
    assert (made.record.status, made.record.legal_entity, made.record.po_amount) == (
        "signed",
        "US01",
        Decimal("120000.5"),
    )
    lines = canonical(salesforce, "contract_line", pages(salesforce, "contract_line"))
    methods = {item.record.method for item in lines.values() if isinstance(item.record, language.ContractLine)}
    assert methods == {"tm", "milestone"}
    price = canonical(salesforce, "rate_item", pages(salesforce, "rate_item"))[rate].record
    assert isinstance(price, language.RateItem)
    assert (price.contract_id, price.rate) == (contract, Decimal("182.125"))
    change = canonical(salesforce, "amendment", pages(salesforce, "amendment"))[amendment].record
    assert isinstance(change, language.Amendment)
    assert (change.number, change.new_rate, change.status) == ("1", Decimal(190), "signed")
    (term,) = canonical(salesforce, "milestone_term", pages(salesforce, "milestone_term")).values()
    assert term.record


def test_unknown_country_is_a_value_to_map(landscape: Landscape, salesforce: Connection) -> None:
    (key,) = landscape.load(
        "salesforce", "Account", [{"Name": "Atlantis AG", "AccountNumber": "C-9", "BillingCountry": "Atlantis"}]
    )
    made = canonical(salesforce, "customer", pages(salesforce, "customer"))[key]
    assert made.code == "VALUE_UNMAPPED"
    assert made.unmapped[0].root_cause == "salesforce-test:country:Atlantis"


def test_reads_on_after_the_cursor_with_overlap(landscape: Landscape, salesforce: Connection, account: str) -> None:
    first = pages(salesforce, "customer")
    assert set(records(first)) == {account}
    assert first[-1].done
    assert first[-1].complete

    again = pages(salesforce, "customer", first[-1].cursor)
    assert records(again)[account].version == records(first)[account].version, "the overlap repeats, unchanged"
    assert not again[-1].complete

    salesforce.settings["overlap_seconds"] = "0.001"
    (second,) = landscape.load("salesforce", "Account", [{"Name": "Next", "AccountNumber": "C-2"}])
    onward = pages(salesforce, "customer", again[-1].cursor)
    assert second in records(onward)


def test_wrong_secret_is_for_an_administrator(landscape: Landscape, salesforce: Connection) -> None:
    from integration_hub.connectors.actions import connections

    wrong = {"client_id": accounts.SALESFORCE_CONSUMER_KEY, "client_secret": "not-the-secret-at-all"}
    changed = connections.set_credentials(
        connection_id=salesforce.pk, credentials=wrong, by="system:test", seen_version=salesforce.version
    )
    with pytest.raises(Failed) as caught:
        pages(changed, "customer")
    assert caught.value.kind == FailureClass.AUTH
    changed.refresh_from_db()
    assert changed.health == Connection.Health.AUTH_FAILED
    assert "not-the-secret-at-all" not in "".join(Call.objects.values_list("error", flat=True))


def test_reading_stops_before_the_quota_of_the_others(
    landscape: Landscape, salesforce: Connection, account: str
) -> None:
    """The org has used what the share of the others leaves: reading waits, writing goes on."""
    landscape.settings(salesforce={"daily_limit": 1_000_000})
    pages(salesforce, "customer")
    there = Account.objects.get(code=salesforce.code)
    assert there.quota_limit == 1_000_000, "every answer says it"
    Account.objects.filter(pk=there.pk).update(quota_used=850_000)
    budget.forget(there.pk)
    with budget.on_behalf(Priority.SYNC), pytest.raises(budget.NoBudget, match="850,000 calls of") as caught:
        pages(salesforce, "customer")
    assert caught.value.kind == FailureClass.RATE
    assert budget.look(salesforce, Priority.POSTING) is None


def test_misspelt_field_names_the_field(salesforce: Connection) -> None:
    FieldRule.objects.filter(mapping__connection=salesforce.code, target="city").update(source="BillingCityy")
    with pytest.raises(Failed, match="BillingCityy") as caught:
        pages(salesforce, "customer")
    assert caught.value.kind == FailureClass.REJECTED


def _status(contract: str, **more: object) -> Write:
    payload = {
        "remote_id": contract,
        "status": "Active",
        "project_ref": "C-1",
        "erp_job": "C-1",
        "invoiced_amount": "1234.50",
        "paid_amount": "0",
        "last_invoice": "",
        "invoice_status": "",
        **more,
    }
    return Write(CONTRACT_STATUS, "key", "C-1", payload)


def test_status_is_written_and_found(landscape: Landscape, salesforce: Connection, contract: str) -> None:
    connector = CONNECTORS.get("salesforce")
    write = _status(contract)
    assert connector.find(salesforce, write) is None
    assert connector.send(salesforce, write).remote_id == contract
    found = connector.find(salesforce, write)
    assert found is not None
    assert found.facts["Invoiced_Amount__c"] == 1234.5
    assert connector.find(salesforce, _status(contract, status="Closed")) is None


def test_amendment_status(landscape: Landscape, salesforce: Connection, contract: str) -> None:
    (amendment,) = landscape.load(
        "salesforce", "Contract_Amendment__c", [{"Contract__c": contract, "Kind__c": "Scope"}]
    )
    write = Write(AMENDMENT_STATUS, "key", "C-1-A1", {"remote_id": amendment, "status": "Applied"})
    CONNECTORS.get("salesforce").send(salesforce, write)
    assert CONNECTORS.get("salesforce").find(salesforce, write) is not None


def test_refused_write_names_the_complaint(landscape: Landscape, salesforce: Connection, contract: str) -> None:
    with pytest.raises(Failed, match="STRING_TOO_LONG") as caught:
        CONNECTORS.get("salesforce").send(salesforce, _status(contract, project_ref="x" * 100))
    assert caught.value.kind == FailureClass.REJECTED
    assert caught.value.field == "Hub_Project_Ref__c"


def test_a_wrong_field_name_never_reaches_salesforce(landscape: Landscape, salesforce: Connection) -> None:
    FieldRule.objects.filter(mapping__connection=salesforce.code, target="city").update(source='"City FROM Account"')
    with pytest.raises(Failed, match="not the name of a Salesforce field") as caught:
        pages(salesforce, "customer")
    assert caught.value.kind == FailureClass.MAPPING


def test_a_status_without_its_record_is_not_sent(salesforce: Connection) -> None:
    write = Write("salesforce.contract.status", "key", "C-1", {"remote_id": "", "status": "Active"})
    with pytest.raises(Failed, match="remote_id is missing") as caught:
        CONNECTORS.get("salesforce").send(salesforce, write)
    assert caught.value.kind == FailureClass.DATA
