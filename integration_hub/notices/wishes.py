"""How each person is told of what: his own choice, else his role's, else the one built in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from django.conf import settings

from integration_hub.clocks.registry import working_times
from integration_hub.notices import timing
from integration_hub.notices.models import Choice, Habit, Kind, Preference, RoleDefault
from integration_hub.notices.timing import Pace, Quiet, Rhythm
from integration_hub.people.models import User

URGENT = 1
"""The severity that may pass quiet hours."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How one kind of thing is told."""

    app: bool
    mail: Pace


BUILT_IN: dict[str, Wish] = {
    Kind.OPENED: Wish(True, Pace.DIGEST),
    Kind.ASSIGNED: Wish(True, Pace.ONCE),
    Kind.MENTION: Wish(True, Pace.ONCE),
    Kind.CHANGED: Wish(True, Pace.OFF),
    Kind.NEAR: Wish(True, Pace.ONCE),
    Kind.MISSED: Wish(True, Pace.ONCE),
    Kind.ESCALATED: Wish(True, Pace.DIGEST),
    Kind.REOPENED: Wish(True, Pace.DIGEST),
    Kind.HEALED: Wish(True, Pace.OFF),
}
DIGEST_AT = time(8)


def mail_is_on() -> bool:
    """Whether an SMTP server is set up."""
    return bool(settings.EMAIL_HOST)


def zone_of(person: User, zones: dict[str, str]) -> str:
    """The zone a person is taken to live in until he says another: that of his first legal entity."""
    return next((zones[code] for code in person.legal_entities if code in zones), "UTC")


def zones() -> dict[str, str]:
    """The zone of each legal entity by its code."""
    return {code: working.zone for code, working in working_times().items()}


class Wishes:
    """The wishes of some people, loaded in three queries."""

    def __init__(self, people: Iterable[User]) -> None:
        self.people = {person.pk: person for person in people}
        self.zones = zones() if mail_is_on() else {}
        chosen = Preference.objects.filter(person__in=self.people)
        self.own = {(row.person_id, row.kind): _wish(row) for row in chosen}
        self.roles = {(row.role, row.kind): _wish(row) for row in RoleDefault.objects.all()}
        habits = Habit.objects.filter(person__in=self.people) if mail_is_on() else []
        self.habits = {habit.person_id: habit for habit in habits}

    def of(self, person_id: int, kind: str) -> Wish:
        """How a person is told of one kind of thing."""
        role = self.people[person_id].role
        return self.own.get((person_id, kind)) or self.roles.get((role, kind)) or BUILT_IN[kind]

    def mail_due(self, person_id: int, kind: str, *, severity: int, entity: str, moment: datetime) -> datetime | None:
        """When a person is to be mailed of something; None: not at all."""
        person = self.people[person_id]
        if not mail_is_on() or not person.email:
            return None
        pace = self.of(person_id, kind).mail
        zone = self.zones.get(entity, "UTC")
        return timing.due(pace, self._rhythm(person), urgent=severity == URGENT, zone=zone, moment=moment)

    def _rhythm(self, person: User) -> Rhythm:
        habit = self.habits.get(person.pk)
        return rhythm(habit) if habit else Rhythm(Quiet(zone_of(person, self.zones)), digest_at=DIGEST_AT)


def rhythm(habit: Habit) -> Rhythm:
    """A habit as the pure functions take it."""
    return Rhythm(
        Quiet(habit.zone, habit.quiet_from, habit.quiet_until, habit.quiet_weekends),
        hourly=habit.digests == Habit.Digests.HOURLY,
        digest_at=habit.digest_at,
        urgent_passes=habit.urgent_passes,
    )


def _wish(row: Choice) -> Wish:
    return Wish(row.app, Pace(row.mail))
