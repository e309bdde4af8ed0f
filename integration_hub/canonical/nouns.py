"""What the entities are called for people: never by the names that code and mappings use."""

IRREGULAR = {
    "capacity": ("capacity", "Capacity"),
    "time_approval": ("approval of time", "Approvals of time"),
    "time_entry": ("time entry", "Time entries"),
    "legal_entity": ("legal entity", "Legal entities"),
    "opportunity": ("opportunity", "Opportunities"),
}
"""One of them, and the heading of several, where underscores and an s do not make them."""


def one(entity: str) -> str:
    """One record of an entity: `legal entity`."""
    return IRREGULAR[entity][0] if entity in IRREGULAR else entity.replace("_", " ")


def many(entity: str) -> str:
    """The heading of several: `Legal entities`."""
    return IRREGULAR[entity][1] if entity in IRREGULAR else f"{one(entity).capitalize()}s"
