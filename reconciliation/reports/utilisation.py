"""Utilisation: billable hours by the hours that were there to be worked (billing.md §4)."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.reports.measures import (
    Asked,
    Cut,
    Figure,
    Line,
    Measure,
    Month,
    Sums,
    by,
    by_month,
    months_of,
    selected,
    summed,
    sums_of,
)
from reconciliation.reports.pieces import key_of

PERSON, ROLE, COST_CENTRE = Cut("person", "Person"), Cut("role", "Role", "No role"), Cut("cost_centre", "Cost centre")
_CODES = {
    PERSON: ("person.code", "person.name"),
    ROLE: ("person.role", "person.role"),
    COST_CENTRE: ("person.cost_centre", "person.cost_centre"),
}

_STATEMENT = """
WITH days AS (
    SELECT capacity.resource_id, capacity.legal_entity_id, asked.day::date AS day,
           capacity.hours[extract(isodow FROM asked.day)::int] AS planned, capacity.calendar
      FROM generate_series(%(first)s::date, %(end)s::date, interval '1 day') AS asked(day)
      JOIN contracts_capacity AS capacity ON capacity.validity @> asked.day::date
),
present AS (
    SELECT days.*, least(days.planned, coalesce(holiday.hours, days.planned)) AS open
      FROM days LEFT JOIN contracts_holiday AS holiday
        ON holiday.calendar = days.calendar AND days.calendar <> '' AND holiday.day = days.day
),
away AS (
    SELECT present.resource_id, present.day,
           least(max(present.open), sum(coalesce(absence.hours, present.open))) AS hours
      FROM present JOIN contracts_absence AS absence
        ON absence.resource_id = present.resource_id AND absence.days @> present.day
     GROUP BY 1, 2
),
worked AS (
    SELECT event.resource_id, event.service_date AS day, min(event.legal_entity_id) AS legal_entity_id,
           sum(piece.minutes) / 60 AS worked,
           coalesce(sum(piece.minutes) FILTER (WHERE event.chargeable AND piece.state <> 'non_billable'), 0) / 60
               AS billable
      FROM billing_piece AS piece JOIN billing_billableevent AS event ON event.id = piece.event_id
     WHERE piece.is_current AND event.kind = 'time' AND event.approval = 'approved' AND event.resource_id IS NOT NULL
       AND event.service_date BETWEEN %(first)s AND %(end)s
     GROUP BY 1, 2
)
SELECT {by}, '' AS by_currency,
       coalesce(sum(present.planned), 0) AS planned,
       coalesce(sum(present.planned - present.open), 0) AS holidays,
       coalesce(sum(away.hours), 0) AS away,
       coalesce(sum(present.open - coalesce(away.hours, 0)), 0) AS available,
       coalesce(sum(worked.worked) FILTER (WHERE present.day IS NOT NULL), 0) AS worked,
       coalesce(sum(worked.billable) FILTER (WHERE present.day IS NOT NULL), 0) AS billable,
       coalesce(sum(worked.worked) FILTER (WHERE present.day IS NULL), 0) AS unplanned,
       count(DISTINCT person.id) AS count
  FROM present
  FULL JOIN worked ON worked.resource_id = present.resource_id AND worked.day = present.day
  LEFT JOIN away ON away.resource_id = present.resource_id AND away.day = present.day
  JOIN contracts_resource AS person ON person.id = coalesce(present.resource_id, worked.resource_id)
  LEFT JOIN contracts_legalentity AS entity
         ON entity.id = coalesce(present.legal_entity_id, worked.legal_entity_id)
 WHERE person.vendor = '' AND {wanted}
 GROUP BY {group}
 ORDER BY {group}
"""


def _select(asked: Asked, by: str, group: str, first: Any) -> list[dict[str, Any]]:
    statement = _STATEMENT.format(by=by, group=group, wanted=asked.condition(entity="coalesce(entity.code, '')"))
    return selected(statement, {**asked.parameters, "first": first})


def _lines(asked: Asked) -> list[Line]:
    if asked.customer or asked.currency:
        return []  # capacity belongs to no customer, and hours to no currency
    cut = UTILISATION.cut(asked)
    code, name = _CODES[cut]
    by = f"entity.code AS by_entity, {code} AS by_code, {name} AS by_name"
    return [_line(cut, row, asked) for row in _select(asked, by, f"entity.code, {code}, {name}", asked.start)]


def _line(cut: Cut, row: dict[str, Any], asked: Asked) -> Line:
    key = key_of(cut, row)
    narrowed = {"kind": "time", "service_date_after": asked.start, "service_date_before": asked.end}
    if cut is PERSON:
        narrowed |= {"person": key.name}
    return Line(key, sums_of(row), f"{reverse('billing:work-list')}?{urlencode(narrowed)}")


def _months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    if asked.customer or asked.currency:
        return {}
    month = "date_trunc('month', coalesce(present.day, worked.day))::date"
    return by_month(_select(asked, f"{month} AS by_month", month, months_of(asked)[0]))


def _other(sums: Sums) -> Any:
    return sums.get("worked", ZERO) - sums.get("billable", ZERO)


UTILISATION = Measure(
    slug="utilisation",
    title="Utilisation",
    question="How much of the time that was there to be worked was work for clients?",
    formula="Billable hours by available hours. Available: the hours of each person's weekdays, less holidays of their "
    "calendar, less absences. Billable: approved chargeable hours on these days, those included in a fixed price or "
    "retainer among them.",
    version=1,
    counted="people",
    permission="contracts.view_capacity",
    in_currencies=False,
    cuts=(PERSON, ROLE, COST_CENTRE),
    figures=(
        Figure("planned", "Capacity", "hours", summed("planned")),
        Figure("holidays", "Holidays", "hours", summed("holidays")),
        Figure("away", "Away", "hours", summed("away")),
        Figure("available", "Available", "hours", summed("available")),
        Figure("billable", "Billable", "hours", summed("billable")),
        Figure("other", "Other work", "hours", _other),
        Figure(
            "utilisation", "Utilisation", "percent", by(formulas.utilisation, "billable", "available"), leading=True
        ),
        Figure("mix", "Billable of worked", "percent", by(formulas.billable_mix, "billable", "worked")),
        Figure("unplanned", "Worked without capacity", "hours", summed("unplanned")),
    ),
    lines=_lines,
    months=_months,
    notes=(
        "Hours on days for which a person has no capacity are counted apart and are in no ratio.",
        "People of subcontractors are not in it: they have no capacity of ours.",
        "Hours count where the person's capacity is, whichever legal entity has the contract.",
        "It has no customers and no currency: a filter by one of them leaves nothing.",
    ),
)
