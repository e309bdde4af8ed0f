"""Credit notes: tied to one invoice, line by line; what was paid already goes to the customer's balance."""

import re

from integration_hub.connectors import answers, wire
from integration_hub.connectors.billing import Payload, key_of, of_one_currency, of_the_account, subunits, taxes
from integration_hub.connectors.days import moment_of, zone
from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.stripe import customers
from integration_hub.connectors.stripe.client import DIALECT, Client, Row
from integration_hub.connectors.stripe.documents import (
    LINE,
    NUMBER,
    REFERENCE,
    confirmed,
    standing,
    under,
)
from integration_hub.connectors.stripe.payloads import StripeLine
from integration_hub.kernel.failures import Failed, FailureClass

_CORRECTS = re.compile(r"(?P<invoice>.+) line (?P<line>\d+)")


def post(client: Client, write: Write) -> Sent:
    """Issue once; one call does it whole."""
    payload = write.payload
    of_the_account(payload, client.connection, client.setting("account"), "Stripe account")
    customer = customers.needed(client, payload["customer_code"])
    if found := _standing(client, customer, payload):
        return Sent(remote_id=str(found["id"]), status=200, body={"already": True})
    invoice = _invoice(client, customer, payload)
    of_one_currency(payload, invoice["number"], invoice["currency"])
    beyond = subunits(payload, "gross", payload["gross"]) - invoice["amount_remaining"]
    values = {
        "invoice": invoice["id"],
        "lines": _lines(client, payload, invoice),
        "memo": payload.get("memo"),
        "effective_at": moment_of(payload["invoice_date"], zone(client.connection)),
        "metadata": {REFERENCE: payload["reference"]},
        "credit_amount": beyond if beyond > 0 else None,
    }
    made = client.post("credit_notes", values, key=key_of(write, "credit note"))
    return Sent(remote_id=str(made["id"]), status=200)


def find(client: Client, write: Write) -> Confirmed | None:
    """The credit note under our reference."""
    customer = customers.customer_of(client, write.payload["customer_code"])
    found = _standing(client, customer, write.payload) if customer else None
    return confirmed(client, found) if found else None


def _standing(client: Client, customer: Row, payload: Payload) -> Row | None:
    rows = under(client.every("credit_notes", {"customer": customer["id"]}), payload["reference"])
    return standing([row for row in rows if row["status"] == "issued"], payload["reference"])


# -- what it takes back -----------------------------------------------------------------------------------------------


def _invoice(client: Client, customer: Row, payload: Payload) -> Row:
    """The one invoice it credits: what it is set against, or whose lines it corrects. Raises Failed."""
    keys = {str(applied["invoice_id"]) for applied in payload.get("apply") or []}
    numbers = {named["invoice"] for line in payload["lines"] if (named := _corrected(line))}
    rows = client.every("invoices", {"customer": customer["id"]})
    found = {str(row["id"]): row for row in rows if str(row["id"]) in keys or row["number"] in numbers}
    if len(found) != 1:
        several = ", ".join(str(row["number"]) for row in found.values())
        raise Failed(
            FailureClass.REJECTED,
            f"{payload['reference']} credits {several or 'no invoice that Stripe has'}",
            field="apply",
            remedy="Stripe ties a credit note to one invoice: credit each by a note of its own.",
        )
    return next(iter(found.values()))


def _corrected(line: Payload) -> re.Match[str] | None:
    return _CORRECTS.fullmatch(line.get("corrects") or "")


def _lines(client: Client, payload: Payload, invoice: Row) -> list[Row]:
    listed = client.every(f"invoices/{invoice['id']}/lines", {})
    billed = [answers.shaped(DIALECT, StripeLine, row, write=False) for row in listed]
    made = []
    for line, (tax, basis) in zip(payload["lines"], taxes(payload), strict=True):
        amount = subunits(payload, "lines", line["amount"])
        taken = _taken_back(line, billed)
        if taken is None:
            values: Row = {"type": "custom_line_item", "unit_amount": amount, "quantity": 1}
            values["description"] = line["description"]
        else:
            values = {"type": "invoice_line_item", "invoice_line_item": taken.id, "amount": amount}
        values["metadata"] = {LINE: line["reference"]}
        if tax:
            rate = _rate(payload, billed if taken is None else [taken, *billed])
            tax_amount, taxable = (subunits(payload, "tax", value) for value in (tax, basis))
            values["tax_amounts"] = [{"amount": tax_amount, "taxable_amount": taxable, "tax_rate": rate}]
        made.append(values)
    return made


def _taken_back(line: Payload, billed: list[StripeLine]) -> StripeLine | None:
    """The line of the invoice that a line takes back: the one it names, as far as its amount goes."""
    named = _corrected(line)
    number = named["line"] if named else ""
    found = next((row for row in billed if number and row.metadata.get(NUMBER) == number), None)
    return found if found and found.amount > 0 and wire.amount(line["amount"]) > 0 else None


def _rate(payload: Payload, billed: list[StripeLine]) -> str:
    """The rate the tax was sold with: a credit note may name only what its invoice has. Raises Failed."""
    for line in billed:
        for tax in line.taxes or []:
            if tax.tax_rate_details is not None:
                return tax.tax_rate_details.tax_rate
    raise Failed(
        FailureClass.REJECTED,
        f"{payload['reference']} takes back tax of an invoice that has none in Stripe",
        field="tax",
        remedy="Credit it without tax, or correct the invoice in Stripe.",
    )
