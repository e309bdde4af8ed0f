"""Approve, return and post candidates: each bound to what the person saw (§5)."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing import policies
from billing.actions import candidates, checks, posting
from billing.engine import approvals as engine
from billing.models import CANDIDATE_MOVES, Approval, Candidate, Invoice
from contracts.models import Customer
from contracts.queries import reference_of, route
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import event

ROLLING = timedelta(days=30)
APPROVED = ("approved", "posting", "rejected")
"""Approved, and not an invoice yet."""


def standing(candidate: Candidate) -> engine.Standing:
    """Who has to approve these figures and who has: by amount and rolling sum, two on a first invoice (§5.2)."""
    seats = engine.seats(
        candidate.gross, first_invoice=not candidate.contract.invoices.exists(), recent=_recent(candidate)
    )
    rows = Approval.objects.filter(candidate=candidate, verdict="approved", lapsed_at__isnull=True).select_related("by")
    given = [engine.Given(row.by.username, frozenset({row.by.role}), row.content_hash) for row in rows]
    return engine.standing(
        seats, given, content_hash=candidate.content_hash, prepared_by=candidate.prepared_by.username
    )


def _recent(candidate: Candidate) -> Decimal:
    """What else was invoiced to the customer of late, or is approved to be: splitting avoids no threshold."""
    of_late = {
        "contract__customer": candidate.contract.customer_id,
        "currency": candidate.currency,
        "invoice_date__gt": candidate.invoice_date - ROLLING,
    }
    posted = Invoice.objects.filter(**of_late)
    coming = Candidate.objects.filter(**of_late, status__in=APPROVED).exclude(pk=candidate.pk)
    sums = [rows.aggregate(total=Sum("gross"))["total"] or Decimal(0) for rows in (posted, coming)]
    return sum(sums, Decimal(0))


@transaction.atomic
def approve(*, candidate_id: int, by: User, seen_version: int, seen_hash: str) -> Candidate:
    """Approve what was seen. Raises Denied, or Stale when any figure has moved since."""
    candidate = _locked(candidate_id)
    policies.can_approve(candidate, by).or_raise()
    if candidate.version != seen_version or candidate.content_hash != seen_hash:
        raise Stale
    # Two invoices of one customer that are approved at once would each take the other for not there.
    Customer.objects.select_for_update(no_key=True).get(pk=candidate.contract.customer_id)
    Approval.objects.create(candidate=candidate, verdict=Approval.Verdict.APPROVED, content_hash=seen_hash, by=by)
    now_standing = standing(candidate)
    status = Candidate.Status.APPROVED if now_standing.complete else candidate.status
    if status != candidate.status:
        CANDIDATE_MOVES.check(candidate.status, status)
    Candidate.objects.transition(candidate.pk, seen_version=seen_version, status=status)
    event(
        "billing.candidate.approved",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        hash=seen_hash,
        approvals=len(now_standing.counted),
        needed=now_standing.needed,
    )
    candidate.refresh_from_db()
    return candidate


@transaction.atomic
def send_back(*, candidate_id: int, by: User, seen_version: int, reason: str) -> Candidate:
    """Return a candidate to whoever prepared it, with a reason."""
    candidate = _locked(candidate_id)
    policies.can_return(candidate, by).or_raise()
    if not reason.strip():
        raise NotReady("Say why you return it.")
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.RETURNED)
    candidates.lapse_approvals(candidate)
    Candidate.objects.transition(
        candidate.pk, seen_version=seen_version, status=Candidate.Status.RETURNED, returned_reason=reason
    )
    Approval.objects.create(
        candidate=candidate,
        verdict=Approval.Verdict.RETURNED,
        content_hash=candidate.content_hash,
        by=by,
        reason=reason,
    )
    event(
        "billing.candidate.returned",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        reason=reason,
    )
    candidate.refresh_from_db()
    return candidate


def post(*, candidate_id: int, by: User, seen_version: int) -> Effect:
    """Send an approved candidate to the ERP, once. What it rests on is checked again first (R22).

    Raises Denied, Stale, NotReady, or Lapsed when the check moved the candidate: that move is kept.
    """
    with transaction.atomic():
        candidate = _locked(candidate_id)
        policies.can_post(candidate, by).or_raise()
        if candidate.version != seen_version:
            raise Stale
        candidate = checks.run(candidate_id=candidate.pk)
        if candidate.status == Candidate.Status.APPROVED:
            return _plan(candidate, by)
    raise Lapsed(candidate)


def _plan(candidate: Candidate, by: User) -> Effect:
    connection = route("erp", candidate.legal_entity)
    if connection is None:
        raise NotReady(f"No ERP is routed for {candidate.legal_entity.code}: set a route in Django admin.")
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.POSTING)
    posting.withdraw(candidate, by=by, reason="Posted anew")
    last = posting.effects_of(candidate).first()
    Candidate.objects.transition(candidate.pk, seen_version=candidate.version, status=Candidate.Status.POSTING)
    effect = effects.plan(
        effect_type=f"{connection.vendor}.invoice.post",
        connection=connection,
        business_key=candidate.number,
        payload=payload_of(candidate),
        legal_entity=candidate.legal_entity.code,
        subject=("billing.candidate", str(candidate.pk)),
        by=by,
        posting_date=candidate.accounting_date,
        amount=candidate.gross,
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


class Lapsed(Denied):
    """The figures or checks moved since approval: it has to be approved again."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        codes = f" ({', '.join(candidate.codes)})" if candidate.codes else ""
        super().__init__(
            f"The figures or checks of {candidate.number} moved since it was approved{codes}. Approve it again."
        )


def payload_of(candidate: Candidate) -> dict[str, object]:
    """The invoice as the ERP will get it, in our words; amounts as decimal strings."""
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
        "memo": f"{candidate.contract.number} {candidate.contract.name}",
        "job_reference": candidate.contract.number,
        "lines": [
            {
                "reference": f"{candidate.number}-{line.number}",
                "description": line.description,
                "quantity": _text(line.hours) if line.hours is not None else "1",
                "rate": _text(line.rate) if line.rate is not None else _text(line.net),
                "amount": _text(line.net),
                "tax": _text(line.tax),
            }
            for line in candidate.lines.order_by("number")
        ],
        "net": _text(candidate.net),
        "tax_total": _text(candidate.tax),
        "gross": _text(candidate.gross),
    }


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _locked(candidate_id: int) -> Candidate:
    return (
        Candidate.objects.select_for_update(of=("self",))
        .select_related("legal_entity", "contract", "bill_to__customer", "purchase_order")
        .get(pk=candidate_id)
    )
