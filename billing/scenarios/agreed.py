"""Terms of prices as a file names them, made the terms that a source of contracts would state."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from billing.scenarios.reading import BadScenario, Words, words
from integration_hub.canonical import LinePrices, Policy, stated
from integration_hub.canonical import said as said_by

MINUTES = Decimal(60)
METHODS = {name: name for name in ("at_cost", "markup", "multiplier", "unit_price", "disbursement", "non_billable")}
MODES = {"up": "up", "down": "down", "nearest": "nearest"}
POOLS = {"entry": "entry", "day": "day", "task": "task"}
PRORATION = {"actual": "actual_days", "fixed30": "fixed30", "half_months": "half_months", "none": "none"}


def policy(values: Mapping[str, Any]) -> dict[str, object]:
    """How a contract is billed. Raises BadScenario for what is no policy."""
    try:
        return said_by(Policy.model_validate(values))
    except ValidationError as error:
        raise BadScenario(f"policy: {error.errors()[0]['msg']}") from error


def expenses(rules: Iterable[Any]) -> list[dict[str, Any]]:
    """The rules for the expenses of a contract."""
    found = []
    for values in rules:
        with words("expense rule", values) as rule:
            found.append(
                {
                    "category": str(rule.take("category", "")),
                    "method": rule.one_of("method", METHODS, "at_cost"),
                    "percent": rule.number("percent"),
                    "multiplier": rule.number("multiplier"),
                    "price": rule.number("price"),
                    "tax_rate": rule.number("tax_rate") or Decimal(0),
                    "recoverable": not rule.take("non_deductible", False),
                    "limit": rule.number("limit"),
                    "over_limit": rule.one_of("over_limit", {"ask": "ask", "cut": "cut"}, "ask"),
                }
            )
    return found


def prices(said: Words, costs: list[dict[str, Any]]) -> dict[str, object]:
    """What a line agrees beside its rates. Raises BadScenario for terms that contradict each other."""
    terms: dict[str, Any] = {"expenses": costs, "increment": None}
    if (rule := said.take("increment")) is not None:
        with words("increment", rule) as increment:
            terms["increment"] = {
                "unit_minutes": increment.amount("unit") * MINUTES,
                "mode": increment.one_of("mode", MODES, "up"),
                "factor": increment.number("factor") or Decimal(1),
                "floor_minutes": (increment.number("floor") or Decimal(0)) * MINUTES,
                "pool": increment.one_of("scope", POOLS, "entry"),
            }
    terms["premiums"] = said.rows("premiums")
    terms["tiers"] = [{"beyond_hours": str(row["beyond"]), "rate": str(row["rate"])} for row in said.rows("tiers")]
    terms["grace_days"] = int(said.number("grace_days") or 0)
    terms["proration"] = said.one_of("proration", PRORATION, "actual")
    terms["due"] = said.one_of("due", {due: due for due in ("arrears", "advance")}, "arrears")
    terms["suspensions"] = [{"first": gap["from"], "until": gap["to"]} for gap in said.rows("suspensions")]
    try:
        return stated(LinePrices.model_validate(terms))
    except ValidationError as error:
        raise BadScenario(f"{said.where}: {error.errors()[0]['msg']}") from error
