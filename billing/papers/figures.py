"""What is printed on an invoice or a credit memo: the figures that were sent to the ERP, as text ready to be set.

The amounts of a posted document are those of the effect that posted it; before, those that would be sent. Nothing is
computed here but sums of printed lines, and these must agree with the totals.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import format_decimal

from billing.actions import posting
from billing.actions.sending import payload_of
from billing.models import Candidate, CandidateLine, CreditMemo, CreditOrder, Invoice, InvoiceLine
from billing.tables.candidates import period
from contracts.models import Customer, LegalEntity
from integration_hub.console.wording import number, percent
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.money import ZERO, round_money, show

PARTS = ("legal_entity", "bill_to__customer", "contract", "purchase_order")
"""What a candidate is read with."""


def document(candidate: Candidate) -> dict[str, Any]:
    """The document of a candidate, for `templates/invoice.typ`. Raises NotReady when its figures do not add up."""
    posted = _posted(candidate)
    effect = _effect(candidate) if posted is not None else None
    sent: dict[str, Any] = effect.payload if effect is not None else dict(payload_of(candidate))
    lines = list(candidate.lines.select_related("corrects__invoice", "adjusts__invoice").order_by("number"))
    _must_add_up(candidate, sent, lines)
    currency, charge = candidate.currency, candidate.kind == Candidate.Kind.INVOICE
    drawn = candidate.drawdown
    return {
        "kind": candidate.kind,
        "posted": posted is not None,
        "number": posted.number if posted is not None else candidate.number,
        "reference": candidate.number,
        "paper": "us-letter" if candidate.legal_entity.country in _LETTER else "a4",
        "issuer": issuer(candidate.legal_entity),
        "client": client(candidate.bill_to.customer),
        "issued": day(candidate.invoice_date),
        "due": day(posted.due_on) if isinstance(posted, Invoice) and posted.due_on else "",
        "service": _span(lines),
        "purchase_order": sent["po_number"],
        "terms": sent["payment_terms"] if charge else "",
        "contract": f"{candidate.contract.number} · {candidate.contract.name}",
        "currency": currency,
        "credits": _named(line.corrects for line in lines),
        "adds_to": _named(line.adjusts for line in lines),
        "reason": _reason(candidate),
        "timed": any(line.hours is not None for line in lines),
        "lines": [_line(said, line, currency) for said, line in zip(sent["lines"], lines, strict=True)],
        "taxes": _taxes(sent["lines"], lines, currency),
        "net": figure(sent["net"], currency),
        "tax": figure(sent["tax_total"], currency),
        "gross": figure(sent["gross"], currency),
        "drawdown": figure(drawn, currency) if drawn else "",
        "due_amount": figure(Decimal(sent["gross"]) - drawn, currency),
    }


_LETTER = {"US", "CA", "MX", "PH"}
"""Countries that print on letter paper."""


def _posted(candidate: Candidate) -> Invoice | CreditMemo | None:
    """The ERP's document, where it has one."""
    if candidate.kind == Candidate.Kind.INVOICE:
        return Invoice.objects.filter(candidate=candidate).first()
    return CreditMemo.objects.filter(candidate=candidate).first()


def _effect(candidate: Candidate) -> Effect | None:
    """The effect that the ERP confirmed."""
    return posting.effects_of(candidate).filter(state=Effect.State.CONFIRMED).first()


def _must_add_up(candidate: Candidate, sent: dict[str, Any], lines: list[CandidateLine]) -> None:
    net = sum((Decimal(line["amount"]) for line in sent["lines"]), ZERO)
    tax = sum((Decimal(line["tax"]) for line in sent["lines"]), ZERO)
    sums = {"lines": len(lines), "net": net, "tax_total": tax, "gross": net + tax}
    told = {"lines": len(sent["lines"]), **{name: Decimal(sent[name]) for name in ("net", "tax_total", "gross")}}
    if wrong := [name.removesuffix("_total") for name in sums if sums[name] != told[name]]:
        raise NotReady(f"{candidate.number} is not printed: its lines do not add up to its {' and '.join(wrong)}.")


def _line(sent: dict[str, Any], line: CandidateLine, currency: str) -> dict[str, str]:
    """A line as it was sent, with what only we know of it."""
    timed = line.hours is not None
    original, adjusted = line.corrects, line.adjusts
    return {
        "number": str(line.number),
        "description": sent["description"],
        "service": period(line),
        "hours": hours(Decimal(sent["quantity"])) if timed else "",
        "rate": exact(Decimal(sent["rate"]), currency) if timed and line.rate is not None else "",
        "tax_rate": _rate(line),
        "net": figure(sent["amount"], currency),
        "credits": f"{original.invoice.number}, line {original.number}" if original is not None else "",
        "adjusts": f"{adjusted.invoice.number}, line {adjusted.number}" if adjusted is not None else "",
    }


