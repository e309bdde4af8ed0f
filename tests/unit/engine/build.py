"""Short ways to say what was agreed and what was done."""

from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.decide import decide
from billing.engine.documents import BilledPiece
from billing.engine.values import Line, PieceResult, RateRow, Terms, Work

JAN = date(2026, 1, 1)


def d(text: str | int) -> Decimal:
    return Decimal(text)


def line(id: int = 1, method: str = "tm", **kwargs: Any) -> Line:  # noqa: A002
    return Line(id=id, number=id, method=method, **kwargs)  # type: ignore[arg-type]


def rate(id: int, amount: str, scope: str = "contract", start: date = JAN, **kwargs: Any) -> RateRow:  # noqa: A002
    fields = {"currency": "USD", **kwargs}
    return RateRow(id=id, scope=scope, rate=Decimal(amount), valid_from=start, **fields)  # type: ignore[arg-type]


def terms(**kwargs: Any) -> Terms:
    fields: dict[str, Any] = {
        "contract_id": 9,
        "version": 1,
        "currency": "USD",
        "signed_on": JAN,
        "starts_on": JAN,
        "lines": (line(),),
        **kwargs,
    }
    return Terms(**fields)


def time(event_id: int, hours: str = "1", on: date = date(2026, 2, 2), **kwargs: Any) -> Work:
    fields = {"minutes": Decimal(hours) * 60, "resource": "r1", **kwargs}
    return Work(event_id=event_id, work_key=f"T{event_id}", kind="time", service_date=on, **fields)


def money(event_id: int, kind: str, amount: str, on: date = date(2026, 2, 2), **kwargs: Any) -> Work:
    fields = {"amount": Decimal(amount), "currency": "USD", **kwargs}
    return Work(event_id=event_id, work_key=f"{kind[0].upper()}{event_id}", kind=kind, service_date=on, **fields)  # type: ignore[arg-type]


def pieces(agreed: Terms | None, *works: Work) -> list[tuple[PieceResult, ...]]:
    return [decision.pieces for decision in decide(agreed, works)]


def only(agreed: Terms | None, work: Work) -> PieceResult:
    [[piece]] = pieces(agreed, work)
    return piece


def brief(found: tuple[PieceResult, ...]) -> list[tuple[str, Decimal | None]]:
    return [(piece.state, piece.amount) for piece in found]


def billed(id: int, amount: str, **kwargs: Any) -> BilledPiece:  # noqa: A002
    fields: dict[str, Any] = {
        "kind": "time",
        "contract_line_id": 1,
        "service_date": date(2026, 2, 2),
        "currency": "USD",
        **kwargs,
    }
    return BilledPiece(id=id, amount=Decimal(amount), **fields)
