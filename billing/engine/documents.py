"""From pieces to printed lines (billing.md R6, R7): round once per line, share the cents."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, Inexact, localcontext
from typing import Literal

from billing.engine.notation import plain
from billing.engine.pricing import MINUTES_PER_HOUR, time_value
from billing.engine.schedule import month_start
from billing.engine.values import ZERO, Grouping, PrintedKind
from integration_hub.kernel.money import Rounding, minor_units, round_money, share

TaxLevel = Literal["invoice", "line"]
_DIGITS = 60
_EXACT = Context(prec=_DIGITS, traps=[Inexact])
"""Sums and products in it are exact, or raise `decimal.Inexact`."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a hard cap has left before this document, in money. `line_id` None: the whole contract.

    `month` names the only month of service dates that counts, by its first day; lines in `without` take no room.
    """

    left: Decimal
    line_id: int | None = None
    includes_expenses: bool = False
    month: date | None = None
    without: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPiece:
    """A billable piece on its way to a printed line. `description` heads its line when it prints alone (grouping none,
    expenses, milestones, fees); `resource_label`, `role`, `task_label` name the groups. `amount` is exact. Differences
    in price of one posted line, which they name (`adjusts`), print as one.
    """

    id: int
    kind: PrintedKind
    contract_line_id: int
    service_date: date
    minutes: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal
    currency: str
    description: str = ""
    resource: str = ""
    resource_label: str = ""
    role: str = ""
    task_code: str = ""
    task_label: str = ""
    service_to: date | None = None
    adjusts: int | None = None


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line as the client reads it. `net` is rounded once; `shares` are its parts, one per piece of `piece_ids`."""

    kind: PrintedKind
    contract_line_id: int
    description: str
    minutes: Decimal | None
    rate: Decimal | None
    net: Decimal
    service_from: date
    service_to: date
    piece_ids: tuple[int, ...]
    shares: tuple[Decimal, ...]
    adjusts: int | None = None


def print_lines(
    pieces: Iterable[BilledPiece],
    grouping: Grouping,
    currency: str,
    rounding: Rounding = "half_up",
    *,
    rooms: Sequence[Room] = (),
) -> list[PrintedLine]:
    """The lines of a document: time grouped as the bill-to wants, everything else alone; fees after entries.

    Each line is the exact sum of its pieces, rounded once; shares add up to it, cents to the largest remainder, ties to
    the earlier piece. Where rounding up would take the document past a cap of `rooms`, the last lines under that cap
    give the cents back. Raises ValueError for a piece in another currency.
    """
    ordered = sorted(pieces, key=lambda piece: (piece.kind == "fee", piece.service_date, piece.id))
    if odd := [piece.id for piece in ordered if piece.currency != currency]:
        raise ValueError(f"Pieces {odd} are not in {currency}, the currency of the document.")
    groups: dict[tuple[object, ...], list[BilledPiece]] = {}
    for piece in ordered:
        groups.setdefault(_group_key(piece, grouping), []).append(piece)
    nets = [_net(group, currency, rounding) for group in groups.values()]
    _give_back(nets, list(groups.values()), rooms, currency)
    return [_line(group, net, grouping, currency) for group, net in zip(groups.values(), nets, strict=True)]


def share_tax(
    bases: Sequence[tuple[Decimal, Decimal]],
    *,
    level: TaxLevel,
    currency: str,
    rounding: Rounding = "half_up",
) -> list[Decimal]:
    """Tax per line from (net, rate as a fraction): rounded once per rate and shared, or rounded on each line."""
    if level == "line":
        return [round_money(net * rate, currency, rounding) for net, rate in bases]
    taxes = [ZERO] * len(bases)
    groups: dict[Decimal, list[int]] = {}
    for index, (_, rate) in enumerate(bases):
        groups.setdefault(rate, []).append(index)
    for rate, members in groups.items():
        nets = [bases[index][0] for index in members]
        total = round_money(sum(nets, ZERO) * rate, currency, rounding)
        for index, tax in zip(members, share(total, nets, currency), strict=True):
            taxes[index] = tax
    return taxes


