"""Invoice candidates: reserve billable work, print lines, keep them true to what lies behind them (R22)."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from billing import policies, terms
from billing.actions import checks, limits, posting, work
from billing.engine.documents import Room, print_lines
from billing.engine.values import BilledPiece, PrintedLine
from billing.models import (
    CANDIDATE_MOVES,
    Approval,
    BillingRun,
    Candidate,
    CandidateLine,
    Hold,
    HoldEffect,
    Piece,
)
from contracts.actions.parties import next_period, open_period
from contracts.models import Cap, Contract, Method, PurchaseOrder
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, event
from integration_hub.work.actions import items

REBUILT = ("building", "needs_attention", "ready", "returned")
CHECKED = (*REBUILT, "approved")
OPEN = (*CHECKED, "rejected")


@transaction.atomic
def clear(*, contract: Contract, because: str) -> int:
    """Dissolve the open candidates nobody approved, so that a run finds one truth per contract. Returns how many."""
    standing = list(Candidate.objects.filter(contract=contract, status__in=REBUILT).order_by("pk"))
    for candidate in standing:
        dissolve(candidate=candidate, by="system:billing", reason=because)
    return len(standing)


@transaction.atomic
def build(*, contract: Contract, run: BillingRun) -> Candidate | None:
    """Put all billable work of a contract through the run's date into one candidate; None when there is none.

    The caller has cleared the contract and decided its work, and holds the contract's row.
    """
    if (
        terms.holds_on(contract)
        .filter(effect=HoldEffect.NO_BILL, scope__in=["contract", "customer", "bill_to"])
        .exists()
    ):
        return None
    pieces = list(
        Piece.objects.select_for_update(of=("self",))
        .select_related("event")
        .filter(contract=contract, is_current=True, state=Piece.State.BILLABLE, event__service_date__lte=run.through)
        .order_by("event__service_date", "event_id", "number")
    )
    if not pieces or contract.bill_to is None:
        return None
    last_day = pieces[-1].event.service_date
    candidate = Candidate.objects.create(
        run=run,
        legal_entity=contract.legal_entity,
        contract=contract,
        bill_to=contract.bill_to,
        purchase_order=_purchase_order(contract, run),
        number=f"TL-{contract.legal_entity.code}-{run.pk:04d}-{contract.pk:05d}",
        currency=contract.currency,
        invoice_date=run.invoice_date,
        accounting_date=open_period(contract.legal_entity, last_day) or last_day,
        through=run.through,
        prepared_by=run.started_by,
    )
    _print(candidate, pieces)
    limits.reserve(candidate)
    event(
        "billing.candidate.built",
        by=run.started_by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=contract.legal_entity.code,
        net=candidate.net,
        pieces=len(pieces),
    )
    quote_soon(candidate)
    return candidate


def _purchase_order(contract: Contract, run: BillingRun) -> PurchaseOrder | None:
    orders = contract.purchase_orders.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=run.invoice_date))
    return orders.order_by("id").first() or contract.purchase_orders.order_by("-id").first()


def _print(candidate: Candidate, pieces: Sequence[Piece]) -> None:
    """Print lines over the pieces: round once per line and remember each piece's share."""
    rows = Piece.objects.filter(pk__in=[piece.pk for piece in pieces]).select_related(
        "event", "event__resource", "event__schedule_item", "line"
    )
    billed = [_billed(piece) for piece in rows]
    printed = print_lines(
        billed,
        grouping=candidate.bill_to.line_grouping,  # type: ignore[arg-type]  # choices are the same words
        currency=candidate.currency,
        rounding=candidate.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
        rooms=[
            Room(
                left=cap.limit - cap.reserved - cap.committed,
                line_id=cap.line_id,
                includes_expenses=cap.line is not None and cap.line.method == Method.EXPENSE,
            )
            for cap in candidate.contract.caps.filter(kind=Cap.Kind.HARD).order_by("pk")
        ],
    )
    offset = candidate.lines.aggregate(last=Max("number"))["last"] or 0
    old = list(candidate.lines.values_list("pk", flat=True))
    for number, line in enumerate(printed, start=offset + 1):
        _store_line(candidate, number, line)
    CandidateLine.objects.filter(pk__in=old).delete()
    if old:
        # Numbers start after the old lines' while both stand, then move to the front: lowest first, so never twice.
        for line_row in candidate.lines.order_by("number"):
            CandidateLine.objects.filter(pk=line_row.pk).update(number=F("number") - offset)
    candidate.net = sum((line.net for line in printed), ZERO)
    candidate.tax = ZERO
    candidate.gross = candidate.net
    candidate.save()


