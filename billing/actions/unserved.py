"""Fees billed for days after the end of their contract: what of them is to be credited (billing.md R26).

A posted fee stays as it was billed. The days that were not served are credited over its line by whoever answers for it,
with the reason `TERMINATED`: never more than is left of the line after other credits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from django.db.models import Sum

from billing import credited
from billing.actions import schedules
from billing.models import Candidate, CandidateLine, CreditReason, InvoiceLine, Piece, ScheduleItem
from contracts.models import Contract
from integration_hub.cases.actions import cases
from integration_hub.kernel.money import ZERO, share
from integration_hub.trail.record import Actor

CODE = "FEE_UNSERVED"
_PREFIX = "contract:"


@dataclass(frozen=True, slots=True)
class Unserved:
    """A posted line of a fee, the net of the days that were not served, and what of that is still to be credited."""

    item: ScheduleItem
    line: InvoiceLine
    unserved: Decimal
    to_credit: Decimal


def of_contract(contract: Contract) -> list[Unserved]:
    """The posted fees of a contract that reach beyond its end, the earliest first; those credited already too."""
    by_item: dict[int, list[Piece]] = {}
    for piece in _posted(contract):
        by_item.setdefault(piece.event.schedule_item_id or 0, []).append(piece)
    lines = [_line(piece) for pieces in by_item.values() for piece in pieces]
    left, given = credited.originals(lines), _given(lines)
    found = []
    for pieces in by_item.values():
        for line, part in zip(map(_line, pieces), _parts(pieces), strict=True):
            open_part = min(part - given.get(line.pk, ZERO), left[line.pk].left)
            found.append(Unserved(_item(pieces[0]), line, part, max(ZERO, open_part)))
    return found


def _posted(contract: Contract) -> list[Piece]:
    rows = (
        Piece.objects.filter(event__contract=contract, event__schedule_item__line__method__in=schedules.MONTHLY)
        .filter(state=Piece.State.POSTED, is_current=True, corrects__isnull=True)
        .select_related(
            "event__schedule_item__line__contract__legal_entity", "candidate_line__invoice_line__invoice",
            "candidate_line__invoice_line__candidate_line",
        )
        .order_by("event__schedule_item__period_from", "event__schedule_item", "pk")
    )  # fmt: skip
    return [row for row in rows if (ends := _ends(_item(row))) is not None and _item(row).last_day > ends]


def _item(piece: Piece) -> ScheduleItem:
    return cast(ScheduleItem, piece.event.schedule_item)  # only pieces of scheduled fees are asked for


def _ends(item: ScheduleItem) -> date | None:
    return item.line.ends_on or item.line.contract.ends_on


def _line(piece: Piece) -> InvoiceLine:
    return cast(CandidateLine, piece.candidate_line).invoice_line  # what is posted is on a line


def _parts(pieces: Sequence[Piece]) -> list[Decimal]:
    """What was not served of one fee, by those who pay it."""
    item = _item(pieces[0])
    ends = _ends(item)
    unserved = ZERO if ends is None else item.amount - schedules.served(item, ends)
    return share(unserved, [_line(piece).net for piece in pieces], item.currency)


def _given(lines: Sequence[InvoiceLine]) -> dict[int, Decimal]:
    """What credits for this reason, on their way or posted, took of lines already."""
    rows = CandidateLine.objects.filter(
        corrects__in=lines, candidate__credit_order__reason=CreditReason.TERMINATED
    ).exclude(candidate__status=Candidate.Status.DISSOLVED)
    return {pk: -net for pk, net in rows.values_list("corrects").annotate(Sum("net")).order_by()}


def tell(*, contract: Contract, by: Actor) -> None:
    """Open the exception of a contract that has such fees, with what is still to be credited; close it when none is."""
    rows = [row for row in of_contract(contract) if row.to_credit]
    cases.set_members(
        code=CODE,
        root_cause=f"{_PREFIX}{contract.number}",
        title=f"{contract.number} was billed for days after its end",
        detail="Fees were invoiced for days that are not served, because the contract ended before.",
        remedy="Credit the days that were not served: open the contract's schedule.",
        legal_entity=contract.legal_entity.code,
        subject=("contracts.contract", str(contract.pk), contract.number),
        members=[
            cases.MemberIn(
                "billing.invoiceline", str(row.line.pk), str(row.line), row.to_credit, contract.currency, "net"
            )
            for row in rows
        ],
        by=by,
        because="The days that were not served are credited.",
    )


def still_owed(root_cause: str) -> bool:
    """Whether the contract `contract:<number>` still has fees to credit."""
    contract = Contract.objects.filter(number=root_cause.removeprefix(_PREFIX)).select_related("legal_entity").first()
    return contract is not None and any(row.to_credit for row in of_contract(contract))
