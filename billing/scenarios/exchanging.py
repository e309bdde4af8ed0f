"""Verbs of exchange differences: a receivable that is paid at another rate, a delivery that was paid ahead (R12)."""

from typing import Any

from billing.engine.exchange import Books, NoRate, deliver, settle
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World
from contracts.queries import quotes_into


def fx_settle(world: World, said: Words) -> dict[str, Any]:
    """An invoice and its payment in functional currency; without a usable rate the `code` says so, and no figure."""
    books, amount = _books(world, said), said.amount("amount")
    try:
        found = settle(amount, invoiced=said.on("invoice_date"), paid=said.on("payment_date"), books=books)
    except NoRate as none:
        return {"receivable": None, "cash": None, "fx_gain": None, "code": none.code}
    return {"receivable": found.receivable, "cash": found.cash, "fx_gain": found.gain, "code": None}


def fx_advance(world: World, said: Words) -> dict[str, Any]:
    """A delivery with its advances in functional currency; without `paid` the rest of the price is open."""
    books, price, advances = _books(world, said), said.amount("price"), []
    for values in said.rows("advances"):
        with words("advance", values) as advance:
            advances.append((advance.on("date"), advance.amount("amount")))
    try:
        found = deliver(price, advances, delivered=said.on("delivered"), paid=said.day("paid"), books=books)
    except NoRate as none:
        figures = dict.fromkeys(("contract_liability", "receivable", "revenue", "fx_gain"))
        return {**figures, "code": none.code}
    except ValueError as wrong:
        raise BadScenario(str(wrong)) from wrong
    return {
        "contract_liability": found.liability, "receivable": found.receivable, "revenue": found.revenue,
        "fx_gain": found.gain, "code": None,
    }  # fmt: skip


def _books(world: World, said: Words) -> Books:
    """How what is in the step's currency comes into the books, at the rates that the scenario is given."""
    pair = str(said.need("currency")), world.functional_currency
    if not pair[1]:
        raise BadScenario("given lacks 'functional_currency'.")
    return Books(*pair, quotes=quotes_into({pair})[pair])
