"""Posting gates: which apply to an effect, whether one is closed, and when it opens."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from integration_hub.effects import calendar
from integration_hub.effects.calendar import CLOCKED, Kind, Rule
from integration_hub.effects.models import Effect, PostingGate
from integration_hub.effects.registry import GATES

Late = PostingGate.Late


@dataclass(frozen=True, slots=True)
class Closed:
    """A gate that is closed for an effect: why, what becomes of what is late, and when it opens if the clock knows."""

    gate: str
    reason: str
    late: str = Late.ASK
    opens: datetime | None = None


def rule_of(gate: PostingGate) -> Rule:
    """The gate's times, as the calendar takes them."""
    return Rule(
        kind=Kind(gate.kind),
        zone=gate.zone,
        weekdays=tuple(gate.weekdays),
        opens=gate.opens or time(0),
        closes=gate.closes or time(0),
        days=tuple(gate.days),
        starts_on=gate.starts_on,
        starts_at=gate.starts_at or time(0),
        ends_on=gate.ends_on,
        ends_at=gate.ends_at or time(0),
        day=gate.day or 1,
        months_after=gate.months_after,
        working_days=gate.working_days,
        locked_through=gate.locked_through,
    )


def active() -> list[PostingGate]:
    """All gates in force, by name."""
    return list(PostingGate.objects.filter(is_active=True).order_by("name"))


def applies(gate: PostingGate, effect: Effect) -> bool:
    """Whether an effect has to pass a gate."""
    if gate.legal_entity and gate.legal_entity != effect.legal_entity:
        return False
    if gate.connection_id is not None and gate.connection_id != effect.connection_id:
        return False
    if gate.effect_type:
        return fnmatchcase(effect.effect_type, gate.effect_type)
    return effect.posting_date is not None


def closed(effects: Sequence[Effect], at: datetime) -> dict[int, Closed]:
    """The gate that is closed for each of these effects, by id: the target's own locks first, then the calendar.

    Each gate is asked once per thing its answer depends on, and the calendar is read once.
    """
    rows, answers = active(), dict[Hashable, str]()
    found: dict[int, Closed] = {}
    for effect in effects:
        if (one := _by_registry(effect, answers) or _by_calendar(effect, rows, at)) is not None:
            found[effect.pk] = one
    return found


def _by_registry(effect: Effect, answers: dict[Hashable, str]) -> Closed | None:
    for name, gate in GATES:
        if gate.applies(effect):
            question = (name, gate.about(effect))
            if question not in answers:
                answers[question] = gate.closed(effect)
            if answers[question]:
                return Closed(name, answers[question])
    return None


def _by_calendar(effect: Effect, rows: Sequence[PostingGate], at: datetime) -> Closed | None:
    """The one that opens last tells when the effect goes; one that does not open by itself comes before all."""
    found = [
        one
        for row in rows
        if applies(row, effect) and (one := closed_by(row, effect.posting_date, at, rows)) is not None
    ]
    return max(found, key=lambda one: one.opens or calendar.EVER, default=None)


def closed_by(gate: PostingGate, posted: date | None, at: datetime, every: Iterable[PostingGate]) -> Closed | None:
    """Whether a gate is closed at an instant for documents of a day."""
    rule = rule_of(gate)
    if rule.kind in CLOCKED:
        if not calendar.is_closed(rule, at):
            return None
        return Closed(gate.name, _said(gate), gate.late, calendar.next_opening(rule, at))
    if posted is None:
        return None
    if rule.kind is Kind.MODULE_LOCK:
        if rule.locked_through is None or posted > rule.locked_through:
            return None
        return Closed(gate.name, f"{gate.name}: locked through {rule.locked_through}.", gate.late)
    missed = calendar.cut_off(rule, posted.replace(day=1), holidays(gate, every))
    if at < missed:
        return None
    local = missed.astimezone(ZoneInfo(gate.zone))
    said = f"{gate.name}: the cut-off of {posted:%B %Y} was {local:%d %b %Y %H:%M} {gate.zone}."
    return Closed(gate.name, said, gate.late)


def holidays(gate: PostingGate, every: Iterable[PostingGate]) -> frozenset[date]:
    """The holidays that a cut-off in working days skips: those of gates for the same legal entity and target."""
    return frozenset(
        day
        for other in every
        if other.kind == Kind.HOLIDAY
        and other.legal_entity in ("", gate.legal_entity)
        and other.connection_id in (None, gate.connection_id)
        for day in other.days
    )


def _said(gate: PostingGate) -> str:
    if gate.kind == Kind.BUSINESS_HOURS:
        return f"{gate.name}: open {gate.opens:%H:%M} to {gate.closes:%H:%M} {gate.zone} only."
    return f"{gate.name}: closed now."
