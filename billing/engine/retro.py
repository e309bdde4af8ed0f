"""Prices that change for the past (billing.md R8): what posted work is short of them, and what becomes of that.

Three ways are agreed, by contract or by amendment. What is posted is credited whole and charged anew; or it stays and
one line bills the difference; or it stays at its price, and the difference is kept in sight without being billed. They
answer to prices alone: work that changed itself is credited and charged anew in any case (R11).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from billing.engine.agreed import RetroMode
from billing.engine.corrections import Correction, owed
from billing.engine.notation import maybe, plain
from billing.engine.standing import open_minutes
from billing.engine.values import ZERO, BilledPart, Line, PieceResult, Price, State, Work

CLAIM = "RETRO_CLAIM"
"""Why a difference is not billed: posted work keeps its price."""
PRICES = {"rate", "amount"}
_NOISE = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What each posted part of a work is short of its price of today, differences billed before counted; may be
    negative. `now` is that price: per hour, or of the whole work where it has no minutes.
    """

    parts: tuple[tuple[BilledPart, Decimal], ...]
    now: Decimal

    @property
    def total(self) -> Decimal:
        """Of all parts."""
        return sum((amount for _, amount in self.parts), ZERO)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of a shortfall: the way that was `agreed`, the one `applied`, and why that is another.

    `later`: differences are on their way to the client, and nothing is taken back before they are posted.
    """

    agreed: RetroMode
    applied: RetroMode | Literal["later"]
    because: str
    short: Shortfall


def treatment(
    agreed: RetroMode, work: Work, found: Correction, line: Line | None, price: Callable[[], Price]
) -> Treatment | None:
    """What becomes of posted work that differs by its `price` alone; None where anything else differs, or where the
    difference cannot be told part by part (several prices by volume, parts billed at nothing): it is credited whole.

    Only a price that rises is billed as a difference.
    """
    if {difference["what"] for difference in found.because} - PRICES:
        return None
    short = None if line is None or line.method == "retainer_hours" else _shortfall(work, price())
    if short is None or any(part.event_id != work.event_id for part in work.billed):
        return None
    falls = agreed == "delta" and any(amount < 0 for _, amount in short.parts)
    applied: RetroMode = "reverse_and_rebill" if falls else agreed
    if applied == "reverse_and_rebill" and any(part.moving for part in work.billed):
        return Treatment(agreed, "later", "a difference is on its way", short)
    return Treatment(agreed, applied, "the price falls" if falls else "", short)


def _shortfall(work: Work, price: Price) -> Shortfall | None:
    now = price.hourly if work.minutes is not None else price.value
    if now is None or price.value is None or price.slices or price.allowed:
        return None
    found: list[tuple[BilledPart, Decimal]] = []
    for part in work.billed:
        amount = owed(work, part, price) if part.adjusts is None else ZERO
        if amount is None:
            return None
        if part.adjusts is None:
            found.append((part, amount))
    if not found:
        return None
    left = price.value - (ZERO if work.minutes is not None else work.locked_amount)
    rest = left - sum((amount for _, amount in found), ZERO)
    if not open_minutes(work) if work.minutes is not None else abs(rest) <= _NOISE:
        last, amount = found[-1]
        found[-1] = (last, amount + rest)  # so that parts and value agree to the last digit
    return Shortfall(tuple(found), now)


def kept_apart(work: Work, found: Treatment) -> Work:
    """The work as if its shortfall were locked as well: what else is open of it is charged like any other."""
    due: dict[int, Decimal] = {}
    for part, amount in found.short.parts:
        if part.payer_id is not None:
            due[part.payer_id] = due.get(part.payer_id, ZERO) + amount
    by_payer = tuple((payer, minutes, amount + due.get(payer, ZERO)) for payer, minutes, amount in work.locked_by)
    return replace(work, locked_amount=work.locked_amount + found.short.total, locked_by=by_payer, billed=())


def claims(found: Treatment, currency: str) -> tuple[PieceResult, ...]:
    """The differences that are not billed, a matter between people: kept in sight, each beside what it is about."""
    return _beside(found, "non_billable", (CLAIM,), currency) if found.applied == "prospective" else ()


def differences(found: Treatment, currency: str) -> tuple[PieceResult, ...]:
    """The differences that are to be billed, each to who was billed what it is about; limits and holds come after."""
    return _beside(found, "billable", (), currency) if found.applied == "delta" else ()


def _beside(found: Treatment, state: State, codes: tuple[str, ...], currency: str) -> tuple[PieceResult, ...]:
    return tuple(
        PieceResult(
            state, codes, part.line_id, None, None, None, amount, currency, adjusts=part.piece_id,
            payer_id=part.payer_id, percent=part.percent,
        )
        for part, amount in found.short.parts
        if amount
    )  # fmt: skip


def facts(found: Treatment) -> dict[str, Any]:
    """A treatment as JSON."""
    parts = [
        {
            "piece": part.piece_id,
            "was": maybe(part.rate if part.rate is not None else part.worth),
            "short": plain(amount),
        }
        for part, amount in found.short.parts
    ]
    other = {"because": found.because} if found.because else {}
    return {"agreed": found.agreed, "applied": found.applied, "now": plain(found.short.now), "parts": parts, **other}
