"""Invoices: what Tryton needs of one, the draft under our reference, and what is posted under it."""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.tryton.client import Client, Domain, Row
from integration_hub.connectors.tryton.drafts import post_once
from integration_hub.connectors.tryton.lookups import account, journal, of_the_company, one
from integration_hub.connectors.tryton.periods import sales_journal
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.money import minor_units

Payload = dict[str, Any]
POSTED = ("posted", "paid")
_FACTS = [
    "number", "reference", "state", "invoice_date", "currency.code", "untaxed_amount", "tax_amount", "total_amount",
    "move.period.name", "lines_to_pay.maturity_date",
]  # fmt: skip


def post_invoice(client: Client, write: Write) -> Sent:
    """Post once."""
    return posted(client, write.payload, lambda: document(client, write.payload))


def find_invoice(client: Client, write: Write) -> Confirmed | None:
    """The posted invoice under our reference, if it has our amount."""
    found = standing(client, write.payload)
    return confirmed(found, sign=1) if found else None


# -- the draft under our reference ------------------------------------------------------------------------------------


def posted(client: Client, payload: Payload, values: Callable[[], Row]) -> Sent:
    """Post the document once under our reference, made of these values. Raises Failed."""
    return post_once(
        client,
        "account.invoice",
        standing=lambda: standing(client, payload),
        drafts=_under(client, payload, ("draft", "validated")),
        values=values,
    )


def standing(client: Client, payload: Payload) -> Row | None:
    """What is posted under our reference. Raises Failed where it is more than one document, or another amount."""
    found = client.rows("account.invoice", _under(client, payload, POSTED), _FACTS, _BY_AGE)
    if not found:
        return None
    gross = wire.amount(payload["gross"])
    same = [row for row in found if abs(wire.amount(row["total_amount"])) == gross]
    if len(same) == len(found) == 1:
        return same[0]
    raise Failed(
        FailureClass.REJECTED,
        f"Tryton has {', '.join(str(row['number']) for row in found)} posted under {payload['reference']}",
        field="reference",
        remedy="Look at these documents in Tryton: ours is the one with our amount, and there must be one only.",
    )


def confirmed(row: Row, *, sign: int) -> Confirmed:
    """A posted document as it reads back; `sign` is -1 for credit notes, which are negative in Tryton."""
    days = [line["maturity_date"] for line in row.get("lines_to_pay") or [] if line.get("maturity_date")]
    facts = {
        "net": wire.text(sign * wire.amount(row["untaxed_amount"])),
        "tax": wire.text(sign * wire.amount(row["tax_amount"])),
        "gross": wire.text(sign * wire.amount(row["total_amount"])),
        "currency": row["currency"]["code"],
        "issued_on": row["invoice_date"],
        "due_on": min(days, default=""),
        "status": row["state"],
        "period": ((row.get("move") or {}).get("period") or {}).get("name") or "",
        "posted": True,
    }
    return Confirmed(remote_id=str(row["id"]), number=str(row["number"] or ""), facts=facts)


_BY_AGE = [["id", "ASC"]]


def _under(client: Client, payload: Payload, states: tuple[str, ...]) -> Domain:
    return [
        ["company", "=", client.company],
        ["type", "=", "out"],
        ["reference", "=", payload["reference"]],
        ["state", "in", list(states)],
    ]


# -- its values -------------------------------------------------------------------------------------------------------


