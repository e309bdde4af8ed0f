"""Cost journals in NetSuite over HTTP: accounts of the value map, once, in an open period."""

from typing import Any

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite.manifest import JOURNAL_POST
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.sandbox import Landscape

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("netsuite")
NUMBER = "US01-COST-202605-7-1"


def journal(**more: Any) -> Write:
    lines = [
        {"charge_code": "labour", "cost_centre": "12", "memo": "P-7", "amount": "496.25"},
        {"charge_code": "labour_absorbed", "cost_centre": "12", "memo": "P-7", "amount": "-496.25"},
    ]
    payload = {
        "reference": NUMBER,
        "legal_entity_id": "1",
        "currency": "USD",
        "accounting_date": "2026-05-29",
        "memo": "Cost of work May 2026",
        "job_reference": "",
        "total": "496.25",
        "lines": lines,
    }
    return Write(JOURNAL_POST, "key", NUMBER, {**payload, **more})


@pytest.fixture
def mapped(netsuite: Connection) -> Connection:
    """NetSuite with an account for each charge code."""
    accounts, _ = ValueMap.objects.get_or_create(connection=netsuite.code, name="cost_account")
    for theirs, ours in (("9", "labour"), ("11", "labour_absorbed")):
        ValueRow.objects.create(value_map=accounts, theirs=theirs, ours=ours)
    return netsuite


def test_a_journal_is_posted_once_and_read_back(landscape: Landscape, mapped: Connection) -> None:
    assert CONNECTOR.find(mapped, journal()) is None
    sent = CONNECTOR.send(mapped, journal())
    found = CONNECTOR.find(mapped, journal())
    assert found is not None
    assert (found.remote_id, found.number) == (sent.remote_id, "JE-US-000001")
    facts = {"debits": "496.25", "lines": 2, "currency": "USD", "date": "2026-05-29", "period": "May 2026"}
    assert found.facts == facts
    assert CONNECTOR.send(mapped, journal()).body == {"already": True}
    balance = {row["account"]: (row["debit"], row["credit"]) for row in _balance(landscape)["accounts"]}
    assert balance == {"Cost of Labour": ("496.25", "0.00"), "Labour Absorbed": ("0.00", "496.25")}
    assert _balance(landscape)["balanced"]


def _balance(landscape: Landscape) -> dict[str, Any]:
    found: dict[str, Any] = landscape.ledger("netsuite")["trial_balance"]
    return found


def test_a_charge_code_without_a_single_account_is_for_the_mapping(landscape: Landscape, mapped: Connection) -> None:
    ValueRow.objects.create(value_map=ValueMap.objects.get(name="cost_account"), theirs="10", ours="labour")
    with pytest.raises(Failed, match="2 accounts for the charge code 'labour'") as caught:
        CONNECTOR.send(mapped, journal())
    assert caught.value.kind == FailureClass.MAPPING
    ValueRow.objects.filter(ours="labour").delete()
    with pytest.raises(Failed, match="no account"):
        CONNECTOR.send(mapped, journal())
    assert CONNECTOR.find(mapped, journal()) is None


def test_another_amount_under_our_reference_is_not_ours(landscape: Landscape, mapped: Connection) -> None:
    CONNECTOR.send(mapped, journal())
    lines = [{**line, "amount": line["amount"].replace("496", "500")} for line in journal().payload["lines"]]
    assert CONNECTOR.find(mapped, journal(lines=lines)) is None


def owed(**more: Any) -> Write:
    """What Ida is owed for a hotel."""
    number = "US01-EXP-4-1-1"
    payee = {"code": "ida@firm.example", "name": "Ida Lund", "email": "Ida@firm.example"}
    lines = [
        {"charge_code": "expense:Travel", "cost_centre": "", "memo": "P-7", "amount": "120.50"},
        {"charge_code": "employee_payable", "cost_centre": "", "memo": "EXP", "amount": "-120.50", "payee": payee},
    ]
    return Write(
        JOURNAL_POST,
        "key",
        number,
        {**journal().payload, "reference": number, "lines": lines, "total": "120.50", **more},
    )


def payable(connection: Connection) -> dict[str, Any]:
    """What the feed says of the only one."""
    [page] = CONNECTOR.read(connection, "payable", {})
    [record] = page.records
    return {name: record.payload[name] for name in ("externalid", "amount", "paid")}


def test_what_a_person_is_owed_is_booked_on_them_and_read_as_it_is_paid(
    landscape: Landscape, mapped: Connection
) -> None:
    accounts = ValueMap.objects.get(name="cost_account")
    for theirs, ours in (("14", "expense"), ("13", "employee_payable")):
        ValueRow.objects.create(value_map=accounts, theirs=theirs, ours=ours)
    with pytest.raises(Failed, match="nobody who would be Ida Lund") as caught:
        CONNECTOR.send(mapped, owed())
    assert caught.value.kind == FailureClass.MAPPING
    ida = {"lastName": "Lund", "email": "ida@firm.example", "subsidiary": {"id": "1"}}
    [employee] = landscape.load("netsuite", "employee", [ida])
    journal_id = CONNECTOR.send(mapped, owed()).remote_id
    CONNECTOR.send(mapped, journal())  # No payable of anybody's: it is in another feed's way.
    [kept] = [row for row in landscape.records("netsuite", "journalEntry") if row["id"] == journal_id]
    assert [line.get("entity", {}).get("id") for line in kept["line"]] == [None, employee]
    assert payable(mapped) == {"externalid": "US01-EXP-4-1-1", "amount": "120.5", "paid": "0"}
    for part, paid in (("20.50", "20.5"), ("100.00", "120.5")):
        settled = {"items": [{"doc": {"id": journal_id}, "amount": float(part)}]}
        given = {"entity": {"id": employee}, "subsidiary": {"id": "1"}, "tranDate": "2026-06-02", "apply": settled}
        landscape.load("netsuite", "vendorPayment", [given])
        assert payable(mapped)["paid"] == paid
    assert _balance(landscape)["balanced"]
    ValueRow.objects.create(
        value_map=ValueMap.objects.get_or_create(connection=mapped.code, name="employee")[0],
        theirs="77",
        ours="ida@firm.example",
    )
    with pytest.raises(Failed, match="entity"):
        CONNECTOR.send(mapped, owed(reference="US01-EXP-4-2-1"))