def _taxes(sent: list[dict[str, Any]], lines: list[CandidateLine], currency: str) -> list[dict[str, str]]:
    """Net and tax of the lines of each rate, the highest rate first."""
    sums: dict[tuple[Decimal, str], tuple[Decimal, Decimal]] = {}
    for said, line in zip(sent, lines, strict=True):
        key = (Decimal(-1) if line.tax_rate is None else line.tax_rate, _taxed(line))
        net, tax = sums.get(key, (ZERO, ZERO))
        sums[key] = (net + Decimal(said["amount"]), tax + Decimal(said["tax"]))
    return [
        {"rate": label, "net": figure(net, currency), "tax": figure(tax, currency)}
        for (_, label), (net, tax) in sorted(sums.items(), reverse=True)
    ]


def _taxed(line: CandidateLine) -> str:
    """How a line is taxed, in words. What was paid in the client's name is no supply of ours."""
    if line.kind == "passed_on":
        return "Passed on"
    if line.kind == "retention" and not line.tax_rate:
        return "Retention, not taxed"
    if line.kind == "deposit" and not line.tax_rate:
        return "Deposit, not taxed"
    return "Not determined" if line.tax_rate is None else percent(line.tax_rate)


def _rate(line: CandidateLine) -> str:
    return "" if line.tax_rate is None else _taxed(line)


def _named(lines: Iterable[InvoiceLine | None]) -> list[str]:
    """The invoices of posted lines, as a document that changes them must name them: number and date."""
    found = {line.invoice_id: line.invoice for line in lines if line is not None}
    return [f"{row.number} of {day(row.invoice_date)}" for _, row in sorted(found.items())]


def _reason(candidate: Candidate) -> str:
    if candidate.is_supplemental:
        return "Late work of a prior period"
    if candidate.is_release:
        return "Release of retention"
    if candidate.is_deposit:
        return "Deposit ahead of work"
    order = CreditOrder.objects.filter(candidate=candidate).first()
    return order.get_reason_display() if order is not None else ""


def _span(lines: list[CandidateLine]) -> str:
    if not lines:
        return ""
    first, last = min(line.service_from for line in lines), max(line.service_to for line in lines)
    return day(first) if first == last else f"{day(first)} – {day(last)}"


# -- parties -----------------------------------------------------------------------------------------------------


def issuer(entity: LegalEntity) -> dict[str, Any]:
    """Who bills: as administrators wrote it down. What is missing is said, not guessed."""
    return {
        "name": entity.name,
        "address": address(entity),
        "tax_id": entity.tax_id,
        "registration": entity.registration,
        "remittance": entity.remittance,
        "missing": [
            words
            for words, value in (("address", entity.street and entity.city), ("tax number", entity.tax_id))
            if not value
        ],
    }


def client(customer: Customer) -> dict[str, Any]:
    """Whom it is billed to."""
    return {
        "name": customer.name,
        "address": address(customer),
        "tax_id": customer.tax_id,
        "code": customer.code,
    }


def address(party: LegalEntity | Customer) -> list[str]:
    """Street, place and country, the place as letters to that country write it."""
    if party.country in _REGION_THEN_CODE:
        place = ", ".join(part for part in (party.city, f"{party.region} {party.postal_code}".strip()) if part)
        lines = [party.street, place]
    elif party.country in _CODE_LAST:
        lines = [party.street, party.city, party.region, party.postal_code]
    else:
        lines = [party.street, f"{party.postal_code} {party.city}".strip(), party.region]
    return [line for line in (*lines, country(party.country)) if line]


_REGION_THEN_CODE = {"US", "CA", "AU"}
"""`New York, NY 10004`."""
_CODE_LAST = {"GB", "IE"}
"""City and postal code, each on a line of its own."""


def country(code: str) -> str:
    """A country by its English name; the code where nobody knows it."""
    return str(Locale("en").territories.get(code, code))


# -- words and figures -------------------------------------------------------------------------------------------


def day(value: date) -> str:
    """`2 Mar 2026`."""
    return f"{value.day} {value:%b %Y}"


def figure(amount: Decimal | str, currency: str) -> str:
    """`1,234.50`, without the currency. Raises ValueError for an amount that was not rounded: nothing rounds here."""
    exact_amount = Decimal(amount)
    if exact_amount != round_money(exact_amount, currency):
        raise ValueError(f"{exact_amount} {currency} is not rounded.")
    return show(exact_amount, currency).rpartition(" ")[0]


def exact(value: Decimal, currency: str) -> str:
    """A rate with every digit it has, at least those of its currency."""
    return show(value, currency).rpartition(" ")[0] if value == round_money(value, currency) else number(value)


def hours(value: Decimal) -> str:
    """Hours: two places, up to four where there are more."""
    return str(format_decimal(value, format="#,##0.00##", locale="en"))
