"""What an effect is called: in the words of its connector's manifest, not by its type."""

from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.models import Effect


def title(effect: Effect) -> str:
    """What it does, e.g. "Invoice posted"; its type when the connector is not installed any more."""
    connector = CONNECTORS.find(effect.connection.vendor)
    writes = connector.manifest.writes if connector else ()
    return next((write.title for write in writes if write.effect_type == effect.effect_type), effect.effect_type)


def label(effect: Effect) -> str:
    """How it is called in headings and cases, e.g. "US01-2026-00017 · Invoice posted"."""
    return f"{effect.business_key} · {title(effect)}"
