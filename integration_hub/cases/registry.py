"""The kinds of exceptions: each app registers the codes it can raise (billing.md §3.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested act, most likely first. `url_name` leads to the screen that does it, with the subject's id."""

    label: str
    url_name: str = ""
    permission: str = ""


@dataclass(frozen=True, slots=True)
class CaseKind:
    """One code: what finance would say, who owns it, how bad it is, when it closes itself."""

    code: str
    title: str
    owner_role: str
    severity: int
    closes_when: str
    suggestions: tuple[Suggestion, ...] = ()
    still_holds: Callable[[str], bool] | None = None
    """Asked with the root cause before a person's resolve: True refuses it with the reason `closes_when`."""
    retry: Callable[[str], int] | None = None
    """Works the affected lanes again for a root cause; returns how many items it rang."""
    roles: tuple[str, ...] = field(default=())

    @property
    def hours(self) -> int:
        """The clock: S1 8 h, S2 1 day, S3 3 days, S4 10 days (working hours come with the calendars)."""
        return {1: 8, 2: 24, 3: 72, 4: 240}[self.severity]


KINDS: Registry[CaseKind] = Registry("case code")
