"""What rooms above add to the screens of a connection: how its feeds stand, and sections of its page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from integration_hub.connectors.models import Connection
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Reading:
    """How the feeds of a connection stand, in one badge and one sentence."""

    badge: Badge
    sentence: str


READINGS: Registry[Callable[[Sequence[int]], Mapping[int, Reading]]] = Registry("reading of connections")
"""Connection ids → how each is read; one entry, registered by intake."""

SECTIONS: Registry[Callable[[Connection, Request], SafeString]] = Registry("section of a connection")
"""HTML of a card on the page of a connection, by name; shown in the order of names."""

BUTTONS: Registry[Callable[[Connection, Request], Sequence[Button]]] = Registry("buttons of a connection")
"""What rooms above offer on the page of a connection."""


def readings(ids: Sequence[int]) -> Mapping[int, Reading]:
    """How each of these connections is read, as far as a room knows."""
    found: dict[int, Reading] = {}
    for _, ask in READINGS:
        found.update(ask(ids))
    return found
