"""General journals: made under our reference, posted once, by accounts and dimensions of value maps."""

from decimal import Decimal
from typing import Any

from integration_hub.connectors import answers, charts, wire
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.documents import company_of
from integration_hub.connectors.dynamics.drafts import Draft, Kind, post_once
from integration_hub.connectors.dynamics.manifest import LONGEST_TEXT
from integration_hub.connectors.dynamics.naming import NO, YES, display, noon
from integration_hub.connectors.dynamics.payloads import FinanceJournal
from integration_hub.connectors.odata import Row, literal
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
JOURNALS = Kind("LedgerJournalHeaders", "JournalBatchNumber", "LedgerJournalLines")


def post(client: Client, write: Write) -> Sent:
    """Post once."""
    payload = write.payload

    def known() -> str:
        found = _standing(client, payload)
        return _id(found) if found else ""

    def draft() -> Draft:
        lines = [_line(client, payload, line) for line in payload["lines"]]
        return Draft(_under(payload, NO), _header(client, payload), lines)

    return post_once(client, JOURNALS, standing=known, draft=draft)


def find(client: Client, write: Write) -> Confirmed | None:
    """The posted journal under our reference, with the lines it has."""
    found = _standing(client, write.payload)
    if found is None:
        return None
    batch = f"dataAreaId eq {literal(found.company)} and JournalBatchNumber eq {literal(found.number)}"
    lines = client.rows(JOURNALS.lines, batch)
    facts = {
        "debits": wire.text(found.debits),
        "lines": len(lines),
        "currency": next((str(line["CurrencyCode"]) for line in lines), found.currency),
        "date": next((line["TransDate"] for line in lines), None),
        "voucher": next((str(line["Voucher"]) for line in lines), ""),
    }
    return Confirmed(remote_id=_id(found), number=found.number, facts=facts)


def _standing(client: Client, payload: Payload) -> FinanceJournal | None:
    """What is posted under our reference. Raises Failed where it is more than one journal, or another amount."""
    rows = client.rows(JOURNALS.headers, _under(payload, YES))
    found = [answers.shaped(client.dialect, FinanceJournal, row, write=False) for row in rows]
    wanted = sum((amount for line in payload["lines"] if (amount := wire.amount(line["amount"])) > 0), Decimal(0))
    if not found:
        return None
    if len(found) == 1 and wire.amount(found[0].debits) == wanted:
        return found[0]
    raise Failed(
        FailureClass.REJECTED,
        f"Dynamics has {', '.join(one.number for one in found)} posted under {payload['reference']}",
        field="reference",
        remedy="Look at these journals in Dynamics: ours is the one with our amount, and there must be one only.",
    )


def _under(payload: Payload, posted: str) -> str:
    reference, company = literal(payload["reference"]), literal(company_of(payload))
    return f"IntegrationKey eq {reference} and dataAreaId eq {company} and IsPosted eq {posted}"


def _id(found: FinanceJournal) -> str:
    return f"{found.company}|{found.number}"


def _header(client: Client, payload: Payload) -> Row:
    return {
        "dataAreaId": company_of(payload),
        "JournalName": client.setting("journal_name", "GenJrn"),
        "Description": (payload.get("memo") or payload["reference"])[:LONGEST_TEXT],
        "IntegrationKey": payload["reference"],
    }


def _line(client: Client, payload: Payload, line: Payload) -> Row:
    amount = wire.amount(line["amount"])
    main = charts.account(client.connection, line["charge_code"])
    if line.get("payee"):
        kind, shown = "Vend", display(_vendor(client, payload, line["payee"]))
    else:
        kind, shown = "Ledger", display(main, *_dimensions(client, line))
    return {
        "TransDate": noon(payload["accounting_date"]),
        "AccountType": kind,
        "AccountDisplayValue": shown,
        "DebitAmount" if amount > 0 else "CreditAmount": wire.number(abs(amount)),
        "CurrencyCode": payload["currency"],
        "Text": (line.get("memo") or payload.get("memo") or "")[:LONGEST_TEXT],
        "Document": payload["reference"],
    }


def _dimensions(client: Client, line: Payload) -> list[str]:
    """The cost centre where the account structure has the department; the other segments stay empty."""
    centre = charts.department(client.connection, line.get("cost_centre") or "")
    names = [name.strip() for name in client.setting("dimensions", "department").split(",")]
    return [centre if name == charts.DEPARTMENTS else "" for name in names]


def _vendor(client: Client, payload: Payload, payee: dict[str, str]) -> str:
    """Whom a line says that we owe it: employees who are reimbursed are vendors."""

    def by_address(address: str) -> list[str]:
        where = f"PrimaryEmailAddress eq {literal(address)} and dataAreaId eq {literal(company_of(payload))}"
        return [str(row["VendorAccountNumber"]) for row in client.rows("Vendors", where)]

    return charts.employee(client.connection, payee, by_address)
