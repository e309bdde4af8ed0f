"""The verb of timesheets: how far the billing of entries is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.engine.sheets import Part, Standing, standing
from billing.models import Piece
from billing.scenarios.happening import decide
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World
from billing.sheets import standings
from integration_hub.kernel.money import ZERO, round_money

MINUTES = Decimal(60)


def timesheet(world: World, said: Words) -> dict[str, Any]:
    """Where a sheet stands: of entries by their ids, as they are billed by now, or of entries that it states."""
    items = said.rows("items")
    if items and all(isinstance(one, Mapping) and {*one} - {"id", "entry"} for one in items):
        parts = []
        for values in items:
            with words("item", values) as item:
                parts += _stated(item)
        return _told(standing(parts), "USD")
    keys = [str(one.get("entry", one.get("id")) if isinstance(one, Mapping) else one) for one in items]
    decide(world)
    pieces = Piece.objects.filter(is_current=True, event__work_key__in=keys)
    if missing := sorted({*keys} - {*pieces.values_list("event__work_key", flat=True)}):
        raise BadScenario(f"There is no entry {', '.join(missing)}.")
    found = standings(pieces)
    if len(found) > 1:
        raise BadScenario(f"The items are in {' and '.join(found)}: nothing is added across currencies.")
    currency, one = next(iter(found.items()), ("USD", standing(())))
    return _told(one, currency or "USD")


def _stated(said: Words) -> list[Part]:
    """An entry by its figures: its hours and rate, or what it is worth, and whether or how far it is billed."""
    said.take("id")
    worked, own = _minutes(said, "hours", "minutes"), _minutes(said, "billing_hours", "billing_minutes")
    minutes, rate, amount = worked if own is None else own, said.number("rate"), said.number("amount")
    billable, billed = said.take("billable", True), said.take("billed", False)
    if not isinstance(billable, bool):
        amount, billable = _number(said, billable), True
    if amount is None and rate is not None and minutes is not None:
        amount = minutes * rate / MINUTES
    if minutes is None and amount is None:
        raise BadScenario(f"{said.where} has neither hours nor an amount.")
    if not billable:
        return [Part("non_billable", amount or ZERO, minutes or ZERO)]
    part = Decimal(int(billed)) if isinstance(billed, bool) else _part(said, _number(said, billed), amount, minutes)
    both = ((share, state) for share, state in ((part, "posted"), (1 - part, "billable")) if share)
    return [
        Part(state, (amount or ZERO) * share, (minutes or ZERO) * share, unpriced=int(amount is None))
        for share, state in both
    ]


def _part(said: Words, billed: Decimal, amount: Decimal | None, minutes: Decimal | None) -> Decimal:
    """The part of an entry that is billed: of its value, or of its hours where it has none."""
    whole = amount if amount is not None else (minutes or ZERO) / MINUTES
    if not whole or not 0 <= billed <= whole:
        raise BadScenario(f"{said.where}: billed is {billed}, which is no part of {whole}.")
    return billed / whole


def _number(said: Words, value: Any) -> Decimal:
    with words(said.where, {"value": value}) as one:
        return one.amount("value")


def _minutes(said: Words, hours: str, minutes: str) -> Decimal | None:
    in_hours, found = said.number(hours), said.number(minutes)
    return in_hours * MINUTES if in_hours is not None else found


def _told(one: Standing, currency: str) -> dict[str, Any]:
    return {
        "billable": round_money(one.billable, currency),
        "billed": round_money(one.billed, currency),
        "billable_hours": one.minutes / MINUTES,
        "billed_hours": one.minutes_billed / MINUTES,
        "percent": round_money(one.percent, "USD"),
        "measured_by": "value" if one.by_value else "hours",
        "status": str(one.status),
    }
