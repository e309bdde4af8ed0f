"""Clocks as tables: how a figure is said, and the columns of screens and files."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from integration_hub.clocks.models import Target
from integration_hub.clocks.reading import Instance, Standing, Summary
from integration_hub.clocks.registry import ClockKind, Unit
from integration_hub.console import links, wording
from integration_hub.console.badges import Badge
from integration_hub.console.columns import Column
from integration_hub.kernel.money import Money

_STEPS = ((Decimal(2), Decimal(60), "s"), (Decimal(120), Decimal(1), "min"), (Decimal(2880), 1 / Decimal(60), "h"))
"""Below so many minutes they are told by so many of this."""
_LEAST = Decimal("0.05")
_TOGETHER = "\N{NO-BREAK SPACE}"


def told(unit: Unit, value: Decimal | None) -> str | SafeString:
    """A figure with its unit: `2.4 d` and `3.5 h` of working time, `12 min`, `5.2 h`, `3.1 d` of time that runs."""
    if value is None:
        return wording.MISSING
    short = unit.short
    if unit is Unit.MINUTES:
        found = next(((times, name) for below, times, name in _STEPS if abs(value) < below), (1 / Decimal(1440), "d"))
        value, short = value * found[0], found[1]
    figure = "< 0.1" if 0 < value < _LEAST else wording.number(round(value, 1))
    return f"{figure} {short}".replace(" ", _TOGETHER)


def target_words(kind: ClockKind, target: Target | None) -> str:
    """A target as people say it; empty where there is none."""
    if target is None or target.within is None:
        return ""
    return str(told(kind.unit, target.within))


@dataclass(frozen=True, slots=True)
class Line:
    """One clock on the page of all."""

    kind: ClockKind
    summary: Summary
    url: str
    target: str

    @property
    def at_stake(self) -> list[Money]:
        """What runs over its target."""
        return [Money(amount, currency, self.kind.basis) for currency, amount in self.summary.at_stake.items()]

    @property
    def figures(self) -> list[str | SafeString]:
        """Median, p90, p95."""
        one = self.summary
        return [told(self.kind.unit, value) for value in (one.median, one.p90, one.p95)]

    @property
    def oldest(self) -> str | SafeString:
        """How long the oldest runs."""
        return told(self.kind.unit, self.summary.oldest)


def _places(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 4)


LINES = [
    Column("clock", "Clock", accessor="kind.title"),
    Column("slug", "Code", accessor="kind.slug"),
    Column("unit", "Unit", accessor="kind.unit.label"),
    Column("target", "Target"),
    Column("ended", "Ended", accessor="summary.ended"),
    Column("median", "Median", accessor=lambda line: _places(line.summary.median)),
    Column("p90", "P90", accessor=lambda line: _places(line.summary.p90)),
    Column("p95", "P95", accessor=lambda line: _places(line.summary.p95)),
    Column("kept", "In time", accessor=lambda line: _places(line.summary.kept_share)),
    Column("running", "Running", accessor="summary.running"),
    Column("near", "Close to target", accessor="summary.near"),
    Column("late", "Over target", accessor="summary.late"),
    Column("oldest", "Oldest running", accessor=lambda line: _places(line.summary.oldest)),
    Column("at_stake", "Money over target", kind="money", accessor="at_stake"),
]
"""The file of all clocks."""


_BADGES = {
    Standing.LATE: Badge(Standing.LATE.label, "danger", "alert-octagon"),
    Standing.NEAR: Badge(Standing.NEAR.label, "warning", "hourglass"),
    Standing.IN_TIME: Badge(Standing.IN_TIME.label, "success", "circle-check"),
    Standing.UNTARGETED: Badge(Standing.UNTARGETED.label),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One running or ended clock as the page shows it."""

    kind: ClockKind
    one: Instance

    @property
    def url(self) -> str:
        """The screen of what waits, else of its subject."""
        return links.address(self.one.record_type, self.one.record_id) or self.subject_url

    @property
    def subject_url(self) -> str:
        """The screen of the subject."""
        return links.address(self.one.subject_type, self.one.subject_id)

    @property
    def standing(self) -> Badge:
        """Where it stands, told apart by more than colour."""
        return _BADGES[self.one.standing]

    @property
    def since(self) -> SafeString:
        """The day it began there, where days are counted; else the moment."""
        is_day = self.kind.unit is Unit.WORKING_DAYS
        return wording.day_html(self.one.start_day) if is_day else wording.when_html(self.one.started_at)

    @property
    def used(self) -> str | SafeString:
        """What is used up."""
        return told(self.kind.unit, self.one.used)

    @property
    def within(self) -> str | SafeString:
        """Its target."""
        return told(self.kind.unit, self.one.within)

    @property
    def left(self) -> str | SafeString:
        """What is left of the target, or by how much it has passed."""
        left = self.one.left
        if left is None:
            return wording.MISSING
        return told(self.kind.unit, left) if left >= 0 else f"{told(self.kind.unit, -left)} over"

    @property
    def money(self) -> Money | None:
        """What waits."""
        one = self.one
        return Money(one.amount, one.currency, self.kind.basis) if one.amount is not None and one.currency else None


def columns(kind: ClockKind) -> list[Column]:
    """The file of what runs, or has ended."""

    def of(name: str, header: str, **more: Any) -> Column:
        return Column(name, header, accessor=f"one.{name}", **more)

    unit = kind.unit.label
    return [
        of("label", "What"),
        of("record_type", "Type"),
        of("record_id", "Id"),
        of("subject_label", "Of"),
        of("legal_entity", "Legal entity"),
        of("contract", "Contract"),
        of("customer", "Customer"),
        of("started_at", "Since", kind="datetime"),
        of("ended_at", "Ended", kind="datetime"),
        of("due_at", "Target passes", kind="datetime"),
        Column("used", f"Used, {unit}", accessor=lambda row: _places(row.one.used)),
        of("within", f"Target, {unit}"),
        of("standing", "Standing"),
        Column("money", "Money", kind="money"),
    ]