_GROUPS: dict[str, Callable[[BilledPiece], object]] = {
    "resource": lambda piece: piece.resource,
    "role": lambda piece: piece.role,
    "task": lambda piece: piece.task_code,
    "rate": lambda piece: piece.rate,
}


def _group_key(piece: BilledPiece, grouping: Grouping) -> tuple[object, ...]:
    if piece.adjusts is not None:
        return ("adjusts", piece.adjusts)
    if grouping == "none" or piece.kind != "time":
        return ("piece", piece.id)
    gratis = piece.rate is not None and not piece.rate  # the client sees what was given on a line of its own
    return ("group", piece.contract_line_id, _GROUPS[grouping](piece), gratis)


def _is_timed(piece: BilledPiece) -> bool:
    """Whether an amount is just its time at its rate."""
    return (
        piece.minutes is not None and piece.rate is not None and time_value(piece.minutes, piece.rate) == piece.amount
    )


def _net(group: Sequence[BilledPiece], currency: str, rounding: Rounding) -> Decimal:
    """The exact sum of a line's pieces, rounded once: where an amount is just its time at its rate, that product itself
    counts, with nothing lost.

    Three times 20 minutes at 142.015 are 142.015, although each is stored as 47.338333.
    """
    timed = [_is_timed(piece) for piece in group]
    with localcontext(_EXACT):
        whole = ZERO
        for piece, is_timed in zip(group, timed, strict=True):
            if is_timed and piece.minutes is not None and piece.rate is not None:
                whole += piece.minutes * piece.rate
            else:
                whole += piece.amount * MINUTES_PER_HOUR
    with localcontext() as context:
        context.prec = _DIGITS
        return round_money(whole / MINUTES_PER_HOUR, currency, rounding)


def _give_back(nets: list[Decimal], groups: list[list[BilledPiece]], rooms: Sequence[Room], currency: str) -> None:
    """Take from the last lines under each cap what rounding up put above it: at most a cent or two per line."""
    for room in sorted(rooms, key=lambda room: (room.line_id is None, room.line_id or 0, room.month or date.min)):
        under = [index for index, group in enumerate(groups) if all(_counts(room, piece) for piece in group)]
        excess = sum((nets[index] for index in under), ZERO) - room.left
        unit = Decimal(1).scaleb(-minor_units(currency))
        tolerance = unit * len(under)
        for index in reversed(under):
            if excess <= 0 or excess > tolerance:
                break
            taken = min(nets[index], -(-excess // unit) * unit)
            nets[index] -= taken
            excess -= taken


def _counts(room: Room, piece: BilledPiece) -> bool:
    if piece.contract_line_id in room.without or (room.line_id or piece.contract_line_id) != piece.contract_line_id:
        return False
    if room.month is not None and room.month != month_start(piece.service_date):
        return False
    return piece.kind not in ("expense", "passed_on") or room.includes_expenses


def _line(group: list[BilledPiece], net: Decimal, grouping: Grouping, currency: str) -> PrintedLine:
    first = group[0]
    timed = [piece.minutes for piece in group if piece.minutes is not None]
    rates = {piece.rate for piece in group}
    return PrintedLine(
        kind=first.kind,
        contract_line_id=first.contract_line_id,
        description=_description(first, grouping, currency),
        minutes=sum(timed, ZERO) if timed else None,
        rate=first.rate if len(rates) == 1 else None,
        net=net,
        service_from=min(piece.service_date for piece in group),
        service_to=max(piece.service_to or piece.service_date for piece in group),
        piece_ids=tuple(piece.id for piece in group),
        shares=tuple(share(net, [piece.amount for piece in group], currency)),
        adjusts=first.adjusts,
    )


def _description(piece: BilledPiece, grouping: Grouping, currency: str) -> str:
    if grouping == "none" or piece.kind != "time" or piece.adjusts is not None:
        return piece.description or piece.task_label or piece.resource_label or piece.role or piece.kind.capitalize()
    if grouping == "resource":
        return piece.resource_label or piece.resource or "Time"
    if grouping == "role":
        return piece.role or "Time"
    if grouping == "task":
        return piece.task_label or piece.task_code or "Time"
    return f"Time at {plain(piece.rate)} {currency} per hour" if piece.rate is not None else "Time"
