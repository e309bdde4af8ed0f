"""What an effect is called: in the words of its connector's manifest, not by its type."""

from integration_hub.connectors import naming
from integration_hub.effects.models import Effect
from integration_hub.kernel.money import Basis, Money


def title(effect: Effect) -> str:
    """What it does, e.g. "Invoice posted"; its type when the connector is not installed any more."""
    return naming.write_title(effect.effect_type)


def label(effect: Effect) -> str:
    """How it is called in headings and cases, e.g. "US01-2026-00017 · Invoice posted"."""
    return f"{effect.business_key} · {title(effect)}"


def money(effect: Effect) -> Money | None:
    """Its amount, and whether that is a document's gross or the tax alone."""
    if effect.amount is None:
        return None
    return Money(effect.amount, effect.currency, basis(effect.effect_type))


def basis(effect_type: str) -> Basis:
    """What the amount of such effects is."""
    write = naming.write_of(effect_type)
    return write.figures.basis if write is not None else ""
