"""How a person, or a role, is told: stated as a whole, and taken back as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db import transaction

from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.wallclock import is_zone
from integration_hub.notices import policies
from integration_hub.notices.models import Habit, Kind, Preference, RoleDefault
from integration_hub.notices.timing import Pace
from integration_hub.notices.wishes import Wish
from integration_hub.people.models import User
from integration_hub.trail import record


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitIn:
    """When somebody is told by mail, as he states it."""

    zone: str
    digests: str
    digest_at: time
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_weekends: bool = False
    urgent_passes: bool = True


@transaction.atomic
def state(*, by: User, wishes: Mapping[Kind, Wish], habit: HabitIn) -> None:
    """State how one is told oneself. Raises BadInput."""
    if problems := _problems(habit):
        raise BadInput("Preferences", problems)
    for kind, wish in wishes.items():
        values = {"app": wish.app, "mail": wish.mail}
        Preference.objects.update_or_create(person=by, kind=kind, defaults=values)
    fields = {name: getattr(habit, name) for name in HabitIn.__dataclass_fields__}
    Habit.objects.update_or_create(person=by, defaults=fields)
    record.event("notices.preferences.set", by=by, object_type="user", object_id=by.pk, label=by.label)


@transaction.atomic
def forget(*, by: User) -> None:
    """Be told as one's role is, from now on."""
    Preference.objects.filter(person=by).delete()
    Habit.objects.filter(person=by).delete()
    record.event("notices.preferences.set", by=by, object_type="user", object_id=by.pk, label=by.label)


@transaction.atomic
def set_default(*, role: str, kind: str, app: bool, mail: str, by: User) -> RoleDefault:
    """State how a role is told of one kind of thing. Raises Denied."""
    policies.can_set_defaults(by).or_raise()
    values = {"app": app, "mail": Pace(mail)}
    row, _fresh = RoleDefault.objects.update_or_create(role=role, kind=kind, defaults=values)
    _event("set", row, by, app=app, mail=mail)
    return row


@transaction.atomic
def remove_default(*, default_id: int, by: User) -> None:
    """Let the built-in default hold for a role again. Raises Denied."""
    policies.can_set_defaults(by).or_raise()
    row = RoleDefault.objects.get(pk=default_id)
    _event("removed", row, by)
    row.delete()


def _event(verb: str, row: RoleDefault, by: User, **data: Any) -> None:
    record.event(
        f"notices.default.{verb}", by=by, object_type="notices.default", object_id=row.pk, label=str(row), **data
    )


def _problems(habit: HabitIn) -> list[Problem]:
    found = []
    if not is_zone(habit.zone):
        found.append(Problem("zone", f"{habit.zone!r} is no time zone.", "Use one such as Europe/Berlin."))
    if (habit.quiet_from is None) != (habit.quiet_until is None):
        field = "quiet_from" if habit.quiet_from is None else "quiet_until"
        found.append(Problem(field, "is empty.", "Give both ends of the quiet hours, or neither."))
    elif habit.quiet_from is not None and habit.quiet_from == habit.quiet_until:
        found.append(Problem("quiet_until", "is when they begin.", "End them at another time, or leave both empty."))
    return found
