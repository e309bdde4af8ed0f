"""Holding clocks against their targets: one exception for each subject that is late, one for each that soon will be.

They close themselves: whatever has ended, or is in time again, is not in the next pass.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import CaseIn, MemberIn
from integration_hub.cases.queries import Key
from integration_hub.clocks import reading
from integration_hub.clocks.kinds import root_cause
from integration_hub.clocks.models import Target
from integration_hub.clocks.reading import Group, Instance, Standing
from integration_hub.clocks.registry import CLOCKS, ClockKind
from integration_hub.kernel.clock import now
from integration_hub.work.actions import items
from integration_hub.work.models import Item
from integration_hub.work.registry import Job

KIND = "clocks.watch"
LANE = "clocks:watch"
BY = "system:clocks"
WATCHED = (Standing.LATE, Standing.NEAR)
One = TypeVar("One", Instance, Group)
_BECAUSE = "It has ended, or is in time again."


def due() -> Item | None:
    """The tick: have all clocks held against their targets by the bulk stage; None when one waits or none has any."""
    if not Target.objects.exists():
        return None
    return items.enqueue(KIND, lane=LANE, stage="bulk", payload={}, dedupe=KIND)


def work(job: Job) -> None:
    """The handler: every clock, as of now."""
    as_of = now()
    for _, kind in CLOCKS:
        watch(kind, as_of)


def watch(kind: ClockKind, as_of: datetime) -> None:
    """Make the exceptions of one clock those that hold at a moment."""
    question = reading.Asked(as_of, as_of)
    wanted = (
        _of_groups(kind, reading.groups(kind, question, WATCHED))
        if kind.members == "subject"
        else _of_instances(kind, reading.running(kind, question, WATCHED))
    )
    cases.reconcile(
        codes=[kind.late_code, kind.near_code], wanted=wanted, scope=f"clock:{kind.slug}", by=BY, because=_BECAUSE
    )


def _of_instances(kind: ClockKind, found: Iterable[Instance]) -> dict[Key, CaseIn]:
    wanted: dict[Key, CaseIn] = {}
    for (code, root), some in _by_case(kind, found):
        oldest = min(some, key=lambda one: one.started_at)
        members = tuple(MemberIn(one.record_type, one.record_id, one.label, **_money(kind, one)) for one in some)
        wanted[code, root] = _case(kind, oldest, len(some), members)
    return wanted


def _of_groups(kind: ClockKind, found: Iterable[Group]) -> dict[Key, CaseIn]:
    wanted: dict[Key, CaseIn] = {}
    for (code, root), some in _by_case(kind, found):
        oldest = min(some, key=lambda one: one.started_at)
        members = tuple(
            MemberIn(
                f"clock.{kind.slug}",
                f"{one.subject_id} {one.currency}".rstrip(),
                f"{one.number:,} {kind.counted}",
                **_money(kind, one),
            )
            for one in some
        )
        wanted[code, root] = _case(kind, oldest, sum(one.number for one in some), members)
    return wanted


def _money(kind: ClockKind, one: Instance | Group) -> dict[str, Any]:
    """The amount with its currency and what it is, where it has both."""
    if one.amount is None or not one.currency:
        return {}
    return {"amount": one.amount, "currency": one.currency, "basis": kind.basis}


def _by_case(kind: ClockKind, found: Iterable[One]) -> list[tuple[Key, list[One]]]:
    def key(one: One) -> Key:
        code = kind.late_code if one.standing is Standing.LATE else kind.near_code
        return code, root_cause(kind, one.subject_type, one.subject_id)

    return [(case, list(some)) for case, some in groupby(sorted(found, key=key), key)]


def _case(kind: ClockKind, oldest: Instance | Group, count: int, members: tuple[MemberIn, ...]) -> CaseIn:
    """Worded by what does not move, so that a pass that finds the same writes nothing."""
    over = "is over its target" if oldest.standing is Standing.LATE else "is close to its target"
    within = f"{oldest.within.normalize():f} {kind.unit.label}" if oldest.within is not None else "none"
    return CaseIn(
        title=f"{oldest.subject_label}: {kind.title.lower()} {over}",
        detail=f"From {kind.starts} to {kind.ends}. {count:,} {kind.counted}; the oldest began "
        f"{oldest.started_at:%Y-%m-%d}. Target: {within}.",
        remedy=f"It closes by itself with {kind.ends}. See what it waits for, and do that first.",
        legal_entity=oldest.legal_entity,
        subject=(oldest.subject_type, oldest.subject_id, oldest.subject_label),
        members=members,
    )
