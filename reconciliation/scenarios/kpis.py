"""The verb of measures: values as somebody read them, put through the formulas of the reports (billing.md §4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World
from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.scenarios import kpi_rows

CENT = Decimal("0.01")
Values = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Kpi:
    """A measure: the inputs its formula takes, in order, and the one it divides by, if any."""

    unit: Literal["percent", "days", "money"]
    of: Callable[..., Decimal | None]
    inputs: tuple[str, ...]
    by: str = ""


_LEAKAGE = ("standard_value", "billed", "written_off", "open")
KPIS: dict[str, Kpi] = {
    "unbilled_ready": Kpi("money", formulas.unbilled_ready, ("billable", "reserved")),
    "contract_asset": Kpi("money", formulas.contract_asset, ("cumulative_revenue", "cumulative_billed")),
    "contract_liability": Kpi(
        "money", formulas.contract_liability, ("cumulative_revenue", "cumulative_billed", "retainers")
    ),
    "backlog": Kpi("money", formulas.backlog, ("price_in_force", "revenue_to_date")),
    "exposure": Kpi("money", formulas.exposure, ("ar", "wip")),
    "credit_left": Kpi("money", formulas.credit_left, ("credit_limit", "exposure")),
    "dso": Kpi("days", formulas.dso, ("average_ar", "credit_sales", "days"), "credit_sales"),
    "wip_days": Kpi("days", formulas.wip_days, ("wip", "fees"), "fees"),
    "debtor_days": Kpi("days", formulas.debtor_days, ("ar", "fees"), "fees"),
    "lock_up_days": Kpi("days", formulas.lock_up_days, ("wip_days", "debtor_days")),
    "utilisation": Kpi("percent", formulas.utilisation, ("billable_hours", "available_hours"), "available_hours"),
    "billable_mix": Kpi("percent", formulas.billable_mix, ("billable_hours", "worked_hours"), "worked_hours"),
    "billing_realisation": Kpi(
        "percent", formulas.billing_realisation, ("billed", "standard_value"), "standard_value"
    ),
    "rate_realisation": Kpi("percent", formulas.rate_realisation, ("billed", "standard_billed"), "standard_billed"),
    "collection_realisation": Kpi("percent", formulas.collection_realisation, ("cash_applied", "billed"), "billed"),
    "total_realisation": Kpi("percent", formulas.total_realisation, ("cash_applied", "standard_value"),
                             "standard_value"),
    "margin": Kpi("money", formulas.margin, ("revenue", "direct_cost")),
    "margin_percent": Kpi("percent", formulas.margin_share, ("revenue", "direct_cost"), "revenue"),
    "margin_at_completion": Kpi("percent", formulas.margin_at_completion, ("price", "eac"), "price"),
    "leakage": Kpi("percent", formulas.leakage, _LEAKAGE, "standard_value"),
    "leaked": Kpi("money", formulas.leaked, _LEAKAGE),
    "silent_share": Kpi("percent", formulas.share, ("silent_leakage", "standard_value"), "standard_value"),
    "write_off_rate": Kpi("percent", formulas.write_off_rate, ("written_off", "standard_value"), "standard_value"),
    "ar_write_off_rate": Kpi("percent", formulas.bad_debt_rate, ("ar_write_offs", "billed"), "billed"),
    "touchless": Kpi("percent", formulas.touchless, ("pieces_touchless", "pieces_posted"), "pieces_posted"),
    "touchless_by_money": Kpi("percent", formulas.touchless, ("money_touchless", "money_posted"), "money_posted"),
    "first_time_right": Kpi("percent", formulas.first_time_right, ("invoices_right", "invoices"), "invoices"),
    "exception_rate": Kpi("percent", formulas.exception_rate, ("pieces_ever_blocked", "pieces"), "pieces"),
    "self_healed": Kpi("percent", formulas.self_healed, ("pieces_self_healed", "pieces_ever_blocked"),
                       "pieces_ever_blocked"),
    "sla_hit": Kpi("percent", formulas.sla_hit, ("cases_in_time", "cases"), "cases"),
    "accrual_accuracy": Kpi("percent", formulas.accrual_error, ("accrued", "later_actual"), "later_actual"),
    "close_readiness": Kpi("percent", formulas.close_readiness, ("money_passing", "money_due"), "money_due"),
    "reconciliation_coverage": Kpi(
        "percent", formulas.reconciliation_coverage, ("money_agreed", "money_posted"), "money_posted"
    ),
}  # fmt: skip

SAME = {
    "project_margin": "margin_percent",
    "fixed_price_margin_at_completion": "margin_at_completion",
    "lock_up": "lock_up_days",
    "touchless_rate": "touchless",
    "unbilled_receivable": "contract_asset",
}
"""Other words of §4 for a measure."""

WORDS = {
    "trailing_12_month_fees": "fees",
    "trailing_12m_fees": "fees",
    "trailing_fees": "fees",
    "fees_12_months": "fees",
    "fees_12m": "fees",
    "billed_value": "billed",
    "debtors": "ar",
    "receivable": "ar",
    "receivables": "ar",
    "average_receivable": "average_ar",
    "average_receivables": "average_ar",
    "standard": "standard_value",
    "cash": "cash_applied",
    "wip_write_downs": "write_downs",
    "wip_write_offs": "write_offs",
    "approved_write_offs": "write_offs",
    "wip_written_off": "written_off",
    "ar_written_off": "ar_write_offs",
    "still_open": "open",
    "still_legitimately_open": "open",
    "legitimately_open": "open",
    "posted_pieces": "pieces_posted",
    "touchless_pieces": "pieces_touchless",
    "untouched_pieces": "pieces_touchless",
    "pieces_untouched": "pieces_touchless",
    "actual": "later_actual",
}
"""Other words of §4, its usual abbreviations, or words of the verb `write_effects`, for an input."""


@dataclass(frozen=True, slots=True)
class Made:
    """An input that may be told by its parts instead; those that are not `needed` count as nought where untold."""

    of: Callable[..., Decimal]
    parts: tuple[str, ...]
    needed: tuple[str, ...] = ()


def _sum(*parts: Decimal) -> Decimal:
    return sum(parts, ZERO)


def _mean(opening: Decimal, closing: Decimal) -> Decimal:
    return (opening + closing) / 2


def _times(hours: Decimal, rate: Decimal) -> Decimal:
    return hours * rate


MADE: dict[str, Made] = {
    "available_hours": Made(formulas.available_hours, ("capacity", "leave", "holidays"), ("capacity",)),
    "average_ar": Made(_mean, ("opening_ar", "closing_ar"), ("opening_ar", "closing_ar")),
    "wip": Made(formulas.wip, ("pending", "blocked", "held", "billable", "reserved", "postponed")),
    "direct_cost": Made(_sum, ("labour", "expenses", "subcontract", "transfer_prices")),
    "silent_leakage": Made(_sum, ("priced_zero", "time_barred", "forfeited", "never_mapped", "over_cap")),
    "written_off": Made(_sum, ("write_downs", "write_offs")),
    "standard_billed": Made(_times, ("hours", "standard_rate"), ("hours", "standard_rate")),
}
"""How they are put together."""

INPUTS = {name for one in KPIS.values() for name in one.inputs} | {name for one in MADE.values() for name in one.parts}


def kpi(_world: World, said: Words) -> dict[str, Any]:
    """Every measure that can be made of the inputs, rounded once, and what of them was put together of parts. A measure
    that has only some of its inputs, or that divides by nought, is told under `reasons`.
    """
    values, reasons = said.need("inputs"), dict[str, str]()
    with words("inputs", values) as inputs:
        listed = kpi_rows.of_rows(inputs, reasons)
        breach = kpi_rows.cap_breach(inputs, reasons, values)
        given = _given(inputs, values)
        back = kpi_rows.counted_back(inputs, given.get("closing_ar", given.get("ar")), reasons)
    known: dict[str, Decimal | None] = {**given, **_made(given)}
    if "average_ar" not in known and "ar" in known:
        known["average_ar"] = known["ar"]
    used = _measured(given, known, reasons) | ({"ar", "closing_ar"} if back else set())
    _all_used(given, used, reasons)
    units = {name: one.unit for name, one in KPIS.items()} | dict.fromkeys(MADE, "money")
    found: dict[str, Any] = {
        name: _rounded(value, units[name]) for name, value in known.items() if name in units and name not in given
    }
    found |= breach | {name: _rounded(value, "days") for name, value in (listed | back).items()}
    for other, name in SAME.items():
        found |= {other: found[name]} if name in found else {}
        reasons |= {other: reasons[name]} if name in reasons else {}
    return {**found, "reasons": reasons}


def _given(inputs: Words, told: Mapping[str, Any]) -> Values:
    """The single values by our names. Raises BadScenario for one that no formula takes, or that is told twice."""
    found: Values = {}
    for name in [name for name in told if name not in kpi_rows.NAMES]:
        lower = name.lower()  # §4 writes AR, WIP and EAC
        ours = WORDS.get(lower, lower)
        if ours not in INPUTS:
            known = ", ".join(sorted({*INPUTS, *WORDS, *kpi_rows.NAMES}))
            raise BadScenario(f"inputs: no measure takes {name!r}. Known: {known}.")
        if ours in found:
            raise BadScenario(f"inputs: {name!r} says {ours!r} once more.")
        found[ours] = inputs.amount(name)
    return found


def _made(given: Values) -> Values:
    """What is put together of parts. Raises BadScenario where the whole is told as well, or a part lacks."""
    found: Values = {}
    for name, made in MADE.items():
        parts = [part for part in made.parts if part in given]
        if not parts:
            continue
        if name in given:
            raise BadScenario(f"inputs: {name!r} is told, and so is {parts[0]!r}, which it is made of.")
        if lacking := [part for part in made.needed if part not in given]:
            raise BadScenario(f"inputs: {name!r} is made of {', '.join(made.parts)}; it lacks {', '.join(lacking)}.")
        found[name] = made.of(*(given.get(part, ZERO) for part in made.parts))
    return found


def _measured(given: Values, known: dict[str, Decimal | None], reasons: dict[str, str]) -> set[str]:
    """Put every measure whose inputs are known among what is known, exact, and why others are not among the reasons;
    which inputs were used.
    """
    used: set[str] = set()
    for name, one in KPIS.items():
        lacking = [need for need in one.inputs if need not in known]
        if lacking and len(lacking) < len(one.inputs):
            reasons[name] = f"it lacks {' and '.join(lacking)}"
        if lacking:
            continue
        if name in given:
            raise BadScenario(f"inputs: {name!r} is told, and so is {one.inputs[0]!r}, which it is made of.")
        used |= {*one.inputs}
        values = [known[need] for need in one.inputs]
        known[name] = one.of(*values) if None not in values else None
        if known[name] is None:
            reasons[name] = f"{one.by} is 0: there is nothing to divide by" if one.by else "a part of it is not known"
    return used


def _all_used(given: Values, used: set[str], reasons: Mapping[str, str]) -> None:
    """Raises BadScenario for an input of which nothing came, saying what its measures lack."""
    for name in given:
        wholes = {name, *(whole for whole, made in MADE.items() if name in made.parts)}
        wholes |= {"average_ar"} if name == "ar" else set()
        if not wholes & used:
            wanting = [f"{other}: {why}" for other, why in reasons.items() if wholes & {*KPIS[other].inputs}]
            raise BadScenario(f"inputs: nothing comes of {name!r} ({'; '.join(wanting)}).")


def _rounded(value: Decimal | None, unit: str) -> Decimal | None:
    """To two places, as §4 shows them; a share as a percentage."""
    return None if value is None else (value * (100 if unit == "percent" else 1)).quantize(CENT, ROUND_HALF_UP)
