"""Which minutes a minimum increment charges (billing.md R5): per entry, or per person and day in one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.engine.agreed import Increment
from billing.engine.increments import Stretch, billed_minutes
from billing.engine.notation import Part, plain
from billing.engine.pricing import premium
from billing.engine.rates import RateAnswer
from billing.engine.values import ZERO, Line, Settled, Work

Filed = tuple[Line | None, str]
"""The line that takes a work, and how it is charged."""


def charge(works: Sequence[Work], filed: Callable[[Work], Filed], settled: Iterable[Settled]) -> list[Work]:
    """The works with the minutes they are charged with, where their line rounds them and that is not known already.

    What is locked of a pool stays; what joins it later is charged with what is left of the pool's own increment.
    Only charged time is pooled: what is for free must not use up the increment that others pay.
    """
    fixed = {row.event_id: row for row in settled}
    by_line: dict[int, tuple[Increment, list[Work], set[int]]] = {}
    for work in works:
        line, answer = filed(work) if _is_rounded(work) else (None, "")
        if line is not None and line.increment is not None:
            _, members, pooled = by_line.setdefault(line.id, (line.increment, [], set()))
            members.append(work)
            if work.approval == "approved" and answer == "chargeable":
                pooled.add(work.event_id)
    charged: dict[int, Decimal] = {}
    for line_id, (rule, members, pooled) in by_line.items():
        charged |= _of_line(rule, members, pooled, [row for row in fixed.values() if row.line_id == line_id])
    return [replace(work, charged=charged[work.event_id]) if work.event_id in charged else work for work in works]


def _is_rounded(work: Work) -> bool:
    return work.kind == "time" and work.charged is None and not work.withdrawn and (work.minutes or ZERO) > 0


def _of_line(
    rule: Increment, works: Sequence[Work], pooled: set[int], settled: Sequence[Settled]
) -> dict[int, Decimal]:
    """What nobody approved may never come, and what is for free is not paid: they move nothing of the others."""
    if rule.pool == "entry":
        return billed_minutes([_alone(work) for work in works], rule)
    known = {row.event_id: row.charged for row in settled}
    held: dict[str, tuple[Decimal, Decimal]] = {}
    for row in settled:
        if row.gratis:
            continue
        pool = _pool(rule, row.resource, row.on, row.task_code)
        worked, charged = held.get(pool, (ZERO, ZERO))
        held[pool] = worked + row.worked, charged + row.charged
    free = [work for work in works if work.event_id not in known]
    stretches = [
        Stretch(work.event_id, work.minutes or ZERO, _pool(rule, work.resource, work.service_date, work.task_code))
        if work.event_id in pooled
        else _alone(work)
        for work in free
    ]
    return billed_minutes(stretches, rule, held) | {
        work.event_id: known[work.event_id] for work in works if work.event_id in known
    }


def _pool(rule: Increment, resource: str, on: date, task_code: str) -> str:
    return f"{resource}|{on.isoformat()}|{task_code if rule.pool == 'task' else ''}"


def _alone(work: Work) -> Stretch:
    return Stretch(work.event_id, work.minutes or ZERO, f"#{work.event_id}")


def facts(work: Work, rule: Increment) -> dict[str, str]:
    """How worked minutes became charged ones, as JSON."""
    return {
        "worked": plain(work.minutes or ZERO),
        "charged": plain(work.charged or ZERO),
        "unit": plain(rule.unit),
        "mode": rule.mode,
        "factor": plain(rule.factor),
        "floor": plain(rule.floor),
        "pool": rule.pool,
    }


def tell_price(work: Work, line: Line | None, rate: RateAnswer | None, parts: dict[str, Part]) -> None:
    """What else than a rate made the price of time, where something did."""
    factor = premium(line, work, rate.row if rate else None)
    if factor != 1:
        parts["premium"] = Part({"category": work.category, "factor": plain(factor)})
    if line is not None and line.increment is not None and work.charged is not None:
        parts["increment"] = Part(facts(work, line.increment))
