"""Billed work as if it had never been billed: what other rules would have made of it, with the same terms.

Only work all of whose billed parts stand as they were billed can be taken so; and the limits and tiers it used up are
free again, so that all of it is decided together in its order, as it would have been.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.engine.caps import CapBook
from billing.engine.corrections import Correction, reopened
from billing.engine.values import ZERO, BilledPart, CapTerm, Kind, Terms, Work

_ANY_DAY = date.min
"""A limit that is not monthly is the same on every day."""


def as_unbilled(work: Work) -> Work | None:
    """The work without what is posted of it; None where more happened to it than that it was billed.

    That is a later version of it, a credit, a difference in price, what was written off or conceded, and work that is
    not part of its contract any more.
    """
    moved = any(part.event_id != work.event_id or part.adjusts or part.adjusted for part in work.billed)
    if work.withdrawn or moved:
        return None
    found = reopened(work, Correction(work.billed, ()))
    return None if found.locked_minutes or found.locked_amount else found  # `reopened` says that it was in time


def without(terms: Terms, parts: Sequence[tuple[Kind, BilledPart]]) -> Terms:
    """Terms whose limits and tiers were never used by these parts, each with the kind of its work."""
    return replace(terms, caps=_freed(terms, parts), tier_use=_untiered(terms, [part for _, part in parts]))


def _freed(terms: Terms, parts: Iterable[tuple[Kind, BilledPart]]) -> tuple[CapTerm, ...]:
    lines = {line.id: line for line in terms.lines}
    book = CapBook(terms.caps)
    for kind, part in parts:
        line = lines.get(part.line_id)
        book.give_back(line, part.amount, part.service_date, expense=kind == "expense", payer=part.payer_id)
    return tuple(
        replace(cap, used_in=tuple((month, book.used(cap, month)) for month, _ in cap.used_in))
        if cap.period == "month"
        else replace(cap, used=book.used(cap, _ANY_DAY))
        for cap in terms.caps
    )


def _untiered(terms: Terms, parts: Iterable[BilledPart]) -> tuple[tuple[int, Decimal], ...]:
    used = dict(terms.tier_use)
    for part in parts:
        if part.line_id in used and part.rate:
            used[part.line_id] -= part.minutes or ZERO
    return tuple(used.items())
