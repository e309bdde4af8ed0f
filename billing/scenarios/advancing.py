"""Verbs of what is billed ahead of work: a deposit with its moves, a down payment on an order (R13)."""

from decimal import Decimal
from typing import Any

from billing.engine.deposits import Charged, Deposit, Exceeded
from billing.engine.deposits import down_payment as part_of
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World

CURRENCY = "USD"
"""The file names none: cents."""


def deposit(_world: World, said: Words) -> dict[str, Any]:
    """Moves of one deposit, in order. One that would take more than there is, is rejected and moves nothing."""
    kept, moves = Deposit(CURRENCY), []
    for values in said.rows("moves"):
        with words("move", values) as move:
            kept, told = _moved(kept, move)
            moves.append(told)
    return {"moves": moves}


def _moved(before: Deposit, said: Words) -> tuple[Deposit, dict[str, Any]]:
    kind = said.one_of("kind", {"receive": "receive", "invoice": "invoice", "refund": "refund"}, "")
    amount, work, charged = said.number("amount"), said.number("final_net"), None
    try:
        if kind == "receive":
            after = before.bill(_stated(amount, "amount"))
        elif kind == "invoice":
            after, charged = before.apply(_stated(work, "final_net"), amount)
        else:
            after = before.refund(amount)
    except Exceeded as refusal:
        return before, {"result": "rejected", "code": refusal.code, "balance": before.left, "invoice_net": None}
    except ValueError as wrong:
        raise BadScenario(str(wrong)) from wrong
    return after, {"result": "accepted", "code": None, "balance": after.left, "invoice_net": charged}


def _stated(value: Decimal | None, name: str) -> Decimal:
    if value is None:
        raise BadScenario(f"A move lacks {name!r}.")
    return value


def down_payment(_world: World, said: Words) -> dict[str, Any]:
    """A percentage of an order billed ahead, by group of taxes, and the final invoice without it."""
    percent, lines = said.amount("percent"), []
    for values in said.rows("lines"):
        with words("line", values) as line:
            lines.append((line.amount("amount"), [_rate(one) for one in line.rows("taxes")]))
    try:
        found = part_of(lines, percent, currency=CURRENCY)
    except ValueError as wrong:
        raise BadScenario(str(wrong)) from wrong
    return {"order": _told(found.order), "down_payment": _told(found.ahead), "final": _told(found.final)}


def _rate(value: Any) -> Decimal:
    """A rate of tax, as a part of one."""
    with words("tax", {"rate": value}) as one:
        return one.amount("rate")


def _told(charged: Charged) -> dict[str, Decimal]:
    return {"net": charged.net, "tax": charged.tax, "gross": charged.gross}
