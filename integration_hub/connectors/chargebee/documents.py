"""What invoices and credit notes have in common: they are imported under our reference, which is their number."""

from decimal import Decimal

from integration_hub.connectors import answers, billing
from integration_hub.connectors.billing import Payload, percentage, subunits, taxes
from integration_hub.connectors.chargebee.client import DIALECT, Client, Row
from integration_hub.connectors.chargebee.payloads import ChargebeeDocument
from integration_hub.connectors.days import day_of, zone
from integration_hub.connectors.registry import Confirmed
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.ids import content_hash


def line_id(document: str, number: int) -> str:
    """The id of a line, which must be the site's only one and no longer than 40."""
    return f"tl_{content_hash([document, number])[:32]}"


def sums_of(client: Client, payload: Payload) -> Row:
    """Lines with the tax that was quoted, taxes by rate, and the total: what is imported is not computed again."""
    lines, by_name = list[Row](), dict[str, Row]()
    for number, (line, (tax, basis)) in enumerate(zip(payload["lines"], taxes(payload), strict=True), 1):
        if Decimal(str(line["amount"])) < 0 or tax < 0:
            raise Failed(
                FailureClass.DATA,
                f"{payload['reference']}: line {number} is below nothing, and Chargebee imports no such line",
                field="lines",
                remedy="Take it back by a credit note instead.",
            )
        amount, taxed = (subunits(payload, name, value) for name, value in (("lines", line["amount"]), ("tax", tax)))
        values: Row = {
            "id": line_id(payload["reference"], number),
            "description": line["description"],
            "unit_amount": amount,
            "quantity": 1,
            "amount": amount,
            "entity_type": "adhoc",
        }
        if taxed:
            rate = percentage(tax, basis)
            name = f"{client.setting('tax_name', 'Tax')} {rate}%"
            values |= {"tax1_name": name, "tax1_amount": taxed}
            by_name.setdefault(name, {"name": name, "rate": rate, "amount": 0})["amount"] += taxed
        lines.append(values)
    return {
        "line_items": lines,
        "taxes": list(by_name.values()),
        "total": subunits(payload, "gross", payload["gross"]),
        "currency_code": payload["currency"],
    }


def shaped(row: Row) -> ChargebeeDocument:
    """A document in the shape we rely on. Raises Failed."""
    return answers.shaped(DIALECT, ChargebeeDocument, row, write=False)


def standing(client: Client, path: str, kind: str, reference: str) -> Row | None:
    """The document under our reference, if it was not voided."""
    found = client.one(path, kind, reference)
    return found if found and shaped(found).status != "voided" else None


def confirmed(client: Client, row: Row) -> Confirmed:
    """A document as it reads back."""
    document, where = shaped(row), zone(client.connection)
    facts = billing.facts(
        document.total - document.tax,
        document.tax,
        document.total,
        document.currency_code,
        issued_on=day_of(document.date, where),
        due_on=day_of(document.due_date, where),
        status=document.status,
    )
    return Confirmed(remote_id=document.id, number=document.id, facts=facts)
