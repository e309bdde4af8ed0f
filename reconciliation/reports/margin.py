"""Margin: what work brings less what it costs, of customers, contracts and projects (billing.md §4)."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from contracts.queries import LATEST_RATE
from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.reports.measures import (
    CONTRACT,
    CUSTOMER,
    PROJECT,
    Asked,
    Cut,
    Figure,
    Line,
    Measure,
    Month,
    Sums,
    by_month,
    months_of,
    selected,
    summed,
    sums_of,
)
from reconciliation.reports.pieces import key_of

CUTS = (CUSTOMER, CONTRACT, PROJECT)
_CODES = {
    CUSTOMER: ("customer.code", "customer.name"),
    CONTRACT: ("contract.number", "contract.name"),
    PROJECT: ("project.code", "project.name"),
}
REVENUE = ("billed", "open")
COSTS = ("labour", "subcontract", "purchases", "expenses")


_CONVERTED = """
CASE WHEN {foreign} THEN (SELECT CASE WHEN fx.divides THEN {amount} / fx.rate ELSE {amount} * fx.rate END
                            FROM ({rate}) AS fx)
     ELSE {amount} END
"""


def _converted(amount: str, currency: str, day: str) -> str:
    """SQL for an amount in the contract's currency by the corporate rate of a day; NULL without one."""
    foreign = f"{currency} <> contract.currency"
    rate = LATEST_RATE.format(base=currency, quote="contract.currency", on=day, when=foreign)
    return _CONVERTED.format(amount=amount, foreign=foreign, rate=rate)


_ONLY = "(%(works)s::text[] IS NULL OR {key} = ANY(%(works)s))"
"""Of some works alone, by their keys; NULL: of all."""
_WORK = _ONLY.format(key="event.work_key")

_STATEMENT = f"""
WITH moved AS (
    SELECT event.contract_id, event.project_id, event.service_date AS day, 'billed' AS kind, piece.net AS amount
      FROM billing_piece AS piece JOIN billing_billableevent AS event ON event.id = piece.event_id
     WHERE piece.is_current AND piece.state IN ('posted', 'corrected') AND {_WORK}
       AND event.service_date BETWEEN %(first)s AND %(end)s
    UNION ALL
    SELECT event.contract_id, event.project_id, event.service_date, 'open', piece.amount
      FROM billing_piece AS piece JOIN billing_billableevent AS event ON event.id = piece.event_id
     WHERE piece.is_current AND piece.state IN ('blocked', 'held', 'billable', 'reserved', 'postponed')
       AND piece.amount IS NOT NULL AND event.service_date BETWEEN %(first)s AND %(end)s AND {_WORK}
    UNION ALL
    SELECT contract.id, cost.project_id, cost.service_date,
           CASE WHEN cost.vendor = '' THEN 'labour' ELSE 'subcontract' END,
           {_converted("cost.amount", "cost.currency", "cost.service_date")}
      FROM costs_cost AS cost JOIN contracts_project AS project ON project.id = cost.project_id
      JOIN contracts_contract AS contract ON contract.id = project.contract_id
     WHERE cost.is_current AND cost.service_date BETWEEN %(first)s AND %(end)s AND {_ONLY.format(key="cost.work_key")}
    UNION ALL
    SELECT contract.id, purchase.project_id, purchase.delivered_on, 'purchases',
           {_converted("purchase.amount", "purchase.currency", "purchase.delivered_on")}
      FROM costs_purchase AS purchase JOIN contracts_project AS project ON project.id = purchase.project_id
      JOIN contracts_contract AS contract ON contract.id = project.contract_id
     WHERE NOT purchase.is_deleted AND purchase.is_approved AND purchase.handling <> 'covers_time'
       AND purchase.delivered_on BETWEEN %(first)s AND %(end)s
       AND {_ONLY.format(key="('purchase:' || purchase.id)")}
    UNION ALL
    SELECT contract.id, event.project_id, event.service_date, 'expenses',
           {_converted("event.amount", "event.currency", "event.service_date")}
      FROM billing_billableevent AS event JOIN contracts_contract AS contract ON contract.id = event.contract_id
     WHERE event.is_current AND NOT event.is_deleted AND event.kind = 'expense' AND event.approval = 'approved'
       AND event.work_key NOT LIKE 'purchase:%%'
       AND event.service_date BETWEEN %(first)s AND %(end)s AND {_WORK}
    UNION ALL
    SELECT event.contract_id, event.project_id, event.service_date, 'uncosted', event.minutes
      FROM billing_billableevent AS event JOIN contracts_contract AS contract ON contract.id = event.contract_id
      JOIN contracts_legalentity AS entity ON entity.id = contract.legal_entity_id
     WHERE event.is_current AND NOT event.is_deleted AND event.kind = 'time' AND event.approval = 'approved'
       AND event.service_date >= entity.costs_from
       AND NOT EXISTS (SELECT FROM costs_cost AS cost WHERE cost.work_key = event.work_key AND cost.is_current)
       AND event.service_date BETWEEN %(first)s AND %(end)s AND {_WORK}
)
SELECT {{by}}, contract.currency AS by_currency,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'billed'), 0) AS billed,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'open'), 0) AS open,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'labour'), 0) AS labour,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'subcontract'), 0) AS subcontract,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'purchases'), 0) AS purchases,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'expenses'), 0) AS expenses,
       coalesce(sum(moved.amount) FILTER (WHERE moved.kind = 'uncosted'), 0) AS uncosted,
       count(*) FILTER (WHERE moved.amount IS NULL) AS unconverted,
       count(*) FILTER (WHERE moved.kind <> 'uncosted') AS count
  FROM moved
  JOIN contracts_contract AS contract ON contract.id = moved.contract_id
  JOIN contracts_customer AS customer ON customer.id = contract.customer_id
  JOIN contracts_legalentity AS entity ON entity.id = contract.legal_entity_id
  LEFT JOIN contracts_project AS project ON project.id = moved.project_id
 WHERE {{wanted}}
 GROUP BY {{group}}
 ORDER BY {{group}}
"""  # noqa: S608 - built of constants


