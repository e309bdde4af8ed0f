"""How items of a kind went in this process lately: how many fit into one transaction, and how they are run in it."""

TRANSACTION_SECONDS = 0.05
"""What a transaction over several items may last: the locks its handlers take are held until it commits."""

_UNKNOWN = TRANSACTION_SECONDS
"""A kind nobody has worked here yet is worked alone."""
_WEIGHT = 0.25
_PROBATION = 50
"""Items of a kind that go well before its failures count as rare again."""

_seconds: dict[str, float] = {}
_on_probation: dict[str, int] = {}


def expected(kind: str) -> float:
    """Seconds one item of this kind is expected to take."""
    return _seconds.get(kind, _UNKNOWN)


def note(kind: str, seconds: float, items: int = 1) -> None:
    """So many items of a kind took `seconds` each. Slow ones count at once, each fast one brings the expectation down a
    step."""
    known = _seconds.get(kind)
    if known is None or seconds > known:
        _seconds[kind] = seconds
    else:
        _seconds[kind] = seconds + (known - seconds) * (1 - _WEIGHT) ** items
    if kind in _on_probation:
        _on_probation[kind] -= items
        if _on_probation[kind] <= 0:
            del _on_probation[kind]


class Times:
    """What the items of one transaction took. Their average is noted: locks are held for the sum, and a pause of the
    machine in the middle of one item is not that item's own slowness."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[float, int]] = {}

    def add(self, kind: str, seconds: float, items: int = 1) -> None:
        """So many items of a kind took `seconds` in all."""
        total, count = self._taken.get(kind, (0.0, 0))
        self._taken[kind] = (total + seconds, count + items)

    def note(self) -> None:
        """All of them are over."""
        for kind, (total, count) in self._taken.items():
            note(kind, total / count, count)


def note_failure(kind: str) -> None:
    """An item of this kind did not go well among others."""
    _on_probation[kind] = _PROBATION


def fails_lately(kind: str) -> bool:
    """Whether items of this kind are better run each in a savepoint of its own."""
    return kind in _on_probation
