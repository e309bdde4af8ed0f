"""What a candidate asks of the ERP: an invoice or a credit memo under our number, planned once per approval (R22)."""

from collections.abc import Iterable
from decimal import Decimal

from billing.actions import posting
from billing.engine.line_rules import booked_to, tax_code
from billing.models import CANDIDATE_MOVES, Candidate, CandidateLine, CreditOrder, Invoice
from billing.models.credits import EXPENSED
from contracts.queries import reference_of, route
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.trail.record import event

WRITES: dict[str, str] = {Candidate.Kind.INVOICE: "invoice.post", Candidate.Kind.CREDIT_MEMO: "creditmemo.post"}
"""The write of an ERP by kind of candidate, after its vendor's name."""


def plan(candidate: Candidate, by: User) -> Effect:
    """Intend to post an approved candidate. Raises NotReady without a route to an ERP."""
    connection = route("erp", candidate.legal_entity)
    if connection is None:
        raise NotReady(f"No ERP is routed for {candidate.legal_entity.code}: set a route in Django admin.")
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.POSTING)
    posting.withdraw(candidate, by=by, reason="Posted anew")
    last = posting.effects_of(candidate).first()
    Candidate.objects.transition(candidate.pk, seen_version=candidate.version, status=Candidate.Status.POSTING)
    effect = effects.plan(
        effect_type=f"{connection.vendor}.{WRITES[candidate.kind]}",
        connection=connection,
        business_key=candidate.number,
        payload=payload_of(candidate),
        legal_entity=candidate.legal_entity.code,
        subject=("billing.candidate", str(candidate.pk)),
        by=by,
        posting_date=candidate.accounting_date,
        amount=abs(candidate.gross),
        currency=candidate.currency,
        revision=last.revision + 1 if last else 1,
        lane=f"post:{connection.code}:{candidate.number}",
    )
    event(
        "billing.candidate.posting",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        effect=effect.key,
    )
    return effect


def payload_of(candidate: Candidate) -> dict[str, object]:
    """The document as the ERP will get it, in our words; amounts as decimal strings."""
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        return _credit_payload(candidate)
    return _invoice_payload(candidate)


def _header(candidate: Candidate) -> dict[str, object]:
    erp = route("erp", candidate.legal_entity)
    entity_ref = reference_of(candidate.legal_entity, erp, "legal_entity") if erp else None
    return {
        "reference": candidate.number,
        "customer_code": candidate.bill_to.customer.code,
        "legal_entity_id": entity_ref.source_id if entity_ref else candidate.legal_entity.code,
        "currency": candidate.currency,
        "invoice_date": candidate.invoice_date.isoformat(),
        "accounting_date": candidate.accounting_date.isoformat(),
        "payment_terms": candidate.contract.payment_terms,
        "po_number": candidate.purchase_order.number if candidate.purchase_order else "",
        "memo": f"{candidate.contract.number} {candidate.contract.name}{_prior(candidate)}",
        "job_reference": candidate.contract.number,
    }


def _prior(candidate: Candidate) -> str:
    """What an invoice of late work says of itself."""
    return f", prior period, work through {candidate.through.isoformat()}" if candidate.is_supplemental else ""


def _invoice_payload(candidate: Candidate) -> dict[str, object]:
    return {
        **_header(candidate),
        "lines": [
            {
                "reference": f"{candidate.number}-{line.number}",
                "description": line.description,
                "quantity": _text(line.hours) if line.hours is not None else "1",
                "rate": _text(line.rate) if line.rate is not None else _text(line.net),
                "amount": _text(line.net),
                "tax": _text(line.tax),
                **_kind(line),
                **_assigned(line),
                **({"adjusts": f"{line.adjusts.invoice.number} line {line.adjusts.number}"} if line.adjusts else {}),
            }
            for line in candidate.lines.select_related("adjusts__invoice").order_by("number")
        ],
        "net": _text(candidate.net),
        "tax_total": _text(candidate.tax),
        "gross": _text(candidate.gross),
    }


def _kind(line: CandidateLine) -> dict[str, str]:
    """What is passed on, withheld, released or billed ahead is no revenue: the ERP may have items for it."""
    return {"kind": line.kind} if line.kind in ("passed_on", "retention", "deposit") else {}


def _assigned(line: CandidateLine) -> dict[str, str]:
    """The tax code it was quoted with, and what it is booked to, where rules name them."""
    code = tax_code(line.assigned)
    return {**({"tax_code": code} if code else {}), **booked_to(line.assigned)}


def _credit_payload(candidate: Candidate) -> dict[str, object]:
    """A credit memo as the ERP will get it: amounts are positive there, and it settles what is open of its invoices.

    Lines of what is written off, or was passed on, say so: the ERP may book them to an item, and with it an account, of
    their own. What is written off is no revenue that goes back, so it is not booked as its line was.
    """
    lines = candidate.lines.select_related("corrects__invoice").order_by("number")
    order = CreditOrder.objects.filter(candidate=candidate).first()
    kind = {"kind": "write_off"} if order is not None and order.reason in EXPENSED else {}
    return {
        **_header(candidate),
        "lines": [
            {
                "reference": f"{candidate.number}-{line.number}",
                "description": line.description,
                "quantity": _text(-line.hours) if line.hours is not None else "1",
                "rate": _text(line.rate) if line.rate is not None else _text(-line.net),
                "amount": _text(-line.net),
                "tax": _text(-line.tax),
                "corrects": f"{line.corrects.invoice.number} line {line.corrects.number}" if line.corrects else "",
                **(_kind(line) or kind),
                **({} if kind else _assigned(line)),
            }
            for line in lines
        ],
        "net": _text(-candidate.net),
        "tax_total": _text(-candidate.tax),
        "gross": _text(-candidate.gross),
        "apply": _applications(lines),
    }


def _applications(lines: Iterable[CandidateLine]) -> list[dict[str, str]]:
    """What of each invoice it settles: never more than is open, so that no payment is taken off it (R20)."""
    credited: dict[Invoice, Decimal] = {}
    for line in lines:
        if line.corrects is not None:
            invoice = line.corrects.invoice
            credited[invoice] = credited.get(invoice, ZERO) - line.net - line.tax
    amounts = {row: min(amount, row.gross - row.paid - row.credited) for row, amount in credited.items()}
    return [
        {"invoice_id": row.remote_id, "invoice": row.number, "amount": _text(amount)}
        for row, amount in sorted(amounts.items(), key=lambda pair: pair[0].pk)
        if amount > 0
    ]


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"
