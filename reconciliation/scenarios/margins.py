"""The verb of margins: work at its prices and its cost rates, through the costs and the report of the product."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import BillableEvent
from billing.scenarios import happening
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import FIRST_DAY, CostOf, World, add_contract
from contracts.actions import cost_rates
from contracts.actions.rates import card_of
from contracts.models import Contract, LegalEntity, Project, RateRow
from costs.actions import counting
from integration_hub.kernel.money import ZERO, round_money
from reconciliation.reports import formulas
from reconciliation.reports import margin as report
from reconciliation.reports.measures import Asked, Sums

BY = "system:scenario"
OWN = "margin"
"""The contract of items that name no line of the scenario."""
AS_IN_ENTRIES = ("resource", "role", "project", "hours", "minutes", "cost", "category", "currency", "approved")
LAST_DAY = date(2199, 12, 31)


def margin(world: World, said: Words) -> dict[str, Any]:
    """What is left of the value of some work after its direct costs. Hours that no cost rate covers are named: nobody
    knows what they cost, and there is no margin until somebody does (COST_RATE_MISSING).
    """
    before = [CostOf(min((one.since for one in world.cost_rates), default=FIRST_DAY), ZERO)]
    works = [_item(world, values, (world.cost_rates or before)[-1].since) for values in said.rows("items")]
    happening.decide(world)
    _count(world)
    asked = Asked(user=world.person, start=FIRST_DAY, end=LAST_DAY)
    by_currency = report.of_works(asked, works)
    if len(by_currency) > 1:
        raise BadScenario(f"The items are in {' and '.join(by_currency)}: nothing is added across currencies.")
    currency, sums = next(iter(by_currency.items()), ("USD", {}))
    return _told(sums, currency, _missing(works))


def _told(sums: Sums, currency: str, missing: list[str]) -> dict[str, Any]:
    revenue, cost = report.revenue_and_cost(sums)
    share = formulas.margin_share(revenue, cost)
    known = not missing and not sums.get("unconverted")
    told = {
        "revenue": round_money(revenue, currency),
        "cost": round_money(cost, currency),
        "margin": round_money(formulas.margin(revenue, cost), currency) if known else None,
        "margin_percent": round_money(share * 100, "USD") if known and share is not None else None,
        "cost_rate_missing": missing,
    }
    why = f"no cost rate holds for {', '.join(missing)}" if missing else ""
    why = why or ("" if known else "no exchange rate converts a cost") or ("" if revenue else "revenue is 0")
    return told | {"reasons": {name: why for name in ("margin", "margin_percent") if told[name] is None}}


# -- the work ------------------------------------------------------------------------------------------------------


def _item(world: World, values: Any, day: date) -> str:
    """The key of an item: an entry that is there already, or one that it states with its price."""
    if not isinstance(values, Mapping):
        return _known(str(values))
    if {*values} <= {"id", "entry"}:
        return _known(str(values.get("entry", values.get("id"))))
    with words("item", values) as said:
        stated = {"id": str(said.need("id")), "date": said.day("date") or day, "type": said.take("type", "time")}
        stated |= {name: found for name in AS_IN_ENTRIES if (found := said.take(name)) is not None}
        stated["line"] = said.take("line") or _own_line(world, said, stated)
        if (cost := said.number("cost_rate")) is not None:
            stated.setdefault("resource", stated["id"])
            world.cost_rates.append(CostOf(FIRST_DAY, cost, str(stated["resource"])))
    happening.entries(world, Words("item", {"items": [stated]}))
    return str(stated["id"])


def _known(key: str) -> str:
    if not BillableEvent.objects.filter(work_key=key, is_current=True).exists():
        raise BadScenario(f"There is no entry {key!r}.")
    return key


def _own_line(world: World, said: Words, stated: dict[str, Any]) -> str:
    """The line of an item that brings its own price, in a contract that has just such items."""
    if OWN not in world.contracts:
        lines = [{"id": f"{OWN}-time", "method": "tm"}, {"id": f"{OWN}-expenses", "method": "expense"}]
        currency = str(stated.get("currency", "USD"))
        add_contract(world, {"id": OWN, "customer": OWN, "currency": currency, "lines": lines})
    if stated["type"] == "expense":
        return f"{OWN}-expenses"
    rate, revenue = said.number("bill_rate"), said.number("revenue")
    hours = Decimal(str(stated.get("hours") or 0)) or Decimal(str(stated.get("minutes") or 0)) / 60
    if (rate is None) == (revenue is None) or not hours:
        raise BadScenario(f"item {stated['id']}: it needs hours, and either a line, a bill_rate or a revenue.")
    stated["item"] = stated["id"]
    RateRow.objects.create(
        card=card_of(world.contracts[OWN]), item=str(stated["id"]), currency=world.contracts[OWN].currency,
        rate=rate if revenue is None else revenue, unit="hour" if revenue is None else "day",
        hours_per_day=Decimal(8) if revenue is None else hours, validity=(FIRST_DAY, None),
    )  # fmt: skip
    return f"{OWN}-time"


# -- what it costs -------------------------------------------------------------------------------------------------


def _count(world: World) -> None:
    """Keep costs from the first day, at the cost rates of the scenario, and count all work."""
    LegalEntity.objects.filter(pk__in=[one.pk for one in world.entities.values()]).update(costs_from=FIRST_DAY)
    for entity in world.entities.values():
        rates = [_rate(entity, one) for one in sorted(world.cost_rates, key=lambda one: one.since)]
        cost_rates.record(rates=rates, by=BY)
    for contract in world.contracts.values():
        _in_a_project(contract)
        for project in Project.objects.filter(contract=contract.pk).select_related("contract__legal_entity"):
            counting.count(project=project, caused_by="scenario")


def _rate(entity: LegalEntity, one: CostOf) -> cost_rates.CostRateIn:
    return cost_rates.CostRateIn(
        legal_entity=entity.code, currency=one.currency or entity.currency, rate=one.rate, valid_from=one.since,
        source="scenario", resource=one.resource, role=one.role,
    )  # fmt: skip


def _in_a_project(contract: Contract) -> None:
    """Costs are kept by project: work of a story that names none is of one of its contract."""
    without = BillableEvent.objects.filter(contract=contract, project=None, is_current=True)
    if without.exists():
        code = f"scenario-{contract.number}"
        row, _ = Project.objects.get_or_create(code=code, defaults={"name": code, "contract": contract})
        without.update(project=row)


def _missing(works: list[str]) -> list[str]:
    """Of the works, in their order, the approved time that no cost is counted for."""
    rows = BillableEvent.objects.filter(
        work_key__in=works, is_current=True, is_deleted=False, kind="time", approval="approved"
    )
    lacking = set(rows.exclude(costs__is_current=True).values_list("work_key", flat=True))
    return [key for key in works if key in lacking]
