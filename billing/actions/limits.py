"""The ledgers of caps and purchase orders: room is reserved by a candidate, committed by posting, given back else (R2).

The database refuses to over-commit a hard cap; what is counted here is exact, not rounded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, TruncMonth

from billing.actions import deposit_ledger, prepaid, retention_ledger
from billing.credited import conceded_by, is_concession
from billing.engine.schedule import month_start
from billing.models import Candidate, CapEntry, Piece
from contracts.models import Cap, CapMonth, Contract, Method, PurchaseOrder
from integration_hub.kernel.money import ZERO


@dataclass(frozen=True, slots=True)
class Taken:
    """What work of one payer, line, kind and month (by its first day) takes of the limits that count it.

    `payer_id` is the bill-to whose share it is, None where the contract's own pays all of it.
    """

    payer_id: int | None
    line_id: int | None
    method: str
    kind: str
    month: date
    amount: Decimal


def taken_by(candidate: Candidate) -> list[Taken]:
    """What counts under limits: the work in a candidate, and what it concedes of work that stays billed.

    Work counts in the month of its own version, a credit in that of what it credits.
    """
    day = Coalesce("corrects__event__service_date", "event__service_date")
    pieces = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True)
    sums = (
        pieces.order_by()
        .annotate(month=TruncMonth(day))
        .values_list("bill_to", "line", "line__method", "event__kind", "month")
        .annotate(total=Sum("amount"))
    )
    found = [
        Taken(payer, line, method or "", kind, month, total or ZERO) for payer, line, method, kind, month, total in sums
    ]
    return found + [_conceded(piece) for piece in conceded_by(candidate)]


def _conceded(piece: Piece) -> Taken:
    method = piece.line.method if piece.line else ""
    day = piece.corrects.event.service_date if piece.corrects else piece.event.service_date
    return Taken(piece.bill_to_id, piece.line_id, method, piece.event.kind, month_start(day), piece.amount or ZERO)


def reserve(candidate: Candidate) -> None:
    """Reserve room in caps and purchase order, and what it takes of retention and deposits. IntegrityError when a hard
    cap has not that much left.
    """
    retention_ledger.settle(candidate)
    deposit_ledger.settle(candidate)
    rows = Cap.objects.select_for_update(of=("self",), no_key=True).filter(contract=candidate.contract)
    caps = list(rows.order_by("pk"))
    taken = taken_by(candidate) if caps else []
    for cap in caps:
        for month, amount in _counted(cap, taken).items():
            _enter(cap, CapEntry.Kind.RESERVE, candidate, month, amount)
            _move(cap.pk, month, reserved=amount)
    if candidate.purchase_order_id:
        PurchaseOrder.objects.filter(pk=candidate.purchase_order_id).update(reserved=F("reserved") + candidate.worked)


def give_back(candidate: Candidate) -> None:
    """Give back what a candidate reserved, of retention and deposits too, and what it drew on retainers.

    A concession gives its room with its posting, and reserves nothing.
    """
    prepaid.release(candidate)
    retention_ledger.settle(candidate, is_gone=True)
    deposit_ledger.settle(candidate, is_gone=True)
    if is_concession(candidate):
        return
    for entry in _reserved(candidate):
        _move(entry.cap_id, entry.month, reserved=-entry.amount)
        entry.delete()
    if candidate.purchase_order_id:
        PurchaseOrder.objects.filter(pk=candidate.purchase_order_id).update(reserved=F("reserved") - candidate.worked)


def commit(candidate: Candidate) -> None:
    """What was reserved is billed now; what was paid in advance is there to be drawn."""
    prepaid.commit(candidate)
    retention_ledger.settle(candidate)
    deposit_ledger.settle(candidate)
    for entry in _reserved(candidate):
        _enter(entry.cap, CapEntry.Kind.COMMIT, candidate, entry.month, entry.amount)
        _move(entry.cap_id, entry.month, reserved=-entry.amount, committed=entry.amount)
    if candidate.purchase_order_id:
        PurchaseOrder.objects.filter(pk=candidate.purchase_order_id).update(
            reserved=F("reserved") - candidate.worked, committed=F("committed") + candidate.worked
        )


@transaction.atomic
def count_in(*, contract: Contract) -> None:
    """Charge a cap that came into being later with what the contract's candidates and invoices hold already."""
    fresh = (
        Cap.objects.select_for_update(of=("self",), no_key=True)
        .filter(contract=contract, entries__isnull=True)
        .order_by("pk")
    )
    caps = list(fresh)
    if not caps:
        return
    held = {cap.pk: _held_by_candidates(cap, contract) for cap in caps}
    for cap in caps:
        if cap.period == Cap.Period.TOTAL:
            taken = cap.reserved + cap.committed + sum((amount for _, _, amount in held[cap.pk]), ZERO)
            Cap.objects.filter(pk=cap.pk).update(lowered_below_billed=taken > cap.limit)
        for candidate, month, amount in held[cap.pk]:
            _count_in(cap, candidate, month, amount)


