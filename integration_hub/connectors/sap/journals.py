"""Journal entries: posted by a message that is answered, or by one that is only taken; found by our reference."""

from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from integration_hub.connectors import charts, wire
from integration_hub.connectors.odata import Row, literal, shortened
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.sap import messages
from integration_hub.connectors.sap.client import Client
from integration_hub.connectors.sap.manifest import LONGEST_TEXT
from integration_hub.connectors.sap.naming import JOURNAL
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
CONFIRMED, BULK = "journalentrycreaterequestconfi", "journalentrybulkcreationreques"
_LONGEST_REFERENCE, _LONGEST_HEADER = 20, 25


def post(client: Client, write: Write) -> Sent:
    """Post once."""
    if found := _standing(client, write.payload):
        return Sent(remote_id=_id(found[0]), status=200, body={"already": True})
    envelope = _message(client, write)
    if client.setting("journal_service", "confirmed") == "bulk":
        status = messages.hand_over(client, BULK, envelope, write)
        made = _standing(client, write.payload)
        return Sent(remote_id=_id(made[0]) if made else "", status=status)
    path = f"{messages.SERVICES}/{CONFIRMED}"
    response = client.message(path, messages.content(envelope), messages.id_of(write))
    try:
        return Sent(remote_id="|".join(messages.confirmed(client, response)), status=200)
    except Failed as failure:
        # An earlier attempt that was thought lost may have been at it until now.
        if failure.kind is FailureClass.REJECTED and (found := _standing(client, write.payload)):
            return Sent(remote_id=_id(found[0]), status=200, body={"already": True})
        raise


def find(client: Client, write: Write) -> Confirmed | None:
    """The posted entry under our reference, with the lines it has."""
    found = _standing(client, write.payload)
    if not found:
        return None
    first = found[0]
    facts = {
        "debits": wire.text(_debits(found)),
        "lines": len(found),
        "currency": first["TransactionCurrency"],
        "date": first["PostingDate"],
    }
    return Confirmed(remote_id=_id(first), number=str(first["AccountingDocument"]), facts=facts)


def _standing(client: Client, payload: Payload) -> list[Row]:
    """The lines of what is posted under our reference. Raises Failed where it is more, or another amount."""
    reference = literal(shortened(payload["reference"], _LONGEST_REFERENCE))
    where = f"OriginalReferenceDocument eq {reference} and CompanyCode eq {literal(str(payload['legal_entity_id']))}"
    rows = client.rows(JOURNAL, "A_JournalEntryItemBasic", where)
    wanted = sum((amount for line in payload["lines"] if (amount := wire.amount(line["amount"])) > 0), Decimal(0))
    numbers = sorted({_id(row) for row in rows})
    if not rows or (len(numbers) == 1 and _debits(rows) == wanted):
        return rows
    raise Failed(
        FailureClass.REJECTED,
        f"SAP has {', '.join(numbers)} posted under {payload['reference']}",
        field="reference",
        remedy="Look at these entries in SAP: ours is the one with our amount, and there must be one only.",
    )


def _debits(rows: list[Row]) -> Decimal:
    amounts = [wire.amount(row["AmountInTransactionCurrency"]) for row in rows]
    return sum((amount for amount in amounts if amount > 0), Decimal(0))


def _id(row: Row) -> str:
    return f"{row['CompanyCode']}|{row['FiscalYear']}|{row['AccountingDocument']}"


# -- the message ------------------------------------------------------------------------------------------------------


def _message(client: Client, write: Write) -> Element:
    payload = write.payload
    envelope, message = messages.start("JournalEntryBulkCreateRequest", write)
    request = messages.put(message, "JournalEntryCreateRequest")
    messages.put(messages.put(request, "MessageHeader"), "ID", messages.id_of(write))
    entry = messages.put(request, "JournalEntry")
    messages.fill(
        entry,
        {
            "OriginalReferenceDocumentType": "BKPFF",
            "OriginalReferenceDocument": shortened(payload["reference"], _LONGEST_REFERENCE),
            "OriginalReferenceDocumentLogicalSystem": client.setting("logical_system", "THROUGHLINE"),
            "BusinessTransactionType": "RFBU",
            "AccountingDocumentType": client.setting("journal_type", "SA"),
            "DocumentHeaderText": (payload.get("memo") or payload["reference"])[:_LONGEST_HEADER],
            "CompanyCode": payload["legal_entity_id"],
            "DocumentDate": payload["accounting_date"],
            "PostingDate": payload["accounting_date"],
        },
    )
    for number, line in enumerate(payload["lines"], 1):
        _put_line(client, entry, payload, number, line)
    return envelope


def _put_line(client: Client, entry: Element, payload: Payload, number: int, line: Payload) -> None:
    amount = wire.amount(line["amount"])
    account = charts.account(client.connection, line["charge_code"])
    payee = charts.employee(client.connection, line["payee"], lambda _: []) if line.get("payee") else ""
    item = messages.put(entry, "CreditorItem" if payee else "Item")
    messages.put(item, "ReferenceDocumentItem", number)
    messages.fill(item, {"Creditor": payee} if payee else {"GLAccount": account})
    messages.put(item, "AmountInTransactionCurrency", f"{amount:f}", currencyCode=payload["currency"])
    text = (line.get("memo") or payload.get("memo") or "")[:LONGEST_TEXT]
    messages.fill(item, {"DebitCreditCode": "S" if amount > 0 else "H", "DocumentItemText": text})
    centre = charts.department(client.connection, line.get("cost_centre") or "")
    if centre and not payee:
        messages.put(messages.put(item, "AccountAssignment"), "CostCenter", centre)
