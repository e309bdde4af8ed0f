"""Where a row is shown: records name each other by (type, id); this finds the screen."""

from collections.abc import Callable

from django.urls import NoReverseMatch, reverse

from integration_hub.kernel.registry import Registry
from integration_hub.trail.lineage import PROVIDERS

LINKS: Registry[Callable[[str], str]] = Registry("link")
"""By type of row: its id → the address of its screen. Filled in `AppConfig.ready()`."""

ALIASES: dict[str, str] = {}
"""Other names of a type that has a screen or a lineage, e.g. `billing.billableevent` → `event`."""


def to(object_type: str, url_name: str) -> None:
    """Register the screen of a type of row: `to("effect", "effects:effect-detail")`."""
    LINKS.register(object_type, lambda object_id: _reverse(url_name, object_id))


def address(object_type: str, object_id: object) -> str:
    """The screen of a row, or its trace when it has no screen, or an empty string.

    Types written `app.noun` are looked for at `app:noun-detail` by the convention of URL names.
    """
    key = str(object_id)
    if not object_type or not key:
        return ""
    kind = ALIASES.get(object_type, object_type)
    found = LINKS.find(object_type) or LINKS.find(kind)
    if found is not None:
        return found(key)
    app, _, noun = object_type.rpartition(".")
    return (app and _reverse(f"{app.split('.')[-1]}:{noun}-detail", key)) or trace_of(kind.rpartition(".")[2], key)


def names_of(kind: str) -> list[str]:
    """Every type under which rows of a lineage kind are recorded: `candidate`, `billing.candidate`."""
    dotted = [name for name, _ in LINKS if name.rpartition(".")[2] == kind and name != kind]
    return [kind, *dotted, *(name for name, alias in ALIASES.items() if alias == kind)]


def trace_of(kind: str, key: str) -> str:
    """The trace of a row, or an empty string when the lineage does not know its kind."""
    return reverse("console:trace-record", args=[kind, key]) if kind in PROVIDERS else ""


def _reverse(url_name: str, object_id: str) -> str:
    try:
        return reverse(url_name, args=[object_id])
    except NoReverseMatch:
        return ""
