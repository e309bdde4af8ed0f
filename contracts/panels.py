"""Places on the contract, project and customer pages that the rooms above fill in `AppConfig.ready()`.

A part is loaded and written only when its page (or tab) is shown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from contracts.models import Contract, Customer, Project
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page: a template and what it is given. `load` answers None to leave the part out.

    `label` names a tab; `count` is the figure beside it, None for none. `permission` is checked before
    anything is read.
    """

    template: str
    load: Callable[[Any, Request], dict[str, Any] | None]
    label: str = ""
    weight: int = 50
    permission: str = ""
    count: Callable[[Any], int] | None = None


CONTRACT_TABS: Registry[Part] = Registry("contract tab")
"""Tabs of the contract page by the word in `?tab=`."""

CONTRACT_PARTS: Registry[Part] = Registry("part of the contract overview")
PROJECT_PARTS: Registry[Part] = Registry("part of the project page")
CUSTOMER_PARTS: Registry[Part] = Registry("part of the customer page")

CONTRACT_BUTTONS: Registry[Callable[[Contract, User], Iterable[Button]]] = Registry("contract buttons")
PROJECT_BUTTONS: Registry[Callable[[Project, User], Iterable[Button]]] = Registry("project buttons")
CUSTOMER_BUTTONS: Registry[Callable[[Customer, User], Iterable[Button]]] = Registry("customer buttons")

CONTRACT_STORY: Registry[Callable[[Contract], Iterable[tuple[str, object]]]] = Registry("contract story")
"""Objects (type, id) whose events are told on the contract's timeline."""


def allowed(parts: Registry[Part], user: User) -> list[tuple[str, Part]]:
    """The parts a person may see, lightest weight first."""
    mine = [(key, part) for key, part in parts if not part.permission or user.has_perm(part.permission)]
    return sorted(mine, key=lambda pair: (pair[1].weight, pair[0]))


def written(parts: Registry[Part], row: Any, request: Request) -> list[str]:
    """The parts of a page as HTML."""
    return [html for _, part in allowed(parts, request.user) if (html := write(part, row, request))]


def write(part: Part, row: Any, request: Request) -> str:
    """One part as HTML; empty when it leaves itself out."""
    context = part.load(row, request)
    return "" if context is None else render_to_string(part.template, context, request=request)


def buttons(registry: Registry[Any], row: Any, user: User) -> list[Button]:
    """What the rooms above offer to do with a row, in the order they were registered."""
    return [button for _, offer in registry for button in offer(row, user)]
