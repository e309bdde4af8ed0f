"""What is posted and would be billed otherwise now: it is credited whole and the work charged anew (R8, R9, R11).

A posted piece is compared with what its work is worth under today's terms. Only a positive answer corrects it: where
the price, the line or the approval is not known, what is posted stays, because not knowing is not "worth nothing".
Which line takes the work has no effective dates, so a change of the map reaches only work that is not billed yet; a
billed version of an entry keeps the line and the role it was billed under.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billing.engine.notation import exact_amount, maybe, plain
from billing.engine.payers import payer_facts
from billing.engine.values import RATE_PLACES, ZERO, BilledPart, PieceResult, Price, Share, Work

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


def correction(work: Work, price: Price, line_id: int | None, shares: tuple[Share, ...] = ()) -> Correction | None:
    """What of the billed parts has to be credited, if anything, for work that can be priced and is paid by `shares`."""
    seen: dict[str, dict[str, Any]] = {}
    for part in work.billed:
        for difference in [*_differences(work, part, price, line_id), *_of_payers(part, price, shares)]:
            seen.setdefault(difference["what"], difference)
    return Correction(work.billed, tuple(seen.values())) if seen else None


def withdrawal(work: Work) -> Correction:
    """All that is billed of work that was taken back."""
    return Correction(work.billed, ({"what": "withdrawn", "was": "billed", "now": None},))


def unapproved(work: Work) -> Correction | None:
    """All that is billed of work whose approval was withdrawn since (R19): of a later version, which a person let take
    the place of what is billed. The version that was billed itself stays as it was approved; a refusal is no price.
    """
    if work.approval in ("approved", "rejected") or all(part.event_id == work.event_id for part in work.billed):
        return None
    return Correction(work.billed, ({"what": "approval", "was": "approved", "now": work.approval},))


def reopened(work: Work, found: Correction) -> Work:
    """The work as if the credited parts had never been billed; it was in time when it was."""
    minutes = sum((part.minutes or ZERO for part in found.parts), ZERO)
    amount = sum((part.amount for part in found.parts), ZERO)
    return replace(
        work, locked_minutes=work.locked_minutes - minutes, locked_amount=work.locked_amount - amount, billed=(),
        locked_by=_without(work.locked_by, found.parts), waived=True,
    )  # fmt: skip


def _without(
    locked: Sequence[tuple[int, Decimal, Decimal]], parts: Sequence[BilledPart]
) -> tuple[tuple[int, Decimal, Decimal], ...]:
    """What payers have without these parts."""
    left = {payer: (minutes, amount) for payer, minutes, amount in locked}
    for part in parts:
        if part.payer_id in left:
            minutes, amount = left[part.payer_id]
            left[part.payer_id] = minutes - (part.minutes or ZERO), amount - part.amount
    return tuple((payer, *figures) for payer, figures in left.items() if any(figures))


def credit_pieces(
    found: Correction, stops: Callable[[BilledPart], tuple[str, ...]], currency: str
) -> tuple[PieceResult, ...]:
    """One credit per posted part, at its own price; held where `stops` names codes for it."""
    return tuple(
        PieceResult(
            "held" if stops(part) else "billable",
            stops(part),
            part.line_id,
            None,
            None if part.minutes is None else -part.minutes,
            part.rate,
            -part.amount,
            currency,
            corrects=part.piece_id,
            payer_id=part.payer_id,
            percent=part.percent,
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


def _of_payers(part: BilledPart, price: Price, shares: tuple[Share, ...]) -> Sequence[dict[str, Any]]:
    """A part that is billed to somebody else now, or at another percentage."""
    billed = (part.payer_id, part.percent)
    as_now = billed in [(share.payer_id, share.percent) for share in shares] if shares else billed == (None, None)
    if price.free or as_now:
        return ()
    was = None if part.percent is None else [{"payer": part.payer_id, "percent": plain(part.percent)}]
    return ({"what": "payers", "was": was, "now": payer_facts(shares) or None},)


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
