"""Where a row is shown: records name each other by (type, id); this finds the screen."""

from collections.abc import Callable

from django.urls import NoReverseMatch, reverse

from integration_hub.kernel.registry import Registry
from integration_hub.trail.lineage import PROVIDERS

LINKS: Registry[Callable[[str], str]] = Registry("link")
"""By type of row: its id → the address of its screen. Filled in `AppConfig.ready()`."""


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
    kind = _kind_of(object_type)
    found = LINKS.find(object_type) or LINKS.find(kind)
    if found is not None:
        return found(key)
    app, _, noun = object_type.rpartition(".")
    return (app and _reverse(f"{app.split('.')[-1]}:{noun}-detail", key)) or trace_of(kind.rpartition(".")[2], key)


def names_of(kind: str) -> list[str]:
    """Every type under which rows of a lineage kind are recorded: `candidate`, `billing.candidate`."""
    provider = PROVIDERS.find(kind)
    return [kind, provider.recorded_as] if provider is not None and provider.recorded_as else [kind]


def _kind_of(object_type: str) -> str:
    """The lineage kind of rows that are recorded as this type; the type itself when there is none."""
    return next((kind for kind, provider in PROVIDERS if provider.recorded_as == object_type), object_type)


def trace_of(kind: str, key: str) -> str:
    """The trace of a row, or an empty string when the lineage does not know its kind."""
    return reverse("console:trace-record", args=[kind, key]) if kind in PROVIDERS else ""


def _reverse(url_name: str, object_id: str) -> str:
    try:
        return reverse(url_name, args=[object_id])
    except NoReverseMatch:
        return ""
