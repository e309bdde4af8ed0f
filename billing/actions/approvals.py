"""Approve, return and post candidates: each bound to what the person saw (§5)."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from billing import policies
from billing.actions import candidates, checks, sending
from billing.engine import approvals as engine
from billing.engine import matrix
from billing.models import CANDIDATE_MOVES, Approval, Candidate, CreditOrder, Delegation
from contracts.models import Customer
from contracts.queries import quote_of
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import today
from integration_hub.kernel.decision import Decision
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.rules.queries import table_for
from integration_hub.rules.tables import Answer
from integration_hub.trail.record import event

ROLLING = timedelta(days=30)
BEYOND = Decimal("Infinity")
APPROVED = ("approved", "posting", "rejected")
"""Approved, and not an invoice yet."""


def required(candidate: Candidate) -> Answer:
    """How many people the matrix in force wants for these figures, and which: by act, amount and rolling sum (§5.2)."""
    act = act_of(candidate)
    amount = abs(_counted(candidate.gross, candidate.currency, candidate)) + abs(_recent(candidate))
    first = act == "invoice" and not candidate.contract.invoices.exists()
    table = table_for(matrix.KIND.name, candidate.legal_entity.code)
    return table.decide({"act": act, "amount": float(amount), "first_invoice": first, "share": 0.0})


def act_of(candidate: Candidate) -> str:
    """What approving it is: an invoice, a credit whose work is billed again, or a concession."""
    if candidate.kind == Candidate.Kind.INVOICE:
        return "invoice"
    conceded = CreditOrder.objects.filter(candidate=candidate, rebillable=False).exists()
    return "concession" if conceded else "credit"


def standing(candidate: Candidate, answer: Answer | None = None) -> engine.Standing:
    """Who has to approve these figures, by the matrix (or its `answer` already had), and who has."""
    rows = Approval.objects.filter(candidate=candidate, verdict="approved", lapsed_at__isnull=True)
    given = []
    for row in rows.select_related("by", "delegation__giver"):
        seat = row.delegation.giver if row.delegation else row.by
        given.append(engine.Given(seat.username, frozenset({seat.role}), row.content_hash))
    return engine.standing(
        engine.seats(answer or required(candidate)),
        given,
        content_hash=candidate.content_hash,
        prepared_by=candidate.prepared_by.username,
    )


def _recent(candidate: Candidate) -> Decimal:
    """What else was invoiced, or credited, to the customer of late or is approved to be, in whatever currency.

    So splitting avoids no threshold. Credits and invoices each count among themselves.
    """
    of_late = Candidate.objects.filter(
        kind=candidate.kind,
        contract__customer=candidate.contract.customer_id,
        invoice_date__gt=candidate.invoice_date - ROLLING,
        status__in=(*APPROVED, Candidate.Status.POSTED),
    ).exclude(pk=candidate.pk)
    sums = of_late.order_by().values_list("currency").annotate(total=Sum("gross"))
    return sum((_counted(total, currency, candidate) for currency, total in sums), ZERO)


def _counted(amount: Decimal, currency: str, candidate: Candidate) -> Decimal:
    """An amount in the legal entity's currency, which thresholds are in, by the rate of the invoice's date.

    What nobody can convert counts as above every threshold: no approver is saved by a rate that is missing.
    """
    own = candidate.legal_entity.currency
    if currency == own or not amount:
        return amount
    quote = quote_of(currency, own, candidate.invoice_date)
    return quote.convert(amount) if quote else BEYOND


def held(by: User) -> QuerySet[Delegation]:
    """Delegations that a person holds today, whatever they cover."""
    day = today()
    rows = Delegation.objects.filter(taker=by, ended_at__isnull=True, starts_on__lte=day, ends_on__gte=day)
    return rows.filter(giver__is_active=True).select_related("giver").order_by("pk")


def lent(candidate: Candidate, to: User) -> list[Delegation]:
    """Delegations to a person that cover approving this candidate today."""
    act, entity = act_of(candidate), candidate.legal_entity.code
    rows = held(to).filter(Q(acts=[]) | Q(acts__contains=[act]))
    rows = rows.filter(Q(legal_entities=[]) | Q(legal_entities__contains=[entity]))
    amount = abs(_counted(candidate.gross, candidate.currency, candidate))
    return [row for row in rows if row.limit is None or amount <= row.limit]


def can_approve(candidate: Candidate, by: User) -> Decision:
    """Whether a person may approve it, by their own right or by one that was lent to them."""
    own = policies.can_approve(candidate, by)
    if own:
        return own
    answers = [policies.can_approve(candidate, by, row) for row in lent(candidate, by)]
    return next((answer for answer in answers if answer), answers[0] if answers else own)


@transaction.atomic
def approve(
    *, candidate_id: int, by: User, seen_version: int, seen_hash: str, delegation_id: int | None = None
) -> Candidate:
    """Approve what was seen, for oneself or by a delegation. Raises Denied, or Stale when any figure moved since."""
    candidate = _locked(candidate_id)
    acting = None if delegation_id is None else _acting(candidate, by, delegation_id)
    policies.can_approve(candidate, by, acting).or_raise()
    if candidate.version != seen_version or candidate.content_hash != seen_hash:
        raise Stale
    # Two invoices of one customer that are approved at once would each take the other for not there.
    Customer.objects.select_for_update(no_key=True).get(pk=candidate.contract.customer_id)
    wanted = required(candidate)
    Approval.objects.create(
        candidate=candidate,
        verdict=Approval.Verdict.APPROVED,
        content_hash=seen_hash,
        content=checks.content(candidate),
        by=by,
        delegation=acting,
        matrix=wanted.table,
        matrix_version=wanted.version,
        matrix_rule=wanted.rule,
    )
    now_standing = standing(candidate, wanted)
    status = Candidate.Status.APPROVED if now_standing.complete else candidate.status
    if status != candidate.status:
        CANDIDATE_MOVES.check(candidate.status, status)
    warnings = checks.approved_anew(candidate)
    Candidate.objects.transition(candidate.pk, seen_version=seen_version, status=status, warnings=warnings)
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
        matrix=wanted.told(),
        stead=acting.giver.username if acting else "",
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
            return sending.plan(candidate, by)
    raise Lapsed(candidate)


class Lapsed(Denied):
    """The figures or checks moved since approval: it has to be approved again."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        codes = f" ({', '.join(candidate.codes)})" if candidate.codes else ""
        super().__init__(
            f"The figures or checks of {candidate.number} moved since it was approved{codes}. Approve it again."
        )


def _acting(candidate: Candidate, by: User, delegation_id: int) -> Delegation:
    """The delegation a person acts by, held so that it cannot be ended meanwhile. Raises Denied."""
    Delegation.objects.select_for_update(no_key=True).filter(pk=delegation_id).first()
    found = next((row for row in lent(candidate, by) if row.pk == delegation_id), None)
    if found is None:
        raise Denied("This delegation does not cover approving this candidate today.")
    return found


def _locked(candidate_id: int) -> Candidate:
    return (
        Candidate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "contract", "bill_to__customer", "purchase_order")
        .get(pk=candidate_id)
    )
