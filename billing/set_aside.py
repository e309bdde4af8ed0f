"""What of work can be set aside before it is billed, and what is already: reads that screens and actions share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from billing.engine.disposals import MISFIT
from billing.models import BillableEvent, Candidate, Piece, WriteDown
from contracts.models import Contract
from integration_hub.kernel.money import ZERO

OPEN = (
    Piece.State.BILLABLE, Piece.State.HELD, Piece.State.BLOCKED, Piece.State.OVER_CAP, Piece.State.POSTPONED,
    Piece.State.RESERVED,
)  # fmt: skip
_GONE = (Candidate.Status.POSTING, Candidate.Status.POSTED)


@dataclass(slots=True)
class OpenWork:
    """What is open of one work: nothing of it is posted or on its way. `rate` where all of it has the same."""

    event: BillableEvent
    minutes: Decimal | None
    value: Decimal
    rate: Decimal | None
    currency: str
    one_price: bool = True


def pieces(contract: Contract) -> QuerySet[Piece]:
    """The priced pieces of a contract's current work that are not billed, in candidates that can let them go too."""
    rows = Piece.objects.filter(
        contract=contract, is_current=True, state__in=OPEN, amount__gt=0, corrects__isnull=True, adjusts__isnull=True,
        event__is_current=True,
    )  # fmt: skip
    return rows.exclude(candidate_line__candidate__status__in=_GONE)


def open_works(contract: Contract, keys: Collection[str]) -> dict[str, OpenWork]:
    """What is open of works, by key; a work of which nothing is open is not there.

    What is worth more than was written off of it is not open again: that write-down is reversed first.
    """
    rows = pieces(contract).filter(event__work_key__in=list(keys)).exclude(codes__contains=[MISFIT])
    rows = rows.select_related("event__resource", "event__milestone")
    return _by_work(rows.order_by("event_id", "number"))


def _by_work(rows: Iterable[Piece]) -> dict[str, OpenWork]:
    found: dict[str, OpenWork] = {}
    for row in rows:
        known = found.get(row.event.work_key)
        if known is None:
            found[row.event.work_key] = OpenWork(row.event, row.minutes, row.amount or ZERO, row.rate, row.currency)
            continue
        known.value += row.amount or ZERO
        if row.minutes is not None:
            known.minutes = (known.minutes or ZERO) + row.minutes
        known.one_price = known.one_price and row.rate == known.rate
    return found


def unbilled(contract: Contract) -> Decimal:
    """The value of a contract's unbilled work, which the share of a write-down is measured against."""
    return pieces(contract).aggregate(total=Sum("amount"))["total"] or ZERO


def of_work(keys: Collection[str]) -> QuerySet[WriteDown]:
    """Write-downs that touch works, newest first."""
    rows = WriteDown.objects.filter(parts__work_key__in=list(keys)).distinct()
    return rows.select_related("contract", "legal_entity", "proposed_by").order_by("-pk")


def standing(contract: Contract, keys: Collection[str]) -> QuerySet[WriteDown]:
    """Proposals and postponements that stand over works of a contract."""
    which = Q(status="proposed") | Q(kind="postponement", status="in_force")
    return WriteDown.objects.filter(which, contract=contract, parts__work_key__in=list(keys)).distinct()


def in_force(write_down: WriteDown) -> dict[str, Decimal]:
    """What is written off of each of its works at present, over all write-downs, by key."""
    keys = write_down.parts.values("work_key")
    rows = Piece.objects.filter(
        contract=write_down.contract_id, event__work_key__in=keys, is_current=True, state=Piece.State.WRITTEN_OFF
    )
    return dict(rows.order_by().values_list("event__work_key").annotate(Sum("amount")))
