"""How values are written into a trace: exact, and in the same bytes as `kernel.ids.canonical_json`.

A decision's hash covers its whole trace. Parts that many decisions share (the contract, a resolved rate) are encoded
once and joined, which gives the same text as encoding the whole and is several times faster.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

from billing.engine.values import AMOUNT_PLACES, MINUTE_PLACES, DecisionResult, PieceResult
from integration_hub.kernel.ids import canonical_bytes

_AMOUNT = Decimal(1).scaleb(-AMOUNT_PLACES)
_MINUTE = Decimal(1).scaleb(-MINUTE_PLACES)


def encode(value: Any) -> str:
    """The canonical JSON of plain values."""
    return canonical_bytes(value).decode()


@lru_cache(maxsize=20_000)
def plain(value: Decimal) -> str:
    """`1.50` and `1.5` are the same number and read `1.5`."""
    return format(value.normalize(), "f") if value else "0"


def maybe(value: Decimal | None) -> str | None:
    """`plain`, or None."""
    return None if value is None else plain(value)


def exact_amount(value: Decimal) -> Decimal:
    """An amount at the precision it is stored with, so that parts of it add up in the database too."""
    return value.quantize(_AMOUNT, ROUND_HALF_UP)


def exact_minutes(value: Decimal) -> Decimal:
    """Minutes at the precision they are stored with."""
    return value.quantize(_MINUTE, ROUND_HALF_UP)


class Part:
    """A part of a trace with its text, encoded once."""

    __slots__ = ("text", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.text = encode(value)


def piece_facts(piece: PieceResult) -> dict[str, Any]:
    """A piece as JSON: numbers as exact text. Only a credit says what it corrects, a difference what it adjusts, and a
    share whose it is.
    """
    facts: dict[str, Any] = {
        "state": piece.state,
        "codes": list(piece.codes),
        "line": piece.line_id,
        "cap": piece.cap_id,
        "minutes": maybe(piece.minutes),
        "rate": maybe(piece.rate),
        "amount": maybe(piece.amount),
        "currency": piece.currency,
    }
    if piece.payer_id is not None:
        facts |= {"payer": piece.payer_id, "percent": maybe(piece.percent)}
    if piece.adjusts is not None:
        facts["adjusts"] = piece.adjusts
    return facts if piece.corrects is None else {**facts, "corrects": piece.corrects}


def seal(event_id: int, pieces: tuple[PieceResult, ...], parts: dict[str, Part]) -> DecisionResult:
    """The decision with its trace; its hash is `ids.content_hash` of event, pieces and trace under these names."""
    text = f"{{{_joined(parts, sorted(parts))}}}"
    sealed = f'{{"event":{event_id},"pieces":[{listed(pieces)}],"trace":{text}}}'
    return DecisionResult(event_id, pieces, sha256(sealed.encode()).hexdigest(), text)


def around(parts: dict[str, Part], name: str) -> tuple[str, str]:
    """The text of a trace before and after one part that is still to come."""
    earlier = [one for one in sorted(parts) if one < name]
    later = [one for one in sorted(parts) if one > name]
    before = f"{_joined(parts, earlier)}," if earlier else ""
    after = f",{_joined(parts, later)}" if later else ""
    return f'{{{before}"{name}":', f"{after}}}"


def _joined(parts: dict[str, Part], names: Iterable[str]) -> str:
    return ",".join([f'"{name}":{parts[name].text}' for name in names])


def listed(pieces: Iterable[PieceResult]) -> str:
    """Pieces as the members of a list in canonical JSON."""
    return ",".join([_piece_text(piece) for piece in pieces])


def _piece_text(piece: PieceResult) -> str:
    if piece.amount is None or piece.minutes is None or piece.rate is None:
        return encode(piece_facts(piece))
    if piece.codes or piece.cap_id is not None or piece.corrects is not None or piece.payer_id is not None:
        return encode(piece_facts(piece))
    line = "null" if piece.line_id is None else piece.line_id
    return (
        f'{{"amount":"{plain(piece.amount)}","cap":null,"codes":[],"currency":"{piece.currency}","line":{line},'
        f'"minutes":"{plain(piece.minutes)}","rate":"{plain(piece.rate)}","state":"{piece.state}"}}'
    )
