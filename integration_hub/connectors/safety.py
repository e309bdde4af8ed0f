"""The four classes of safety of a write, in words: one place for screens, proof and documentation (ADR 0005)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SafetyClass:
    """What makes a write safe, what that promises, and what is done when its outcome is unknown."""

    code: str
    name: str
    promise: str
    when_unknown: str


CLASSES: dict[str, SafetyClass] = {
    found.code: found
    for found in (
        SafetyClass(
            "K",
            "Idempotency key",
            "The target keeps our key: sending twice does it once.",
            "It is asked once; if it has nothing, it is sent again under the same key.",
        ),
        SafetyClass(
            "U",
            "Upsert by our id",
            "It is written under our external id: sending twice writes the same record.",
            "It is asked once; if it has nothing, it is sent again, and a second write would find the first.",
        ),
        SafetyClass(
            "P",
            "Probe by our reference",
            "The target is asked for our reference before anything is sent again.",
            "It is asked twice before it is sent again: the target itself would not notice a late commit.",
        ),
        SafetyClass(
            "N",
            "One attempt",
            "The target offers nothing to make it safe: it is sent once.",
            "Nothing is sent again: a person looks into the target and declares what happened.",
        ),
    )
}
