"""The kinds of business clocks: each app registers those whose start and end it stores; and who knows working time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from integration_hub.clocks.calendar import WorkingTime
from integration_hub.kernel.money import Basis
from integration_hub.kernel.registry import Registry


class Unit(StrEnum):
    """What a clock counts. Working time is that of the legal entity; the others run day and night."""

    WORKING_DAYS = "working_days"
    WORKING_HOURS = "working_hours"
    MINUTES = "minutes"

    @property
    def is_working(self) -> bool:
        """Whether only working time counts."""
        return self is not Unit.MINUTES

    @property
    def label(self) -> str:
        """In words, for targets and columns."""
        return {"working_days": "working days", "working_hours": "working hours", "minutes": "minutes"}[self.value]

    @property
    def short(self) -> str:
        """Behind a figure."""
        return {"working_days": "d", "working_hours": "h", "minutes": "min"}[self.value]

    @property
    def edges(self) -> tuple[int, ...]:
        """Where the bars of a distribution part, from 0 on."""
        return {
            "working_days": (1, 2, 3, 5, 10, 20, 40),
            "working_hours": (1, 2, 4, 8, 16, 40, 80),
            "minutes": (1, 5, 15, 60, 240, 1440, 10080),
        }[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockKind:
    """One clock. `sql` reads start and end of every instance from what is stored: there is no second record of them.

    The statement gets `%(since)s` and `%(as_of)s` and selects, of all that has begun by `as_of` and had not ended by
    `since`: `record_type`, `record_id` and `label` of the thing that waits; `legal_entity` (its code, or empty),
    `contract` (its number, or empty), `customer`; `subject_type`, `subject_id`, `subject_label` of what a person goes
    to, one case for each; `started_at`; `ended_at`, null while it runs; `amount` and `currency` of what waits, if any.
    """

    slug: str
    title: str
    starts: str
    ends: str
    unit: Unit
    owner_role: str
    permission: str
    counted: str
    """What runs, in the plural: `contracts`, `pieces of work`."""
    sql: str
    basis: Basis = ""
    by_contract: bool = True
    """Whether a target may be for one contract alone."""
    members: Literal["record", "subject"] = "record"
    """What its cases hold up: each thing that waits, or, where these are very many, their sum."""
    weight: int = 100
    """Its place among the others: on the way from contract to cash."""
    version: int = 1
    notes: tuple[str, ...] = field(default=())

    @property
    def formula(self) -> str:
        """From what to what, in what."""
        return f"{self.unit.label.capitalize()} from {self.starts} to {self.ends}."

    @property
    def code(self) -> str:
        """The stem of its exceptions' codes."""
        return self.slug.upper().replace("-", "_")

    @property
    def late_code(self) -> str:
        """The exception of what is over its target."""
        return f"{self.code}_LATE"

    @property
    def near_code(self) -> str:
        """The exception of what will soon be."""
        return f"{self.code}_NEAR"


CLOCKS: Registry[ClockKind] = Registry("business clock")

WORKING: Registry[Callable[[], Mapping[str, WorkingTime]]] = Registry("source of working time")
"""Each answers the working time of legal entities by their code."""


def working_times() -> dict[str, WorkingTime]:
    """Working time by legal entity; what belongs to none has that of an office in UTC, under an empty code."""
    found = {"": WorkingTime()}
    for _, source in WORKING:
        found.update(source())
    return found
