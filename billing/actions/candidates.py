"""Invoice candidates: reserve billable work, print lines, keep them true to what lies behind them (R22)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet

from billing import policies, supplemental, terms
from billing.actions import checks, limits, posting, unserved, work
from billing.actions.printing import print_candidate
from billing.models import (
    CANDIDATE_MOVES,
    Approval,
    BillingRun,
    Candidate,
    CreditOrder,
    CreditReason,
    Hold,
    HoldEffect,
    Piece,
)
from contracts.models import BillTo, Contract, PurchaseOrder
from contracts.periods import next_period, open_period
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, event
from integration_hub.work.actions import items

REBUILT = ("building", "needs_attention", "ready", "returned")
CHECKED = (*REBUILT, "approved")
OPEN = (*CHECKED, "rejected")

Dated = tuple[int, date]
"""A piece by its id, and the service date of its work."""


@transaction.atomic
def clear(*, contract: Contract, because: str) -> int:
    """Dissolve the open candidates nobody approved, so that a run finds one truth per contract. Returns how many.

    What a person asked to be credited, released or billed ahead, stays: no run would make it again.
    """
    standing = Candidate.objects.filter(
        contract=contract, status__in=REBUILT, credit_order=None, is_release=False, is_deposit=False
    )
    found = list(standing.order_by("-pk"))  # an invoice before the credit memo whose room it takes
    for candidate in found:
        dissolve(candidate=candidate, by="system:billing", reason=because)
    return len(found)


@transaction.atomic
def build(*, contract: Contract, run: BillingRun) -> list[Candidate]:
    """Put all billable work of a contract through the run's date into an invoice for each who pays for it (R15).

    What is to be credited goes into credit memos of its own. The caller has cleared the contract and decided its work,
    and holds the contract's row.
    """
    stops = terms.holds_on(contract).filter(effect=HoldEffect.NO_BILL, scope__in=["contract", "customer", "bill_to"])
    if stops.exists() and not contract.payer_splits.exists():  # of several payers the decisions say who is stopped
        return []
    charges, taken_back = _due(contract, run)
    _credit_memos(contract, run, taken_back)
    return [
        _invoice(contract, run, _payer(contract, payer), some, is_supplemental=is_supplemental)
        for (payer, is_supplemental), some in sorted(charges.items())
    ]


Due = dict[tuple[int, bool], list[Dated]]
"""What there is to charge, by who pays it and whether it is late work for an invoice of its own."""


def _due(contract: Contract, run: BillingRun) -> tuple[Due, list[Piece]]:
    """What there is to charge and what there is to credit; all of it locked, in order of its days."""
    rows = Piece.objects.select_for_update(of=("self",), no_key=True).filter(
        contract=contract, is_current=True, state=Piece.State.BILLABLE, event__service_date__lte=run.through
    )
    in_order = rows.order_by("event__service_date", "event_id", "number")
    covered = supplemental.covered(contract)
    late = supplemental.came_late(rows) if covered else ()
    charges: Due = {}
    taken_back = []
    for pk, day, corrects, share_of in in_order.values_list("pk", "event__service_date", "corrects", "bill_to"):
        if corrects:
            taken_back.append(pk)
        elif payer := share_of or contract.bill_to_id:
            own = payer in covered and day <= covered[payer] and pk in late
            charges.setdefault((payer, own), []).append((pk, day))
    memos = Piece.objects.filter(pk__in=taken_back).order_by("event__service_date", "event_id", "number")
    whole = memos.select_related("event", "corrects__candidate_line__candidate__bill_to")
    return charges, list(whole) if taken_back else []


def _payer(contract: Contract, payer: int) -> BillTo:
    own = contract.bill_to
    return own if own is not None and own.pk == payer else BillTo.objects.select_related("customer").get(pk=payer)


def _invoice(
    contract: Contract, run: BillingRun, payer: BillTo, pieces: Sequence[Dated], *, is_supplemental: bool
) -> Candidate:
    shell = _shell(contract, run, pieces[-1][1])
    shell.is_supplemental = is_supplemental
    shell.bill_to, shell.purchase_order = payer, _purchase_order(contract, run, payer)
    if payer.pk != contract.bill_to_id:
        shell.number += f"-P{payer.pk}"
    if is_supplemental:
        shell.number += "-S"
    return _fill(shell, [pk for pk, _ in pieces])


def _credit_memos(contract: Contract, run: BillingRun, pieces: Sequence[Piece]) -> None:
    """A credit memo per bill-to and purchase order that was billed: they get back what they were charged (R20).

    They come before the charges, which may take the room they leave under caps.
    """
    billed: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        origin = _origin(piece)
        billed.setdefault((origin.bill_to_id, origin.purchase_order_id or 0), []).append(piece)
    for position, (_, some) in enumerate(sorted(billed.items()), start=1):
        shell, origin = _shell(contract, run, some[-1].event.service_date), _origin(some[0])
        shell.kind = Candidate.Kind.CREDIT_MEMO
        shell.bill_to, shell.purchase_order = origin.bill_to, origin.purchase_order
        shell.number += f"-C{position}"
        _fill(shell, [piece.pk for piece in some])


def _origin(piece: Piece) -> Candidate:
    """The posted candidate that charged what a credit takes back."""
    if piece.corrects is None or piece.corrects.candidate_line is None:
        raise ValueError(f"Piece {piece.pk} credits nothing that is posted.")
    return piece.corrects.candidate_line.candidate


def _shell(contract: Contract, run: BillingRun, last_day: date) -> Candidate:
    """A candidate of a run, not stored yet, dated by the last day of its work (R10)."""
    return Candidate(
        run=run,
        legal_entity=contract.legal_entity,
        contract=contract,
        number=f"TL-{contract.legal_entity.code}-{run.pk:04d}-{contract.pk:05d}",
        currency=contract.currency,
        invoice_date=run.invoice_date,
        accounting_date=open_period(contract.legal_entity, last_day) or last_day,
        through=run.through,
        prepared_by=run.started_by,
    )


def _fill(candidate: Candidate, pieces: Sequence[int]) -> Candidate:
    candidate.save()
    print_candidate(candidate, pieces)
    limits.reserve(candidate)
    event(
        "billing.candidate.built",
        by=candidate.prepared_by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        net=candidate.net,
        pieces=len(pieces),
    )
    quote_soon(candidate)
    return candidate


def _purchase_order(contract: Contract, run: BillingRun, payer: BillTo) -> PurchaseOrder | None:
    """The payer's own order; one that names no payer is that of the contract's own bill-to."""
    whose = Q(bill_to=payer) | (Q(bill_to=None) if payer.pk == contract.bill_to_id else Q(pk__in=[]))
    given = contract.purchase_orders.filter(whose)
    valid = given.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=run.invoice_date))
    return valid.order_by("id").first() or given.order_by("-id").first()


@transaction.atomic
def dissolve(*, candidate: Candidate, by: Actor, reason: str, seen_version: int | None = None) -> Candidate:
    """Take an unposted candidate apart: its work is billable again, its reservations and approvals are gone.

    Raises Denied, or Stale; a person must state the version seen.
    """
    Contract.objects.select_for_update(no_key=True).get(pk=candidate.contract_id)
    candidate = (
        Candidate.objects.select_for_update(of=("self",), no_key=True)
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
    for other in rebills(candidate):
        dissolve(candidate=other, by="system:billing", reason=f"Its credit memo {candidate.number} is gone")
    limits.give_back(candidate)
    Piece.objects.filter(candidate_line__candidate=candidate).update(
        state=Piece.State.BILLABLE, candidate_line=None, net=None
    )
    _gone(candidate, by, reason)
    work.decide_soon([(candidate.contract_id, None)], caused_by=f"{candidate.number} dissolved")
    return candidate


def rebills(credit: Candidate) -> QuerySet[Candidate]:
    """Unposted invoices that charge anew what a credit memo takes back: without it they would charge it twice."""
    if credit.kind != Candidate.Kind.CREDIT_MEMO:
        return Candidate.objects.none()
    credited = Piece.objects.filter(candidate_line__candidate=credit).values("event")
    charged = Piece.objects.filter(event__in=credited, corrects__isnull=True, state=Piece.State.RESERVED)
    ids = list(charged.values_list("candidate_line__candidate", flat=True).distinct())
    return Candidate.objects.filter(pk__in=ids).order_by("-pk")


def _gone(candidate: Candidate, by: Actor, reason: str) -> None:
    """Nothing is in it any more: status, approvals, cases and a refused effect follow."""
    posting.withdraw(candidate, by=by, reason=reason)
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.DISSOLVED)
    candidate.status = Candidate.Status.DISSOLVED
    candidate.version += 1
    candidate.save()
    lapse_approvals(candidate)
    checks.clear_cases(candidate)
    if CreditOrder.objects.filter(candidate=candidate, reason=CreditReason.TERMINATED).exists():
        unserved.tell(contract=candidate.contract, by=by)
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
    rows = Candidate.objects.select_for_update(of=("self",), no_key=True).select_related(
        "legal_entity", "contract", "bill_to"
    )
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
def let_go(*, event_ids: Sequence[int], by: Actor, only: Q | None = None) -> int:
    """Take the pieces of these events, or only some of them, out of every candidate that is not posting, and reprint
    what is left. The caller holds the rows of their contracts.
    """
    pieces = Piece.objects.filter(only or Q(), event__in=event_ids, is_current=True, state=Piece.State.RESERVED)
    ids = set(pieces.values_list("candidate_line__candidate", flat=True))
    # The status is asked again under the lock: one that began to post meanwhile keeps its work.
    touched = list(
        Candidate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "bill_to")
        .filter(pk__in=ids, status__in=OPEN)
        .order_by("pk")
    )
    for candidate in reversed(touched):
        limits.give_back(candidate)
    freed = pieces.filter(candidate_line__candidate__in=touched)
    gone = Piece.objects.filter(pk__in=list(freed.values_list("pk", flat=True))).update(
        state=Piece.State.BILLABLE, candidate_line=None, net=None
    )
    for candidate in touched:
        reprint(candidate, by, "Work left the candidate")
    return gone


def reprint(candidate: Candidate, by: Actor, because: str) -> None:
    """Print anew what is in an open candidate that has given back what it reserved; its row is held."""
    left = list(Piece.objects.filter(candidate_line__candidate=candidate, is_current=True).values_list("pk", flat=True))
    if not left:
        _gone(candidate, by, "Nothing is left in it")
        return
    posting.withdraw(candidate, by=by, reason=because)
    lapsed = lapse_approvals(candidate)
    print_candidate(candidate, left)
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
    Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
    pieces = Piece.objects.filter(contract=contract, is_current=True, state=Piece.State.RESERVED)
    narrow = {
        "event": Q(event__work_key=hold.target_id),
        "milestone": Q(event__milestone_id=hold.target_id),
        "project": Q(event__project_id=hold.target_id),
        "line": Q(line_id=hold.target_id),
        "bill_to": Q(candidate_line__candidate__bill_to=hold.target_id),
        "customer": Q(candidate_line__candidate__bill_to__customer=hold.target_id),
    }.get(hold.scope, Q())
    if hold.scope == "customer" and hold.target_id == str(contract.customer_id):
        narrow = Q()  # what others pay for the client's work is the client's work
    touched = list(pieces.filter(narrow).values_list("event_id", flat=True))
    return let_go(event_ids=touched, by=by, only=narrow if hold.scope in ("bill_to", "customer") else None)


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


def check_soon(*, contract_ids: Collection[int], acts: Mapping[int, str] | None = None) -> None:
    """Have the checks of contracts' open candidates run again; what the ERP refused waits for a person.

    They belong to the current act, or where `acts` names one for the contract, to that.
    """
    if contract_ids:
        _check(Candidate.objects.filter(contract__in=contract_ids, status__in=CHECKED), acts or {})


def check_open(*, legal_entity: str) -> None:
    """Have the checks of all open candidates of a legal entity run again; "": of all."""
    rows = Candidate.objects.filter(status__in=CHECKED)
    _check(rows.filter(legal_entity__code=legal_entity) if legal_entity else rows, {})


def check_waiting(*, codes: Collection[str]) -> None:
    """Have the checks of candidates run again that one of these codes stops."""
    _check(Candidate.objects.filter(status=Candidate.Status.NEEDS_ATTENTION, codes__overlap=list(codes)), {})


def _check(rows: QuerySet[Candidate], acts: Mapping[int, str]) -> None:
    items.enqueue_many(
        [
            items.ItemIn(
                "billing.check",
                lane=f"candidate:{candidate.pk}",
                stage="post",
                payload={"candidate": candidate.pk},
                dedupe="check",
                legal_entity=candidate.legal_entity.code,
                correlation_id=acts.get(candidate.contract_id),
            )
            for candidate in rows.select_related("legal_entity").order_by("pk")
        ]
    )