def document(client: Client, payload: Payload, *, sign: int = 1, origins: dict[int, str] | None = None) -> Row:
    """The values of a draft. `origins` are the invoice lines that lines take back, by number. Raises Failed."""
    of_the_company(client, payload)
    party = _party(client, payload["customer_code"])
    currency = one(client, "currency.currency", [["code", "=", payload["currency"]]], "currency", payload["currency"])
    order = payload.get("po_number")
    return {
        "type": "out",
        "company": client.company,
        "party": party["id"],
        "invoice_address": _address(party),
        "account": party["account_receivable"] or account(client, client.setting("receivable_account")),
        "currency": currency,
        "journal": journal(client, sales_journal(client)),
        "payment_term": _term(client, payload.get("payment_terms") or ""),
        "invoice_date": date.fromisoformat(payload["invoice_date"]),
        "accounting_date": date.fromisoformat(payload.get("accounting_date") or payload["invoice_date"]),
        "reference": payload["reference"],
        "description": payload.get("memo") or None,
        "comment": f"Purchase order {order}" if order else None,
        "lines": [["create", _lines(client, payload, sign, origins or {})]],
        "taxes": [["create", _taxes(client, payload, sign)]],
    }


def _party(client: Client, code: str) -> Row:
    rows = client.rows("party.party", [["code", "=", code]], ["account_receivable", "addresses.invoice"])
    if not rows:
        raise Failed(
            FailureClass.REJECTED,
            f"Tryton has no party with the code {code}",
            field="customer_code",
            remedy="Create the party in Tryton under our customer number, or correct its code there.",
        )
    return rows[0]


def _address(party: Row) -> int:
    addresses = sorted(party["addresses"] or [], key=lambda row: (not row.get("invoice"), row["id"]))
    if not addresses:
        raise Failed(
            FailureClass.REJECTED,
            "The party has no address in Tryton",
            field="customer_code",
            remedy="Give the party an address in Tryton.",
        )
    return int(addresses[0]["id"])


def _term(client: Client, name: str) -> int | None:
    if not name:
        return None
    return one(client, "account.invoice.payment_term", [["name", "=", name]], "payment terms", name)


def _lines(client: Client, payload: Payload, sign: int, origins: dict[int, str]) -> list[Row]:
    by_kind = client.connection.settings.get("revenue_accounts") or {}
    places, default = minor_units(payload["currency"]), client.setting("revenue_account")
    lines = []
    for number, line in enumerate(payload["lines"], 1):
        quantity, price = _priced(line, places, int(client.setting("price_digits", "4")))
        values: Row = {
            "type": "line",
            "sequence": number,
            "account": account(client, str(line.get("account") or by_kind.get(line.get("kind")) or default)),
            "description": line["description"],
            "note": line["reference"],
            "quantity": wire.number(sign * quantity),
            "unit_price": price,
        }
        if number in origins:
            values["origin"] = origins[number]
        lines.append(values)
    return lines


def _priced(line: Payload, places: int, digits: int) -> tuple[Decimal, Decimal]:
    """Quantity and unit price that make exactly our amount; one at our amount where hours times rate does not."""
    amount = wire.amount(line["amount"])
    quantity = wire.amount(line.get("quantity") or 1)
    price = wire.amount(line.get("rate") or line["amount"])
    made = (quantity * price).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    kept = price == price.quantize(Decimal(1).scaleb(-digits))
    return (quantity, price) if made == amount and kept else (Decimal(1), amount)


def _taxes(client: Client, payload: Payload, sign: int) -> list[Row]:
    """The tax that was quoted, as one manual line: Tryton computes none of its own on lines without taxes."""
    taxed = [line for line in payload["lines"] if wire.amount(line.get("tax"))]
    total = wire.amount(payload["tax_total"])
    named = sum((wire.amount(line["tax"]) for line in taxed), Decimal(0))
    if taxed and named != total:
        raise Failed(
            FailureClass.DATA,
            f"{payload['reference']}: tax of the lines is {named}, of the document {total}",
            field="tax",
            remedy="Ask the tax engine again.",
        )
    if not total:
        return []
    base = sum((wire.amount(line["amount"]) for line in taxed or payload["lines"]), Decimal(0))
    values = {"base": sign * base, "amount": sign * total, "manual": True}
    tax_account = account(client, client.setting("tax_account"))
    return [{"description": client.setting("tax_name", "Tax"), "account": tax_account, **values}]
