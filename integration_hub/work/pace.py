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


def note(kind: str, seconds: float) -> None:
    """One item took so long. A slow one counts at once, fast ones bring the expectation down step by step."""
    known = _seconds.get(kind)
    _seconds[kind] = seconds if known is None or seconds > known else known + _WEIGHT * (seconds - known)
    if kind in _on_probation:
        _on_probation[kind] -= 1
        if not _on_probation[kind]:
            del _on_probation[kind]


def note_failure(kind: str) -> None:
    """An item of this kind did not go well among others."""
    _on_probation[kind] = _PROBATION


def fails_lately(kind: str) -> bool:
    """Whether items of this kind are better run each in a savepoint of its own."""
    return kind in _on_probation
