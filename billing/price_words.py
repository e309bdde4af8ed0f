"""How a trace says days, hours, amounts, and what a price is made of."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integration_hub.console.wording import number
from integration_hub.kernel.money import show


def day(text: Any) -> str:
    """`4 May 2026` of an ISO date; a dash when there is none."""
    if not text:
        return "–"
    value = date.fromisoformat(str(text))
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """`4 May 2026 09:42 UTC`."""
    value = value.astimezone(UTC)
    return f"{value.day} {value:%b %Y %H:%M} UTC"


def hours(minutes: Any) -> str:
    """`4.00 h` of minutes."""
    return f"{Decimal(str(minutes)) / 60:,.2f} h"


def money(amount: Any, currency: str) -> str:
    """An amount of a trace, exact: further digits are shown, never rounded away."""
    if amount is None:
        return "no price"
    value = Decimal(str(amount))
    if not currency:
        return number(value)
    return show(value, currency) if value == round(value, 2) else f"{number(value)} {currency}"


def before(valid_to: str | None) -> str:
    """The end of a price's time; it is the first day it no longer holds."""
    return f"before {day(valid_to)}" if valid_to else "further notice"


def rate_how(trace: dict[str, Any], currency: str) -> str:
    """The price that applied and where it is from, or why there is none; empty where none was asked for."""
    rate = trace.get("rate")
    if rate is None:
        return ""
    if rate.get("hourly") is None:
        return {
            "RATE_MISSING": "No price covers this role on this day.",
            "ROLE_MISSING": "The role is not known, so no price can be chosen.",
            "FX_MISSING": "The price is in another currency, and no exchange rate of before that day is known.",
            "FX_STALE": "The price is in another currency, and the last exchange rate before that day is too old.",
        }.get(rate.get("code", ""), "No price applies.")
    origin = "the beyond-the-retainer rate of the line" if rate.get("from") != "row" else "the price that applies"
    if rate.get("converted"):
        how = "divided by" if rate["converted"]["divides"] else "at"
        origin += f", converted {how} {_rate_of(rate['converted'])}"
    unit = "unit" if trace.get("filing", {}).get("kind") == "usage" else "hour"
    return f"{money(rate['hourly'], currency)} per {unit}, {origin}.{_beside_rate(trace, currency)}"


def _beside_rate(trace: dict[str, Any], currency: str) -> str:
    """A premium, and prices that fall with volume."""
    told = ""
    if premium := trace.get("premium"):
        told += f" {premium['category'].capitalize()} costs {number(premium['factor'])} times that."
    if tiers := trace.get("tiers"):
        steps = "; ".join(f"beyond {hours(at['beyond'])} at {money(at['hourly'], currency)}" for at in tiers["tiers"])
        after = f", {hours(tiers['after'])} with it" if "after" in tiers else ""
        told += f" {hours(tiers['before'])} were charged before on this line{after}: {steps}."
    return told


def sum_of(step: dict[str, Any], currency: str) -> str:
    """One step of reckoning, with what it comes to."""
    if step["step"] == "cost":
        return f"As delivered: {money(step['amount'], step.get('currency', currency))}"
    if step["step"] == "converted":
        how = "divided by" if step["divides"] else "at"
        return f"Converted {how} {_rate_of(step)}: {money(step['amount'], step['currency'])}"
    if step["step"] == "stale":
        return f"Not converted: the last rate is {_rate_of(step)}, and more than {step['days']} days old"
    told = _SAID.get(step["step"], "{step}").format(
        step=step["step"].capitalize(),
        **{name: number(step[name]) for name in ("percent", "by", "units") if name in step},
        **{name: money(step[name], currency) for name in ("price", "limit", "was") if name in step},
    )
    return f"{told}: {money(step.get('amount'), step.get('currency', currency))}"


_SAID = {
    "marked up": "Marked up by {percent} %",
    "multiplied": "{by} times the cost",
    "net of tax": "Without the {percent} % tax that is recovered",
    "with tax": "With the {percent} % tax that is not recovered",
    "passed on": "Passed on as it was paid",
    "by unit": "{units} units at {price}",
    "no units": "How many units it was is not stated",
    "no price": "No price per unit is agreed",
    "beyond the policy": "Beyond the {limit} that the client's policy allows",
    "cut to the policy": "Cut from {was} to what the client's policy allows",
}


def _rate_of(step: dict[str, Any]) -> str:
    return f"{number(step['rate'])} of {day(step['date'])}"
