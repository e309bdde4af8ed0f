"""The ledgers of caps and purchase orders: room is reserved by a candidate, committed by posting, given back else (R2).

The database refuses to over-commit a hard cap; what is counted here is exact, not rounded.
"""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q

from billing.credited import conceded_by, is_concession
from billing.models import Candidate, CapEntry, Piece
from contracts.models import Cap, Contract, Method, PurchaseOrder
from integration_hub.kernel.money import ZERO


def pieces_of(candidate: Candidate) -> list[Piece]:
    """The work in a candidate, in a stable order."""
    pieces = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True)
    return list(pieces.select_related("event", "line").order_by("pk"))


def taken_by(candidate: Candidate) -> list[Piece]:
    """What counts under limits: the work in a candidate, and what it concedes of work that stays billed."""
    return [*pieces_of(candidate), *conceded_by(candidate)]


def reserve(candidate: Candidate) -> None:
    """Reserve room in caps and purchase order. IntegrityError when a hard cap has not that much left."""
    pieces = taken_by(candidate)
    for cap in (
        Cap.objects.select_for_update(of=("self",), no_key=True).filter(contract=candidate.contract).order_by("pk")
    ):
        amount = _counted(cap, pieces)
        if amount:
            _enter(cap, CapEntry.Kind.RESERVE, candidate, amount)
            Cap.objects.filter(pk=cap.pk).update(reserved=F("reserved") + amount, version=F("version") + 1)
    if candidate.purchase_order_id:
        PurchaseOrder.objects.filter(pk=candidate.purchase_order_id).update(reserved=F("reserved") + candidate.net)


def give_back(candidate: Candidate) -> None:
    """Give back what a candidate reserved; a concession gives its room with its posting, and reserves nothing."""
    if is_concession(candidate):
        return
    for entry in CapEntry.objects.filter(candidate=candidate, kind=CapEntry.Kind.RESERVE).order_by("cap_id"):
        Cap.objects.filter(pk=entry.cap_id).update(reserved=F("reserved") - entry.amount, version=F("version") + 1)
        entry.delete()
    if candidate.purchase_order_id:
        PurchaseOrder.objects.filter(pk=candidate.purchase_order_id).update(reserved=F("reserved") - candidate.net)


def commit(candidate: Candidate) -> None:
    """What was reserved is billed now."""
    for entry in CapEntry.objects.filter(candidate=candidate, kind=CapEntry.Kind.RESERVE).order_by("cap_id"):
        CapEntry.objects.create(
            cap_id=entry.cap_id, kind=CapEntry.Kind.COMMIT, amount=entry.amount, candidate=candidate
        )
        Cap.objects.filter(pk=entry.cap_id).update(
            reserved=F("reserved") - entry.amount, committed=F("committed") + entry.amount, version=F("version") + 1
        )
    if candidate.purchase_order_id:
        PurchaseOrder.objects.filter(pk=candidate.purchase_order_id).update(
            reserved=F("reserved") - candidate.net, committed=F("committed") + candidate.net
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
    standing = Candidate.objects.filter(contract=contract).exclude(status=Candidate.Status.DISSOLVED)
    standing = standing.exclude(~Q(status=Candidate.Status.POSTED), credit_order__rebillable=False)
    for candidate in standing.order_by("pk"):
        pieces = taken_by(candidate)
        posted = candidate.status == Candidate.Status.POSTED
        for cap in caps:
            amount = _counted(cap, pieces)
            if not amount:
                continue
            _enter(cap, CapEntry.Kind.RESERVE, candidate, amount)
            if posted:
                _enter(cap, CapEntry.Kind.COMMIT, candidate, amount)
                cap.committed += amount
            else:
                cap.reserved += amount
    for cap in caps:
        cap.lowered_below_billed = cap.reserved + cap.committed > cap.limit
        cap.version += 1
        cap.save()


def _enter(cap: Cap, kind: str, candidate: Candidate, amount: Decimal) -> None:
    CapEntry.objects.create(cap=cap, kind=kind, amount=amount, candidate=candidate)


def _counted(cap: Cap, pieces: Iterable[Piece]) -> Decimal:
    return sum((piece.amount or ZERO for piece in pieces if _counts(cap, piece)), ZERO)


def _counts(cap: Cap, piece: Piece) -> bool:
    """Whether a piece takes room under a cap: a contract-wide one leaves expenses out, as the engine does (§7)."""
    is_expense = piece.event.kind == "expense"
    if cap.line_id is None:
        return not is_expense
    on_expense_line = piece.line is not None and piece.line.method == Method.EXPENSE
    return cap.line_id == piece.line_id and (not is_expense or on_expense_line)
