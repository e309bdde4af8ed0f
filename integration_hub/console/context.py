"""What every template may use as `console`: menu, theme, freshness, environment. Computed when asked for."""

from functools import cached_property

from django.conf import settings
from django.http import HttpRequest

from integration_hub.console.bell import Bell, for_user
from integration_hub.console.freshness import Freshness, freshness_for
from integration_hub.console.menu import Section, menu_for
from integration_hub.people.models import User


class Console:
    """The frame around a screen, for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        user = getattr(request, "user", None)
        self.user: User | None = user if isinstance(user, User) else None

    @cached_property
    def menu(self) -> list[Section]:
        """The sidebar."""
        return menu_for(self.user, self.request.path) if self.user else []

    @cached_property
    def bell(self) -> Bell | None:
        """The bell of the top bar, where the person has one."""
        return for_user(self.user) if self.user else None

    @property
    def theme(self) -> str:
        """`light`, `dark` or `system`."""
        return self.user.theme if self.user else User.Theme.SYSTEM

    @property
    def shortcuts(self) -> bool:
        """Whether single-key shortcuts are on."""
        return bool(self.user and self.user.keyboard_shortcuts)

    @cached_property
    def freshness(self) -> list[Freshness]:
        """When each source was last read."""
        return freshness_for(self.user) if self.user else []

    @property
    def late(self) -> list[Freshness]:
        """Sources that are late."""
        return [item for item in self.freshness if item.late]

    @property
    def correlation_id(self) -> str:
        """The id of this request in the logs."""
        return getattr(self.request, "correlation_id", "")

    @property
    def environment(self) -> str:
        """A word for installations that are not production, so that nobody mistakes one for the other."""
        return "" if settings.PRODUCTION else "Not production"


def console(request: HttpRequest) -> dict[str, Console]:
    """The context processor."""
    return {"console": Console(request)}
