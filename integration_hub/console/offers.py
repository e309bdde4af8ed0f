"""What rooms above offer on the screens of rooms below: buttons of lists, of ticked rows, and of one row's page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Offer:
    """Buttons on a list of one noun. `ticked` post the ticked rows, as those of `ListScreen.bulk_buttons` do."""

    page: Callable[[Request], list[Button]]
    ticked: Callable[[Request], list[Button]]


OFFERS: Registry[Offer] = Registry("offer on a list")
"""By the `noun` of a `ListScreen`."""


DETAILS: Registry[Callable[[Request, Any], list[Button]]] = Registry("offer on a page")
"""By noun: buttons on the page of one row, beside its own."""


def for_row(noun: str, request: Request, row: Any) -> list[Button]:
    """Buttons on the page of one row."""
    found = DETAILS.find(noun)
    return found(request, row) if found is not None else []


def for_page(noun: str, request: Request) -> list[Button]:
    """Buttons beside the list's own."""
    found = OFFERS.find(noun)
    return found.page(request) if found is not None else []


def for_ticked(noun: str, request: Request) -> list[Button]:
    """Buttons for ticked rows beside the list's own."""
    found = OFFERS.find(noun)
    return found.ticked(request) if found is not None else []
