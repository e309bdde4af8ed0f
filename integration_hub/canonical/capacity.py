"""How much people can work: hours by weekday, holidays, absences. People are named by our code, mostly the e-mail."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from integration_hub.canonical.base import Name, Record

Hours = Annotated[Decimal, Field(ge=0, le=24, max_digits=4, decimal_places=2)]
Person = Annotated[str, Field(min_length=1, max_length=120)]
Calendar = Annotated[str, Field(max_length=40)]


class Capacity(Record):
    """The hours a person works for a legal entity (our code) on each weekday. `valid_to` is the last day."""

    entity: ClassVar[str] = "capacity"
    legal_entity: Annotated[str, Field(min_length=1, max_length=16)]
    resource: Person
    calendar: Calendar = ""
    monday: Hours = Decimal(8)
    tuesday: Hours = Decimal(8)
    wednesday: Hours = Decimal(8)
    thursday: Hours = Decimal(8)
    friday: Hours = Decimal(8)
    saturday: Hours = Decimal(0)
    sunday: Hours = Decimal(0)
    valid_from: date
    valid_to: date | None = None

    @property
    def week(self) -> tuple[Decimal, ...]:
        """Hours from Monday to Sunday."""
        working = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday)
        return (*working, self.saturday, self.sunday)

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class Holiday(Record):
    """A day on which the people of a calendar work `hours` at most."""

    entity: ClassVar[str] = "holiday"
    calendar: Annotated[str, Field(min_length=1, max_length=40)]
    day: date
    name: Name
    hours: Hours = Decimal(0)


class Absence(Record):
    """Days on which a person is away: whole, or some hours of each. `last_day` is the last one."""

    entity: ClassVar[str] = "absence"
    resource: Person
    first_day: date
    last_day: date
    hours: Hours | None = None
    kind: Literal["leave", "sick", "training", "other"] = "leave"

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError("last_day is before first_day")
        return self
