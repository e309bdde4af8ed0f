"""Matching rules: one decision table per pair says how exactly each way must agree, and what it may confirm by itself.

The ways are tried in a fixed order, the most precise first; only their tolerances and rights are rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from integration_hub.kernel.errors import Problem
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import Input, Kind, Output, RuleSpec, Table, recalled

WAYS = ("key", "sum", "reference", "keyless", "group")
KEYED, SEARCHED = WAYS[:2], WAYS[2:]
TITLES = {
    "key": "Same reference",
    "sum": "Sums of the same reference",
    "reference": "Similar reference",
    "keyless": "Amount, date and party",
    "group": "Sums of a party and month",
}
NUMBERS = ("amount", "percent", "days", "rounding", "confirms_from", "second_person_from", "fx_percent")
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Rule:
    """What one way must keep for one legal entity and currency.

    Amounts may differ by `amount` or `percent` of the left side, whichever is more, and dates by `days`. What differs
    by more and by up to `rounding` an item is a break of rounding. A searched way confirms by itself while the lower
    bound of its precision is at least `confirms_from` (None: never). What is in another currency agrees where it
    differs by up to `fx_percent` from the left side at the rate of its day (None: never).
    """

    way: str
    legal_entity: str
    currency: str
    used: bool
    amount: Decimal
    percent: Decimal
    days: int
    rounding: Decimal
    confirms_from: Decimal | None
    second_person_from: Decimal | None
    fx_percent: Decimal | None = None


def kind_name(pair: str) -> str:
    """The kind of decision table that holds the rules of a pair."""
    return f"match.{pair}"


def _outputs(used: str, amount: str, days: str, *, percent: str = "0", confirms: str = "", second: str = "10000",
             rounding: str = "0.05") -> dict[str, str]:  # fmt: skip
    return {
        "used": used, "amount": amount, "percent": percent, "days": days, "rounding": rounding,
        "confirms_from": confirms, "second_person_from": second,
    }  # fmt: skip


DELIVERED = (
    RuleSpec("way in ['key', 'sum']", _outputs("yes", "0", "3"), "Our reference was planted: amounts must be equal"),
    RuleSpec("way == 'reference'", _outputs("yes", "0.02", "10", confirms="0.995"), "Typed by hand"),
    RuleSpec("way == 'keyless'", _outputs("yes", "0.02", "3", confirms="0.9995"), "Only a fallback"),
    RuleSpec("", _outputs("yes", "0.02", "31"), "Always for a person"),
)


def kind(pair: str, title: str) -> Kind:
    """The kind of one pair."""
    return Kind(
        name=kind_name(pair),
        title=f"Matching: {title}",
        about="How exactly both sides must agree, way by way, and which ways may confirm a match by themselves.",
        inputs=(Input("way", "Way of matching", values=WAYS), Input("currency", "Currency")),
        outputs=(
            Output("used", "Used", values=("yes", "no")),
            Output("amount", "Amounts may differ by"),
            Output("percent", "or by per cent"),
            Output("days", "Dates may differ by days"),
            Output("rounding", "Rounding of an item up to"),
            Output("confirms_from", "Confirms by itself from precision", required=False),
            Output("second_person_from", "Second person from amount", required=False),
            Output("fx_percent", "Other currency: by per cent at the day's rate", required=False),
        ),
        delivered=DELIVERED,
        proved=problems,
    )


def problems(rules: Iterable[RuleSpec]) -> Iterable[Problem]:
    """What is wrong with the numbers of rules."""
    for number, rule in enumerate(rules, 1):
        for name in NUMBERS:
            text = rule.outputs.get(name, "")
            if text and (told := _number_problem(name, text)):
                yield Problem(f"Rule {number}", f"{name}: {told}")


def _number_problem(name: str, text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return f"{text!r} is not a number."
    if not value.is_finite() or value < 0:
        return f"{text} is below zero or endless."
    if name == "days" and (value != int(value) or value > MOST_DAYS):
        return f"{text} is not a whole number up to {MOST_DAYS}."
    if name in ("percent", "fx_percent") and value >= 100:
        return f"{text} per cent would take any two amounts for equal."
    if name == "confirms_from" and not 0 < value < 1:
        return f"{text} is not a precision between 0 and 1."
    return ""


def rule_of(table: Table, way: str, legal_entity: str, currency: str) -> Rule:
    """What a table says of one way. Raises NoRule."""
    said = table.decide({"way": way, "currency": currency}).outputs

    def number(name: str) -> Decimal:
        return Decimal(said.get(name) or 0)

    def maybe(name: str) -> Decimal | None:
        return Decimal(said[name]) if said.get(name) else None

    return Rule(
        way=way,
        legal_entity=legal_entity,
        currency=currency,
        used=said["used"] == "yes",
        amount=number("amount"),
        percent=number("percent"),
        days=int(number("days")),
        rounding=number("rounding"),
        confirms_from=maybe("confirms_from"),
        second_person_from=maybe("second_person_from"),
        fx_percent=maybe("fx_percent"),
    )


def recalled_of(pair: str, facts: Mapping[str, Any]) -> Table:
    """The table a manifest kept."""
    return recalled(KINDS.get(kind_name(pair)), facts)
