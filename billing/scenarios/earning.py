"""Verbs of revenue: what the obligations of a contract earn by period, and what lies between that and the invoices."""

from datetime import date
from fractions import Fraction
from typing import Any

from billing.actions import recognition
from billing.engine.obligations import position, progress
from billing.engine.schedule import add_months
from billing.models import Recognition
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World, agreement
from integration_hub.kernel.errors import BadInput
from integration_hub.kernel.money import ZERO, round_money

FIRST_PERIOD = date(2020, 1, 1)


def recognise(world: World, said: Words) -> dict[str, Any]:
    """A period of a contract that has just these obligations; periods are months in the order they are named."""
    name = str(said.need("period"))
    period = world.periods.setdefault(name, add_months(FIRST_PERIOD, len(world.periods)))
    contract = agreement(world, "obligations")
    measures, totals = [], {}
    for values in said.rows("obligations"):
        with words("obligation", values) as obligation:
            measure = _measure(obligation)
            totals[measure.code] = obligation.number("billing_total")
            measures.append(measure)
    try:
        rows = recognition.recognise(contract=contract, period=period, measures=measures, by=world.person)
    except BadInput as refusal:
        raise BadScenario(str(refusal)) from refusal
    return {
        row.obligation.code: _told(row) | {"variance_vs_billing": _variance(row, totals[row.obligation.code])}
        for row in rows
    }


def _measure(said: Words) -> recognition.Measure:
    actual, estimate, percent = said.number("actual"), said.number("estimate"), said.number("percent")
    if percent is not None:
        done = Fraction(percent) / 100
    elif actual is not None and estimate is not None:
        done = progress(actual, estimate)
    else:
        raise BadScenario(f"{said.where} states neither a percent nor what is spent of which estimate.")
    return recognition.Measure(
        code=str(said.need("id")),
        price=said.amount("price"),
        standalone=said.number("ssp"),
        progress=done,
        invoiced=said.number("invoiced") or ZERO,
    )


def _told(row: Recognition) -> dict[str, Any]:
    asset, liability = position(row.cumulative, row.invoiced)
    return {
        "allocated": row.allocated,
        "percent": round_money(row.progress * 100, "USD"),
        "period_revenue": row.amount,
        "cumulative": row.cumulative,
        "contract_asset": asset,
        "contract_liability": liability,
    }


def _variance(row: Recognition, billed: Any) -> Any:
    """What of the price is earned here and billed under other obligations, or the other way round."""
    return None if billed is None else row.allocated - billed