def _select(
    asked: Asked, by: str, group: str, first: Any, works: Collection[str] | None = None
) -> list[dict[str, Any]]:
    wanted = asked.condition(customer="customer", currency="contract.currency")
    statement = _STATEMENT.format(by=by, group=group, wanted=wanted)
    only = None if works is None else list(works)
    return selected(statement, {**asked.parameters, "first": first, "works": only})


def of_works(asked: Asked, works: Collection[str]) -> dict[str, Sums]:
    """The sums of some works alone, by their keys, per currency."""
    currency = "contract.currency"
    return {row["by_currency"]: sums_of(row) for row in _select(asked, "'' AS by_code", currency, asked.start, works)}


def _lines(asked: Asked) -> list[Line]:
    cut = MARGIN.cut(asked)
    code, name = _CODES[cut]
    group = f"entity.code, {code}, {name}, contract.currency"
    by = f"entity.code AS by_entity, {code} AS by_code, {name} AS by_name"
    return [_line(cut, row, asked) for row in _select(asked, by, group, asked.start)]


def _line(cut: Cut, row: dict[str, Any], asked: Asked) -> Line:
    key = key_of(cut, row)
    narrowed = {cut.slug: key.code, "legal_entity": key.legal_entity, "currency": key.currency,
                "service_date_after": asked.start, "service_date_before": asked.end}  # fmt: skip
    query = urlencode({name: value for name, value in narrowed.items() if value})
    return Line(key, sums_of(row), f"{reverse('billing:work-list')}?{query}")


def _months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    month = "date_trunc('month', moved.day)::date"
    return by_month(_select(asked, f"{month} AS by_month", f"{month}, contract.currency", months_of(asked)[0]))


def revenue_and_cost(sums: Sums) -> tuple[Decimal, Decimal]:
    """The two sides of a margin."""
    revenue, cost = (sum((sums.get(name, ZERO) for name in names), ZERO) for names in (REVENUE, COSTS))
    return revenue, cost


def margin(sums: Sums) -> Decimal:
    """Revenue less direct costs."""
    return formulas.margin(*revenue_and_cost(sums))


def _uncosted(sums: Sums) -> Decimal:
    return sums.get("uncosted", ZERO) / 60


def _share(sums: Sums) -> Decimal | None:
    return formulas.margin_share(*revenue_and_cost(sums))


MARGIN = Measure(
    slug="margin",
    title="Margin",
    question="What is left of the value of the work after what it cost?",
    formula="Value of the work of the period, billed net and not billed yet at bill rate, less its direct costs: hours "
    "at cost rates, those of our own people and of subcontractors apart, purchases, and expenses as they were paid. "
    "All by the day of service. Costs in another currency are converted at the corporate rate of that day.",
    version=2,
    counted="pieces of work and costs",
    permission="costs.view_cost",
    cuts=CUTS,
    figures=(
        Figure("billed", "Billed", "money", summed("billed")),
        Figure("open", "Not billed yet", "money", summed("open")),
        Figure("labour", "Own hours", "money", summed("labour")),
        Figure("subcontract", "Subcontractors", "money", summed("subcontract")),
        Figure("purchases", "Purchases", "money", summed("purchases")),
        Figure("expenses", "Expenses", "money", summed("expenses")),
        Figure("margin", "Margin", "money", margin),
        Figure("share", "Margin of value", "percent", _share, leading=True),
        Figure("uncosted", "Hours without a cost rate", "hours", _uncosted),
        Figure("unconverted", "Costs without an exchange rate", "number", summed("unconverted")),
    ),
    lines=_lines,
    months=_months,
    notes=(
        "Over the cap, written off, included and not billable work brings nothing and still costs.",
        "Hours without a cost rate are told apart: the margin of a line that has some is too high by what they cost.",
        "Work before costs are kept costs nothing here.",
        "Bills that pay for hours charged as time are not counted beside these hours at their cost rate.",
        "It is the view of the contracting entity; transfer prices between legal entities are not in it.",
        "Costs of a currency that no exchange rate converts are counted, not valued.",
    ),
)
