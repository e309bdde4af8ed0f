"""What is posted and would be billed otherwise now: it is credited whole and the work charged anew (R8, R9, R11).

A posted piece is compared with what its work is worth under today's terms. Only a positive answer corrects it: where
the price, the line or the approval is not known, what is posted stays, because not knowing is not "worth nothing".
Which line takes the work has no effective dates, so a change of the map reaches only work that is not billed yet; a
billed version of an entry keeps the line and the role it was billed under.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billing.engine.notation import exact_amount, maybe, plain
from billing.engine.values import RATE_PLACES, ZERO, BilledPart, PieceResult, Price, State, Work

_RATE = Decimal(1).scaleb(-RATE_PLACES)


@dataclass(frozen=True, slots=True)
class Correction:
    """The posted parts of one work that are to be credited, and what is different now."""

    parts: tuple[BilledPart, ...]
    because: tuple[dict[str, Any], ...]


def kept(work: Work) -> BilledPart | None:
    """The first billed part of exactly this version: its line and role stay those of the work."""
    if not work.billed:
        return None
    return next((part for part in work.billed if part.event_id == work.event_id), None)


def charged_before(work: Work) -> str | None:
    """How this very version was charged when it was billed, which a change of rules leaves alone; None: it was not.

    Time that was printed at nothing was complimentary: a rate is never nought.
    """
    part = kept(work)
    if part is None:
        return None
    return "complimentary" if work.kind == "time" and not part.amount and not part.rate else "chargeable"


def as_billed(work: Work) -> Work:
    """The work with the line and role it was billed under, where this version of it was billed."""
    line_id, role = filed_as_billed(work.event_id, work.billed, line_id=work.line_id, role=work.role)
    return work if (line_id, role) == (work.line_id, work.role) else replace(work, line_id=line_id, role=role)


def filed_as_billed(
    event_id: int, billed: Sequence[BilledPart], *, line_id: int | None, role: str
) -> tuple[int | None, str]:
    """The line and the role of a version of work: those it was billed under, where it was."""
    part = next((part for part in billed if part.event_id == event_id), None)
    return (line_id, role) if part is None else (part.line_id, part.role or role)


def correction(work: Work, price: Price, line_id: int | None) -> Correction | None:
    """What of the billed parts has to be credited, if anything, for work that can be priced."""
    seen: dict[str, dict[str, Any]] = {}
    for part in work.billed:
        for difference in _differences(work, part, price, line_id):
            seen.setdefault(difference["what"], difference)
    return Correction(work.billed, tuple(seen.values())) if seen else None


def withdrawal(work: Work) -> Correction:
    """All that is billed of work that was taken back."""
    return Correction(work.billed, ({"what": "withdrawn", "was": "billed", "now": None},))


def reopened(work: Work, found: Correction) -> Work:
    """The work as if the credited parts had never been billed; it was in time when it was."""
    minutes = sum((part.minutes or ZERO for part in found.parts), ZERO)
    amount = sum((part.amount for part in found.parts), ZERO)
    return replace(
        work, locked_minutes=work.locked_minutes - minutes, locked_amount=work.locked_amount - amount, billed=(),
        waived=True,
    )  # fmt: skip


def credit_pieces(found: Correction, state: State, codes: tuple[str, ...], currency: str) -> tuple[PieceResult, ...]:
    """One credit per posted part, at its own price."""
    return tuple(
        PieceResult(
            state,
            codes,
            part.line_id,
            None,
            None if part.minutes is None else -part.minutes,
            part.rate,
            -part.amount,
            currency,
            corrects=part.piece_id,
        )
        for part in found.parts
    )


def correction_facts(found: Correction) -> dict[str, Any]:
    """A correction as JSON."""
    credited = [{"piece": part.piece_id, "amount": plain(part.amount)} for part in found.parts]
    return {"because": list(found.because), "credited": credited}


def owed(work: Work, part: BilledPart, price: Price) -> Decimal | None:
    """What a posted part is short of today's price beyond the differences that were billed of it; negative where it is
    too dear. None for a part that was billed at nothing, or whose price was not kept.
    """
    then, now = (part.rate, price.hourly) if work.minutes is not None else (part.worth, price.value)
    if not then or now is None:
        return None
    return exact_amount(part.amount * now / then) - part.amount - part.adjusted


def _differences(work: Work, part: BilledPart, price: Price, line_id: int | None) -> Sequence[dict[str, Any]]:
    if price.free:
        return ({"what": "charge", "was": "charged", "now": price.free},)
    found = list(_of_facts(work, part, line_id)) if part.event_id != work.event_id else []
    if part.adjusts is not None or (part.adjusted and not owed(work, part, price)):
        return found
    if work.minutes is not None:
        was, now = _stored(part.rate), _stored(price.hourly)
        if was != now and was not in map(_stored, price.allowed):
            found.append({"what": "rate", "was": maybe(was), "now": maybe(now)})
    elif part.worth is not None and part.worth != price.value:
        found.append({"what": "amount", "was": plain(part.worth), "now": maybe(price.value)})
    return found


def _of_facts(work: Work, part: BilledPart, line_id: int | None) -> Sequence[dict[str, Any]]:
    """What a later version of the work says otherwise, as far as an invoice shows it."""
    pairs: tuple[tuple[str, object, object], ...] = (
        ("service date", part.service_date.isoformat(), work.service_date.isoformat()),
        ("minutes", maybe(part.worked), maybe(work.minutes)),
        ("line", part.line_id, line_id),
    )
    return [{"what": what, "was": was, "now": now} for what, was, now in pairs if was != now]


def _stored(rate: Decimal | None) -> Decimal | None:
    """A rate at the precision it is stored with."""
    return None if rate is None else rate.quantize(_RATE, ROUND_HALF_UP)
