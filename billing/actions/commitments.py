"""Bill what a client promised and did not use: a true-up per period, credited as far as late work makes up for it."""

from datetime import date
from decimal import Decimal
from typing import cast

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from billing.actions import work
from billing.engine import commitments as engine
from billing.engine.schedule import DAY, Frequency
from billing.models import BillableEvent, Piece
from contracts.models import Contract, ContractLine, Method
from integration_hub.canonical import LinePrices
from integration_hub.kernel.money import ZERO, Rounding, show

QUALIFYING = (Piece.State.BILLABLE, Piece.State.RESERVED, Piece.State.POSTED, Piece.State.POSTPONED)
NOT_FEES = (Method.EXPENSE, Method.RETAINER_PREPAID, Method.COMMITMENT)


def of_contract(contract: Contract) -> list[ContractLine]:
    """The lines on which a client commits to a minimum."""
    rows = contract.lines.filter(method=Method.COMMITMENT).exclude(status=ContractLine.Status.SUSPENDED)
    return list(rows.order_by("number"))


def settle(*, contract: Contract, lines: list[ContractLine], through: date) -> int:
    """State the true-up of every period whose days of grace are over. How many were stated anew.

    The caller holds the contract's row and has had its work decided. What is billed of a true-up is only ever lowered:
    by work that came late, credited against it.
    """
    drafts = []
    for line in lines:
        starts = line.starts_on or contract.starts_on
        grace = LinePrices.model_validate(line.prices).grace_days
        if starts is None or line.amount is None:
            continue
        ends = line.ends_on or contract.ends_on
        frequency = cast(Frequency, line.frequency or "once")
        for whole, served in engine.periods(frequency, starts, ends, through=through - DAY * grace):
            if (draft := _true_up(contract, line, whole, served)) is not None:
                drafts.append(draft)
    return work.record(drafts=drafts, by="system:billing", caused_by="true-up", correct_posted=True) if drafts else 0


def _true_up(contract: Contract, line: ContractLine, whole: engine.Span, served: engine.Span) -> work.Draft | None:
    key = f"commitment:{line.pk}:{whole[0].isoformat()}"
    known = BillableEvent.objects.filter(work_key=key, is_current=True).first()
    currency, rounding = contract.currency, cast(Rounding, contract.legal_entity.rounding)
    due, missing = engine.shortfall(
        line.amount or ZERO, [fees_of(contract, served)], served=served, whole=whole, currency=currency,
        rounding=rounding,
    )  # fmt: skip
    if known is not None and known.amount is not None and _is_posted(known):
        missing = min(missing, known.amount)
    if known is None and not missing:
        return None
    last = served[1] - DAY
    return work.Draft(
        work_key=key,
        kind=BillableEvent.Kind.FEE,
        service_date=last,
        approval=BillableEvent.Approval.APPROVED,
        legal_entity_id=contract.legal_entity_id,
        contract_id=contract.pk,
        line_id=line.pk,
        amount=missing,
        currency=currency,
        description=f"{line.name}, {served[0]:%d %b %Y} – {last:%d %b %Y}, up to {show(due, currency)}",
        is_deleted=not missing,
    )


def fees_of(contract: Contract, served: engine.Span) -> Decimal:
    """What counts towards a commitment: fees for work of these days, billed or to be billed, before tax."""
    pieces = Piece.objects.filter(
        contract=contract, is_current=True, state__in=QUALIFYING,
        event__service_date__gte=served[0], event__service_date__lt=served[1],
    ).exclude(line__method__in=NOT_FEES)  # fmt: skip
    total: Decimal | None = pieces.aggregate(total=Sum(Coalesce(F("net"), F("amount"))))["total"]
    return total or ZERO


def _is_posted(event: BillableEvent) -> bool:
    return event.pieces.filter(is_current=True, state=Piece.State.POSTED).exists()