def _store_line(candidate: Candidate, number: int, line: PrintedLine) -> None:
    row = CandidateLine.objects.create(
        candidate=candidate,
        number=number,
        contract_line_id=line.contract_line_id,
        kind=line.kind,
        description=line.description[:250],
        hours=(line.minutes / 60).quantize(Decimal("0.0001")) if line.minutes is not None else None,
        rate=line.rate,
        net=line.net,
        service_from=line.service_from,
        service_to=line.service_to,
    )
    shares = dict(zip(line.piece_ids, line.shares, strict=True))
    changed = [Piece(pk=pk, state=Piece.State.RESERVED, candidate_line=row, net=net) for pk, net in shares.items()]
    Piece.objects.bulk_update(changed, ["state", "candidate_line", "net"], batch_size=1000)


def _billed(piece: Piece) -> BilledPiece:
    work = piece.event
    who = work.resource.name if work.resource else ""
    if piece.amount is None or piece.line_id is None:
        raise ValueError(f"Piece {piece.pk} is billable without amount or line.")
    return BilledPiece(
        id=piece.pk,
        kind=work.kind,  # type: ignore[arg-type]  # choices are the same words
        contract_line_id=piece.line_id,
        service_date=work.schedule_item.period_from if work.schedule_item else work.service_date,
        service_to=work.schedule_item.last_day if work.schedule_item else None,
        minutes=piece.minutes,
        rate=piece.rate,
        amount=piece.amount,
        currency=piece.currency,
        description=work.description or (piece.line.name if piece.line else work.get_kind_display()),
        resource=work.resource.code if work.resource else "",
        resource_label=who,
        role=work.role or (work.resource.role if work.resource else ""),
        task_code=work.task_code,
        task_label=work.task_code,
    )


@transaction.atomic
def dissolve(*, candidate: Candidate, by: Actor, reason: str, seen_version: int | None = None) -> Candidate:
    """Take an unposted candidate apart: its work is billable again, its reservations and approvals are gone.

    Raises Denied, or Stale; a person must state the version seen.
    """
    Contract.objects.select_for_update().get(pk=candidate.contract_id)
    candidate = (
        Candidate.objects.select_for_update(of=("self",))
        .select_related("legal_entity", "contract")
        .get(pk=candidate.pk)
    )
    if isinstance(by, User):
        policies.can_dissolve(candidate, by).or_raise()
        if seen_version is None:
            raise Stale("Say which version of the candidate you saw.")
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.DISSOLVED)
    if seen_version not in {None, candidate.version}:
        raise Stale
    limits.give_back(candidate)
    Piece.objects.filter(candidate_line__candidate=candidate).update(
        state=Piece.State.BILLABLE, candidate_line=None, net=None
    )
    _gone(candidate, by, reason)
    work.decide_soon([(candidate.contract_id, None)], caused_by=f"{candidate.number} dissolved")
    return candidate


def _gone(candidate: Candidate, by: Actor, reason: str) -> None:
    """Nothing is in it any more: status, approvals, cases and a refused effect follow."""
    posting.withdraw(candidate, by=by, reason=reason)
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.DISSOLVED)
    candidate.status = Candidate.Status.DISSOLVED
    candidate.version += 1
    candidate.save()
    lapse_approvals(candidate)
    checks.clear_cases(candidate)
    event(
        "billing.candidate.dissolved",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        reason=reason,
    )


def lapse_approvals(candidate: Candidate) -> int:
    """Approvals of figures that moved do not count any more."""
    return Approval.objects.filter(candidate=candidate, lapsed_at__isnull=True).update(lapsed_at=now())


@transaction.atomic
def into_next_period(effect: Effect, by: Actor, reason: str) -> None:
    """Date an invoice that is late into the next open period: its effect is withdrawn, tax is quoted for the new date,
    and it has to be approved again. Raises Denied when it is not on its way, NotReady when no later period is open.
    """
    rows = Candidate.objects.select_for_update(of=("self",)).select_related("legal_entity", "contract", "bill_to")
    candidate = rows.get(number=effect.business_key)
    if candidate.status != Candidate.Status.POSTING:
        raise Denied(f"{candidate.number} is {candidate.get_status_display().lower()}, not on its way to the ERP.")
    before = candidate.accounting_date
    on = next_period(candidate.legal_entity, before)
    if on is None:
        raise NotReady(f"No period of {candidate.legal_entity.code} after {before} is open.")
    posting.withdraw(candidate, by=by, reason=reason)
    candidate.refresh_from_db()
    lapsed = lapse_approvals(candidate)
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.BUILDING)
    candidate.invoice_date = candidate.accounting_date = candidate.posts_from = on
    candidate.status = Candidate.Status.BUILDING
    candidate.version += 1
    candidate.save()
    event(
        "billing.candidate.redated",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        reason=reason,
        before=before,
        after=on,
        lapsed=lapsed,
    )
    quote_soon(candidate)


