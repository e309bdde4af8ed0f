"""What writes and feeds are called for people: the words of manifests and the shared language, never their codes."""

from integration_hub.canonical import nouns
from integration_hub.connectors.registry import CONNECTORS, WriteSpec


def write_of(effect_type: str) -> WriteSpec | None:
    """The declared write of an effect type, e.g. `netsuite.invoice.post`; None when its connector is not installed."""
    declared = (write for _, connector in CONNECTORS for write in connector.manifest.writes)
    return next((write for write in declared if write.effect_type == effect_type), None)


def write_title(effect_type: str) -> str:
    """What a write does, e.g. "Invoice posted"; its type when no connector here knows it."""
    write = write_of(effect_type)
    return write.title if write is not None else effect_type


def feed_title(vendor: str, entity: str) -> str:
    """What a feed brings, and what the vendor calls it where that is another word: "Legal entities (Subsidiaries)"."""
    ours = nouns.many(entity)
    connector = CONNECTORS.find(vendor)
    specs = connector.manifest.feeds if connector is not None else ()
    theirs = next((spec.title for spec in specs if spec.entity == entity), ours)
    return ours if theirs.casefold() == ours.casefold() else f"{ours} ({theirs})"
