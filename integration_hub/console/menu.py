"""The menu: apps register their screens, people see those they may open."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User

SECTIONS = ("Work", "Contracts", "Billing", "Cash", "Costs", "Trace", "Integration", "Administration")


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One screen in the sidebar. `key` is the letter after `g` that goes there; `count` is what waits, 0 hides it."""

    section: str
    label: str
    url_name: str
    icon: str
    permission: str = ""
    weight: int = 50
    count: Callable[[User], int] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A menu item as one person sees it on one page."""

    label: str
    url: str
    icon: str
    key: str
    waiting: int
    current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the sidebar with its links."""

    label: str
    links: list[Link]


MENU: Registry[MenuItem] = Registry("menu item")


def add(item: MenuItem) -> MenuItem:
    """Put a screen into the menu; called in `AppConfig.ready()`."""
    if item.section not in SECTIONS:
        raise ValueError(f"Menu item {item.label!r} names section {item.section!r}. Sections: {', '.join(SECTIONS)}.")
    return MENU.register(item.url_name, item)


def menu_for(user: User, path: str = "") -> list[Section]:
    """The sidebar of one person; the link with the longest address that `path` starts with is the current one."""
    seen = [(item, url) for _, item in MENU if _allowed(item, user) and (url := _address(item))]
    current = max((url for _, url in seen if path == url or (url != "/" and path.startswith(url))), key=len, default="")
    sections = []
    for name in SECTIONS:
        members = [(item.weight, item.label, item, url) for item, url in seen if item.section == name]
        links = [
            _link(item, url, user, current=url == current) for _, _, item, url in sorted(members, key=lambda m: m[:2])
        ]
        if links:
            sections.append(Section(name, links))
    return sections


def _link(item: MenuItem, url: str, user: User, *, current: bool) -> Link:
    waiting = item.count(user) if item.count else 0
    return Link(label=item.label, url=url, icon=item.icon, key=item.key, waiting=waiting, current=current)


def _allowed(item: MenuItem, user: User) -> bool:
    return not item.permission or user.has_perm(item.permission)


def _address(item: MenuItem) -> str:
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return ""
