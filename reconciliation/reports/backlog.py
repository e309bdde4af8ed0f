"""Backlog: what is contracted and not yet performed (billing.md §4), firm and soft."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from integration_hub.kernel.money import ZERO
from reconciliation.reports.measures import (
    CONTRACT,
    CUSTOMER,
    Asked,
    Cut,
    Figure,
    Line,
    Measure,
    Month,
    Sums,
    months_of,
    selected,
    summed,
    sums_of,
)
from reconciliation.reports.pieces import key_of

CUTS = (CUSTOMER, CONTRACT)
_FILTERS = {CUSTOMER: "customer", CONTRACT: "q"}
_CODES = {CUSTOMER: ("customer.code", "customer.name"), CONTRACT: ("contract.number", "contract.name")}

_STATEMENT = """
WITH asked AS (SELECT unnest(%(days)s::date[]) AS day),
agreed AS (
    SELECT asked.day, line.id, line.contract_id, line.method
      FROM asked CROSS JOIN contracts_contractline AS line
      JOIN contracts_contract AS contract ON contract.id = line.contract_id
     WHERE contract.status IN ('signed', 'active', 'suspended') AND contract.signed_on <= asked.day
       AND line.status <> 'ended'
),
fees AS (
    SELECT agreed.day, agreed.id,
           sum(item.amount * (item.period_to - greatest(item.period_from, agreed.day + 1))
               / (item.period_to - item.period_from)) AS fees
      FROM agreed JOIN billing_scheduleitem AS item ON item.line_id = agreed.id
     WHERE agreed.method IN ('recurring', 'fixed_schedule', 'retainer_hours')
       AND item.status <> 'skipped' AND item.period_to > agreed.day + 1
     GROUP BY 1, 2
),
milestones AS (
    SELECT agreed.day, agreed.id, sum(milestone.amount) AS milestones
      FROM agreed JOIN contracts_milestone AS milestone ON milestone.line_id = agreed.id
     WHERE milestone.status <> 'cancelled' AND agreed.method <> 'progress'
       AND NOT (milestone.status = 'accepted' AND milestone.accepted_on <= agreed.day)
     GROUP BY 1, 2
     UNION ALL
    SELECT agreed.day, agreed.id, line.amount - coalesce(sum(step.amount), 0)
      FROM agreed JOIN contracts_contractline AS line ON line.id = agreed.id
      LEFT JOIN contracts_milestone AS step
             ON step.line_id = line.id AND step.status = 'accepted' AND step.accepted_on <= agreed.day
     WHERE agreed.method = 'progress'
     GROUP BY 1, 2, line.amount
),
prepaid AS (
    SELECT agreed.day, agreed.id, sum(entry.amount) AS prepaid
      FROM agreed JOIN billing_retaineraccount AS account ON account.line_id = agreed.id AND account.month IS NULL
      JOIN billing_retainerentry AS entry ON entry.account_id = account.id
     WHERE agreed.method = 'retainer_prepaid' AND (entry.at AT TIME ZONE 'UTC')::date <= agreed.day
     GROUP BY 1, 2
),
limited AS (
    SELECT DISTINCT ON (agreed.day, agreed.id) agreed.day, agreed.id, cap.id AS cap, cap."limit"
      FROM agreed JOIN contracts_cap AS cap ON cap.contract_id = agreed.contract_id
       AND (cap.line_id = agreed.id OR cap.line_id IS NULL) AND cap.kind = 'hard' AND cap.period = 'total'
     WHERE agreed.method IN ('tm', 'usage')
     ORDER BY agreed.day, agreed.id, cap.line_id NULLS LAST
),
used AS (
    SELECT limited.day, limited.cap, sum(coalesce(piece.net, piece.amount)) AS used
      FROM limited JOIN billing_piece AS piece ON piece.line_id = limited.id
      JOIN billing_billableevent AS event ON event.id = piece.event_id
     WHERE piece.is_current AND event.service_date <= limited.day
       AND piece.state IN ('blocked', 'held', 'billable', 'reserved', 'postponed', 'posted', 'corrected')
     GROUP BY 1, 2
),
room AS (
    SELECT limited.day, min(limited.id) AS id, greatest(0, min(limited."limit") - coalesce(min(used.used), 0)) AS soft
      FROM limited LEFT JOIN used ON used.day = limited.day AND used.cap = limited.cap
     GROUP BY limited.day, limited.cap
)
SELECT {by}, entity.code AS by_entity, contract.currency AS by_currency,
       sum(coalesce(fees.fees, 0)) AS fees, sum(coalesce(milestones.milestones, 0)) AS milestones,
       sum(coalesce(prepaid.prepaid, 0)) AS prepaid, sum(coalesce(room.soft, 0)) AS soft,
       count(*) FILTER (WHERE agreed.method IN ('tm', 'usage') AND limited.id IS NULL) AS unlimited,
       count(*) AS count
  FROM agreed
  JOIN contracts_contract AS contract ON contract.id = agreed.contract_id
  JOIN contracts_customer AS customer ON customer.id = contract.customer_id
  JOIN contracts_legalentity AS entity ON entity.id = contract.legal_entity_id
  LEFT JOIN fees ON fees.day = agreed.day AND fees.id = agreed.id
  LEFT JOIN milestones ON milestones.day = agreed.day AND milestones.id = agreed.id
  LEFT JOIN prepaid ON prepaid.day = agreed.day AND prepaid.id = agreed.id
  LEFT JOIN limited ON limited.day = agreed.day AND limited.id = agreed.id
  LEFT JOIN room ON room.day = agreed.day AND room.id = agreed.id
 WHERE {wanted}
 GROUP BY {group}
 ORDER BY {group}
