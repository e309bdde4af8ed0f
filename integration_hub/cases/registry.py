"""The kinds of exceptions: each app registers the codes it can raise (billing.md §3.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from integration_hub.kernel.registry import Registry

Asked = Callable[[str], bool]
"""Whether the condition of a case stands now: asked with its root cause."""


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
    still_holds: Asked | None = None
    """Asked with the root cause before a person's resolve: True refuses it with the reason `closes_when`."""
    retry: Callable[[str], int] | None = None
    """Works the affected lanes again for a root cause; returns how many items it rang."""
    roles: tuple[str, ...] = field(default=())


KINDS: Registry[CaseKind] = Registry("case code")

ALSO_HOLDS: Registry[Asked] = Registry("further condition of a case code")
"""By `<code>:<room>`: a room above that raises a code of a room below says when its own root causes still hold."""


def still_holds(code: str, root_cause: str) -> bool:
    """Whether any room that raises this code says that the condition of the root cause stands."""
    kind = KINDS.find(code)
    asked = [kind.still_holds] if kind is not None and kind.still_holds is not None else []
    asked += [entry for name, entry in ALSO_HOLDS if name.partition(":")[0] == code]
    return any(holds(root_cause) for holds in asked)
