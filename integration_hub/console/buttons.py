"""Buttons of decisions: the policy's answer decides whether one can be pressed, and its reason stands beside it."""

from dataclasses import dataclass
from typing import Literal

from integration_hub.kernel.decision import ALLOW, Decision


@dataclass(frozen=True, slots=True)
class Button:
    """An action offered on a page or in a row.

    * `url` is the decision view: opened as confirm page (in the drawer with htmx) unless `version` is given,
      which posts at once. Give a version only for what is harmless and can be undone.
    * `link` makes it a plain link to another screen instead.
    * `key` is the shortcut that opens it: `a` approve or release, `r` return or reject.
    """

    label: str
    url: str
    decision: Decision = ALLOW
    tone: Literal["primary", "default", "danger", "ghost"] = "default"
    icon: str = ""
    key: str = ""
    version: int | None = None
    link: bool = False
