"""Home: what waits for me. Apps register panels; each role lands on its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.db.utils import OperationalError

from integration_hub.console.wording import Amounts
from integration_hub.kernel.money import Money
from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User

log = logging.getLogger(__name__)

Group = Literal["mine", "others", "done"]
GROUPS: dict[Group, str] = {"mine": "Mine to decide", "others": "Waiting on others", "done": "Done"}


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One of the top rows of a panel. `badge` is a status code or a `Badge`."""

    title: str
    detail: str = ""
    money: Money | None = None
    url: str = ""
    when: datetime | None = None
    badge: object = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: how many, since when, how much per currency and basis, and the rows that cost most to leave."""

    count: int
    oldest: datetime | None = None
    money: Amounts = field(default_factory=dict)
    url: str = ""
    rows: list[WaitingRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Panel:
    """A queue on the home of some roles; no roles means everyone's, `permission` is checked as well."""

    title: str
    load: Callable[[User], Waiting]
    roles: frozenset[str] = frozenset()
    group: Group = "mine"
    weight: int = 50
    permission: str = ""
    icon: str = "inbox"
    empty: str = "Nothing waits here."


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel with what it found; `waiting` is None when it could not be loaded."""

    panel: Panel
    waiting: Waiting | None


PANELS: Registry[Panel] = Registry("home panel")


def home_for(user: User) -> dict[Group, list[Shown]]:
    """The panels of one person by group, weightiest first; empty groups are left out."""
    mine = [panel for _, panel in PANELS if concerns(panel, user)]
    found = [Shown(panel, _load(panel, user)) for panel in sorted(mine, key=lambda panel: (panel.weight, panel.title))]
    groups = {group: [shown for shown in found if shown.panel.group == group] for group in GROUPS}
    return {group: members for group, members in groups.items() if members}


def _load(panel: Panel, user: User) -> Waiting | None:
    """One slow or broken queue must not take the others away."""
    try:
        return panel.load(user)
    except OperationalError:
        log.exception("Panel %s could not be loaded.", panel.title)
        return None


def concerns(panel: Panel, user: User) -> bool:
    """Whether the panel is on this person's home. Superusers without a role see every panel."""
    if panel.permission and not user.has_perm(panel.permission):
        return False
    return not panel.roles or user.role in panel.roles or (user.is_superuser and not user.role)
