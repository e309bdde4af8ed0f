"""Measures that are made of rows and not of single values: means, percentiles, a count back, a day ahead (§4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.outlook import outlook
from billing.scenarios.reading import BadScenario, Words, words
from reconciliation.reports import formulas

Found = dict[str, Decimal | None]
HALF, NINETY = Decimal("0.5"), Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Rows:
    """An input that is a list: what reads a row, the measures made of all, in days, and why there may be none."""

    read: Callable[[Words], Any]
    of: Callable[[list[Any]], Found]
    says: str


def _waited(said: Words) -> tuple[Decimal, Decimal]:
    return said.amount("net"), _days(said, "service_date", "posted")


def _aged(said: Words) -> tuple[Decimal, Decimal]:
    return said.amount("money"), said.amount("days")


def _cycle(said: Words) -> Decimal:
    return _days(said, "cut_off", "posted")


def _days(said: Words, first: str, last: str) -> Decimal:
    return Decimal((said.on(last) - said.on(first)).days)


ROWS: dict[str, Rows] = {
    "posted_work": Rows(_waited, lambda rows: {"time_to_bill": formulas.weighed_days(rows)}, "their net adds up to 0"),
    "exceptions": Rows(_aged, lambda rows: {"exception_ageing": formulas.weighed_days(rows)}, "their money is 0"),
    "candidates": Rows(
        _cycle,
        lambda rows: {
            "invoice_cycle_time": formulas.percentile(rows, HALF),
            "invoice_cycle_time_p90": formulas.percentile(rows, NINETY),
        },
        "there are none",
    ),
}
SALES = "sales_by_period"
CAP = ("limit", "committed", "burn_per_day", "as_of")
NAMES = (*ROWS, SALES, *CAP)
"""The inputs that are read here."""


def of_rows(inputs: Words, reasons: dict[str, str]) -> Found:
    """The measures of lists, exact; why one is not known."""
    found: Found = {}
    for name, one in ROWS.items():
        if rows := inputs.rows(name):
            made = one.of([_row(name, values, one.read) for values in rows])
            reasons |= {measure: one.says for measure, value in made.items() if value is None}
            found |= made
    return found


def counted_back(inputs: Words, receivable: Decimal | None, reasons: dict[str, str]) -> Found:
    """Days of sales by the count-back, over periods with their `sales` and `days`, the latest first."""
    rows = inputs.rows(SALES)
    if not rows:
        return {}
    if receivable is None:
        raise BadScenario(f"inputs: {SALES} is told, and what is owed lacks: ar or closing_ar.")
    sales = [_row(SALES, values, lambda said: (said.amount("sales"), said.amount("days"))) for values in rows]
    found = formulas.count_back(receivable, sales)
    if found is None:
        reasons["dso_count_back"] = "more is owed than was sold in all of these periods"
    return {"dso_count_back": found}


def cap_breach(inputs: Words, reasons: dict[str, str], given: Mapping[str, Any]) -> dict[str, date | None]:
    """The day on which a limit will be reached at the pace of a day, as limits tell it."""
    told = [name for name in CAP if name in given]
    if not told:
        return {}
    if lacking := [name for name in CAP if name not in given]:
        raise BadScenario(f"inputs: {told[0]!r} is told for forecast_cap_breach, which lacks {', '.join(lacking)}.")
    limit, committed, burn = (inputs.amount(name) for name in CAP[:3])
    today = inputs.on("as_of")
    ahead = outlook(limit=limit, used=committed, done=[(today, burn)], today=today)
    if ahead.reached_on is None:
        reasons["forecast_cap_breach"] = "nothing is used up in a day"
    return {"forecast_cap_breach": ahead.reached_on}


def _row(where: str, values: Any, read: Callable[[Words], Any]) -> Any:
    with words(where, values) as said:
        return read(said)