"""


def _select(asked: Asked, by: str, group: str, days: Sequence[date]) -> list[dict[str, Any]]:
    wanted = asked.condition(customer="customer", currency="contract.currency")
    statement = _STATEMENT.format(by=by, group=group, wanted=wanted)
    return selected(statement, {**asked.parameters, "days": list(days)})


def _lines(asked: Asked) -> list[Line]:
    cut = BACKLOG.cut(asked)
    code, name = _CODES[cut]
    rows = _select(asked, f"{code} AS by_code, {name} AS by_name", f"entity.code, {code}, {name}, contract.currency",
                   [asked.end])  # fmt: skip
    return [_line(cut, row) for row in rows]


def _line(cut: Cut, row: Mapping[str, Any]) -> Line:
    key = key_of(cut, row)
    narrowed = {"legal_entity": key.legal_entity, _FILTERS[cut]: key.code}
    return Line(key, sums_of(row), f"{reverse('contracts:contract-list')}?{urlencode(narrowed)}")


def _months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    months = months_of(asked)
    ends = {min(asked.end, _last_of(month)): month for month in months}
    rows = _select(asked, "agreed.day AS by_day", "agreed.day, entity.code, contract.currency", list(ends))
    found: dict[str, dict[Month, dict[str, Any]]] = {}
    for row in rows:
        held = found.setdefault(row["by_currency"], {}).setdefault(ends[row["by_day"]], {})
        for name, amount in sums_of(row).items():
            held[name] = held.get(name, ZERO) + amount
    return {currency: dict(by_month) for currency, by_month in found.items()}


def _last_of(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _firm(sums: Sums) -> Any:
    return sum((sums.get(name, ZERO) for name in ("fees", "milestones", "prepaid")), ZERO)


BACKLOG = Measure(
    slug="backlog",
    title="Backlog",
    question="What is contracted and not yet performed?",
    formula="Of signed contracts that are not ended, as of the last day. Firm: fees of the schedule by the days of "
    "their periods that are still to come, milestones not accepted yet, what no progress was measured "
    "of, and what is left of prepaid retainers. Soft: "
    "what is left of hard limits in all on time and usage, less the value of the work done.",
    version=1,
    counted="contract lines",
    permission="contracts.view_contract",
    is_balance=True,
    cuts=CUTS,
    figures=(
        Figure("fees", "Fees to come", "money", summed("fees")),
        Figure("milestones", "Milestones to come", "money", summed("milestones")),
        Figure("prepaid", "Prepaid, unused", "money", summed("prepaid")),
        Figure("firm", "Firm in all", "money", _firm, leading=True),
        Figure("soft", "Soft", "money", summed("soft")),
        Figure("unlimited", "Lines without a limit", "number", summed("unlimited")),
    ),
    lines=_lines,
    months=_months,
    notes=(
        "Status, terms and limits of contracts are those of now; a contract ended since is in no past month either.",
        "A limit on the whole contract counts once, whichever of its lines uses it; expenses are in none.",
        "Lines of time without a limit are contracted for no amount and counted. Fees without an end count as planned.",
        "What minimum commitments are short of is settled when their period ends, and not in it before.",
        "Time under the right to invoice is left out of what is disclosed as remaining obligations.",
    ),
)
