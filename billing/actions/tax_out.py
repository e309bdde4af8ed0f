"""What the tax engine records once a document is posted: the sale, or the return of what was sold (R7, R20)."""

from decimal import Decimal
from typing import Any

from billing.actions import quotes, variances
from billing.models import Candidate, CreditMemo, Invoice, TaxDetermination
from contracts.queries import route
from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO, show
from integration_hub.trail.record import event

BY = "system:billing"


def commit(candidate: Candidate, invoice: Invoice) -> None:
    """The tax engine records the sale it was asked about."""
    tax = TaxDetermination.objects.filter(candidate=candidate, status=TaxDetermination.Status.QUOTED).first()
    connection = route("tax", candidate.legal_entity)
    if tax is not None and connection is not None and tax.request["lines"]:
        _plan("invoice.commit", connection, tax, {**tax.request, "invoice_number": invoice.number})


def commit_credited(candidate: Candidate, memo: CreditMemo) -> None:
    """The tax engine learns of the return where it knows the sale: at the sale's tax and date, not at today's (R20)."""
    lines = quotes.taxed_lines(candidate).select_related("corrects__invoice")
    sold = {line.corrects.invoice.candidate_id for line in lines if line.corrects is not None}
    connection = route("tax", candidate.legal_entity)
    if connection is None or not sold or not TaxDetermination.objects.filter(candidate__in=sold).exists():
        return
    request = quotes.request_of(candidate)
    request["lines"] = [
        {
            **asked,
            "tax": f"{line.tax:f}",
            "tax_date": line.corrects.invoice.invoice_date.isoformat(),
            "credits": line.corrects.invoice.number,
        }
        for asked, line in zip(request["lines"], lines, strict=True)
        if line.corrects is not None
    ]
    tax = TaxDetermination.objects.create(
        candidate=candidate,
        status=TaxDetermination.Status.QUOTED,
        document_code=candidate.number,
        basis_hash=content_hash(request),
        net=sum((line.net for line in lines), ZERO),
        tax=candidate.tax,
        estimate=candidate.tax,
        currency=candidate.currency,
        request=request,
    )
    _plan("creditmemo.commit", connection, tax, {**request, "invoice_number": memo.number})


def _plan(write: str, connection: Connection, tax: TaxDetermination, payload: dict[str, Any]) -> None:
    candidate = tax.candidate
    effects.plan(
        effect_type=f"{connection.vendor}.{write}",
        connection=connection,
        business_key=candidate.number,
        payload={**payload, "tax": f"{tax.tax:f}"},
        legal_entity=candidate.legal_entity.code,
        subject=("billing.candidate", str(candidate.pk)),
        by=BY,
        amount=tax.tax,
        currency=tax.currency,
        lane=f"tax:{connection.code}:{candidate.number}",
    )


def committed(effect: Effect) -> None:
    """The tax engine recorded the document: compare what it committed with what was approved (R7)."""
    tax = TaxDetermination.objects.select_related("candidate").get(candidate__number=effect.business_key)
    tax.status = TaxDetermination.Status.COMMITTED
    tax.response = {**tax.response, "committed": _plain(effect.remote)}
    tax.save()
    told = effect.remote.get("tax")
    theirs = None if told is None else Decimal(str(told))
    about = variances.of_candidate(tax.candidate)
    document = about.document
    event(
        "billing.tax.committed",
        by=effect.connection.code,
        object_type=about.type,
        object_id=document.pk,
        label=document.number,
        legal_entity=document.legal_entity.code,
        tax=theirs,
    )
    posted = tax.candidate.tax
    tolerance = min(Decimal("0.01") * tax.candidate.lines.count(), Decimal("0.05"))
    if theirs is not None and abs(theirs - posted) > tolerance:
        ours, there = show(posted, document.currency), show(theirs, document.currency)
        detail = f"Tax approved and posted: {ours}. Committed there: {there}."
        variances.tell("TAX_VARIANCE", about, detail, effect.connection.name)


def rejected(effect: Effect) -> None:
    """The ledger's case (ERP_REJECTED) says it; the invoice stands as posted."""


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in facts.items()}