def _held_by_candidates(cap: Cap, contract: Contract) -> list[tuple[Candidate, date | None, Decimal]]:
    standing = Candidate.objects.filter(contract=contract).exclude(status=Candidate.Status.DISSOLVED)
    standing = standing.exclude(~Q(status=Candidate.Status.POSTED), credit_order__rebillable=False)
    return [
        (candidate, month, amount)
        for candidate in standing.order_by("pk")
        for month, amount in _counted(cap, taken_by(candidate)).items()
    ]


def _count_in(cap: Cap, candidate: Candidate, month: date | None, amount: Decimal) -> None:
    """Months that took more than a new limit allows are lowered below what is billed, like the limit itself."""
    posted = candidate.status == Candidate.Status.POSTED
    _enter(cap, CapEntry.Kind.RESERVE, candidate, month, amount)
    if posted:
        _enter(cap, CapEntry.Kind.COMMIT, candidate, month, amount)
    if month is not None:
        row = _month(cap.pk, month)
        row.lowered_below_billed = row.reserved + row.committed + amount > row.limit
        row.save()
    _move(cap.pk, month, committed=amount) if posted else _move(cap.pk, month, reserved=amount)


def _reserved(candidate: Candidate) -> list[CapEntry]:
    rows = CapEntry.objects.filter(candidate=candidate, kind=CapEntry.Kind.RESERVE)
    return list(rows.select_related("cap").order_by("cap_id", "month"))


def _move(cap_id: int, month: date | None, *, reserved: Decimal = ZERO, committed: Decimal = ZERO) -> None:
    """Move the balance of a cap, and of its month; the database refuses what passes a hard limit."""
    if month is not None:
        CapMonth.objects.filter(pk=_month(cap_id, month).pk).update(
            reserved=F("reserved") + reserved, committed=F("committed") + committed
        )
    Cap.objects.filter(pk=cap_id).update(
        reserved=F("reserved") + reserved, committed=F("committed") + committed, version=F("version") + 1
    )


def _month(cap_id: int, month: date) -> CapMonth:
    cap = Cap.objects.get(pk=cap_id)
    row, _ = CapMonth.objects.get_or_create(cap=cap, month=month, defaults={"kind": cap.kind, "limit": cap.limit})
    return row


def _enter(cap: Cap, kind: str, candidate: Candidate, month: date | None, amount: Decimal) -> None:
    CapEntry.objects.create(cap=cap, kind=kind, amount=amount, candidate=candidate, month=month)


def _counted(cap: Cap, taken: Iterable[Taken]) -> dict[date | None, Decimal]:
    """What work takes of a cap, by month where it is monthly; nothing where it is nought."""
    sums: dict[date | None, Decimal] = {}
    for one in taken:
        if counts(cap, payer_id=one.payer_id, line_id=one.line_id, method=one.method, kind=one.kind):
            month = one.month if cap.period == Cap.Period.MONTH else None
            sums[month] = sums.get(month, ZERO) + one.amount
    return {month: amount for month, amount in sums.items() if amount}


def counts(cap: Cap, *, payer_id: int | None, line_id: int | None, method: str, kind: str) -> bool:
    """Whether work takes room under a cap: a contract-wide one leaves expenses out unless it says otherwise (§7).

    Paying a retainer in advance takes none, and of one payer's limit nobody else does.
    """
    if method == Method.RETAINER_PREPAID or cap.bill_to_id not in (None, payer_id):
        return False
    is_expense = kind == "expense"
    if cap.line_id is None:
        return not is_expense or cap.includes_expenses
    on_expense_line = method == Method.EXPENSE
    return cap.line_id == line_id and (not is_expense or cap.includes_expenses or on_expense_line)