@transaction.atomic
def let_go(*, event_ids: Sequence[int], by: Actor) -> int:
    """Take the pieces of these events out of every candidate that is not posting, and reprint what is left.

    The caller holds the rows of their contracts.
    """
    pieces = Piece.objects.filter(event__in=event_ids, is_current=True, state=Piece.State.RESERVED)
    ids = set(pieces.values_list("candidate_line__candidate", flat=True))
    # The status is asked again under the lock: one that began to post meanwhile keeps its work.
    touched = list(
        Candidate.objects.select_for_update(of=("self",))
        .select_related("legal_entity", "bill_to")
        .filter(pk__in=ids, status__in=OPEN)
        .order_by("pk")
    )
    for candidate in touched:
        limits.give_back(candidate)
    freed = pieces.filter(candidate_line__candidate__in=touched)
    gone = Piece.objects.filter(pk__in=list(freed.values_list("pk", flat=True))).update(
        state=Piece.State.BILLABLE, candidate_line=None, net=None
    )
    for candidate in touched:
        _reprint(candidate, by)
    return gone


def _reprint(candidate: Candidate, by: Actor) -> None:
    left = limits.pieces_of(candidate)
    if not left:
        _gone(candidate, by, "Nothing is left in it")
        return
    posting.withdraw(candidate, by=by, reason="Work left the candidate")
    lapsed = lapse_approvals(candidate)
    _print(candidate, left)
    limits.reserve(candidate)
    if candidate.status != Candidate.Status.BUILDING:
        CANDIDATE_MOVES.check(candidate.status, Candidate.Status.BUILDING)
    candidate.status = Candidate.Status.BUILDING
    candidate.version += 1
    candidate.save()
    event(
        "billing.candidate.reprinted",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        net=candidate.net,
        lapsed=lapsed,
    )
    quote_soon(candidate)


@transaction.atomic
def let_go_held(*, contract: Contract, hold: Hold, by: Actor) -> int:
    """Take newly held work out of open candidates."""
    Contract.objects.select_for_update().get(pk=contract.pk)
    pieces = Piece.objects.filter(contract=contract, is_current=True, state=Piece.State.RESERVED)
    narrow = {
        "event": Q(event__work_key=hold.target_id),
        "milestone": Q(event__milestone_id=hold.target_id),
        "project": Q(event__project_id=hold.target_id),
        "line": Q(line_id=hold.target_id),
    }.get(hold.scope, Q())
    return let_go(event_ids=list(pieces.filter(narrow).values_list("event_id", flat=True)), by=by)


def quote_soon(candidate: Candidate) -> None:
    """Have tax quoted and the checks run, in the candidate's own lane."""
    items.enqueue(
        "billing.quote",
        lane=f"candidate:{candidate.pk}",
        stage="post",
        payload={"candidate": candidate.pk},
        dedupe="quote",
        legal_entity=candidate.legal_entity.code,
        amount=candidate.net,
        currency=candidate.currency,
    )


def check_soon(*, contract_id: int) -> None:
    """Have the checks of a contract's open candidates run again; what the ERP refused waits for a person."""
    _check(Candidate.objects.filter(contract=contract_id, status__in=CHECKED))


def check_waiting(*, codes: Collection[str]) -> None:
    """Have the checks of candidates run again that one of these codes stops."""
    _check(Candidate.objects.filter(status=Candidate.Status.NEEDS_ATTENTION, codes__overlap=list(codes)))


def _check(rows: QuerySet[Candidate]) -> None:
    for candidate in rows.select_related("legal_entity").order_by("pk"):
        items.enqueue(
            "billing.check",
            lane=f"candidate:{candidate.pk}",
            stage="post",
            payload={"candidate": candidate.pk},
            dedupe="check",
            legal_entity=candidate.legal_entity.code,
        )
