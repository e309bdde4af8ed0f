"""Where a decision that was made again begins to differ from the one that is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import zip_longest
from typing import Any

from billing.engine.notation import encode
from billing.engine.values import RATE_PLACES, DecisionResult, PieceResult
from billing.models import Decision, Piece

_RATE = Decimal(1).scaleb(-RATE_PLACES)
_LATER = {"billable": ("reserved", "posted", "corrected", "written_off", "postponed"), "over_cap": ("written_off",)}
"""What a piece may have become since it was decided."""


@dataclass(frozen=True, slots=True)
class Path:
    """The first place that differs, as `trace.caps[0].before`, with what is stored and what comes out now."""

    path: str
    stored: Any
    now: Any


def first_difference(row: Decision, pieces: Sequence[Piece], made: DecisionResult) -> Path | None:
    """None when trace, pieces and hash are what is stored, to the byte."""
    text = encode(row.trace)
    if text != made.text and (found := _first(row.trace, made.trace, "trace")) is not None:
        return found
    for place, (piece, result) in enumerate(zip_longest(pieces, made.pieces)):
        if piece is None or result is None:
            count = len(pieces)
            return Path("pieces", f"{count} pieces", f"{len(made.pieces)} pieces")
        if (found := _of_piece(piece, result, f"pieces[{place}]")) is not None:
            return found
    if row.content_hash != made.content_hash:
        return Path("content_hash", row.content_hash, made.content_hash)
    return None


def _of_piece(piece: Piece, result: PieceResult, at: str) -> Path | None:
    rate = None if result.rate is None else result.rate.quantize(_RATE, ROUND_HALF_UP)
    moved = piece.state in _LATER.get(result.state, ())
    pairs = {
        "state": (piece.state, piece.state if moved else result.state),
        "codes": (tuple(piece.codes), tuple(result.codes)),
        "line": (piece.line_id, result.line_id),
        "cap": (piece.cap_id, result.cap_id),
        "minutes": (piece.minutes, result.minutes),
        "rate": (piece.rate, rate),
        "amount": (piece.amount, result.amount),
        "currency": (piece.currency, result.currency if result.amount is not None else ""),
        "corrects": (piece.corrects_id, result.corrects),
        "payer": (piece.bill_to_id, result.payer_id),
        "percent": (piece.percent, result.percent),
        "adjusts": (piece.adjusts_id, result.adjusts),
    }
    for name, (stored, now) in pairs.items():
        if stored != now:
            return Path(f"{at}.{name}", _plain(stored), _plain(now))
    return None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _first(stored: Any, now: Any, at: str) -> Path | None:
    """Depth first, keys in their order; a value that is missing is None."""
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        for name in sorted({*stored, *now}):
            if (found := _first(stored.get(name), now.get(name), f"{at}.{name}")) is not None:
                return found
        return None
    if isinstance(stored, list | tuple) and isinstance(now, list | tuple):
        for place, (one, other) in enumerate(zip_longest(stored, now)):
            if (found := _first(one, other, f"{at}[{place}]")) is not None:
                return found
        return None
    return None if stored == now else Path(at, stored, now)
