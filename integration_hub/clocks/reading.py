"""Reading clocks: one statement over what the kinds select, with working time and targets joined in the database.

The moment it is asked for is an argument. What had not ended by then is running, and what began later is not there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from integration_hub.clocks import calendar
from integration_hub.clocks.calendar import WorkingTime
from integration_hub.clocks.registry import CLOCKS, ClockKind, Unit, working_times
from integration_hub.people.models import User

PERIOD = timedelta(weeks=12)
"""What has ended in it is measured, unless told otherwise."""


class Standing(StrEnum):
    """Where a clock stands against its target; an ended one as it ended."""

    LATE = "late"
    NEAR = "near"
    IN_TIME = "in_time"
    UNTARGETED = "untargeted"

    @property
    def label(self) -> str:
        """In words."""
        return {"late": "Over its target", "near": "Close to its target", "in_time": "In time",
                "untargeted": "No target"}[self.value]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Which clocks: those of one's legal entities as of a moment, with what ended since another. No user: all.

    Working time is read once for a question, however many clocks it is put to.
    """

    as_of: datetime
    since: datetime
    user: User | None = None
    legal_entity: str = ""
    contract: str = ""
    subject: str = ""
    """Of one thing alone, as `type:id`."""
    times: Mapping[str, WorkingTime] = field(default_factory=working_times)


@dataclass(frozen=True, slots=True)
class Summary:
    """One clock in figures, in its unit; None where nothing was measured. Money is what runs over, per currency."""

    ended: int
    median: Decimal | None
    p90: Decimal | None
    p95: Decimal | None
    judged: int
    kept: int
    running: int
    near: int
    late: int
    oldest: Decimal | None
    oldest_since: datetime | None
    at_stake: Mapping[str, Decimal]
    buckets: Sequence[int] = field(default=())
    """How many ended between the edges of the unit."""

    @property
    def kept_share(self) -> Decimal | None:
        """How many of those that had a target kept it."""
        return Decimal(self.kept) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Week:
    """What ended in a week, by its Monday where it ended."""

    monday: date
    ended: int
    median: Decimal
    p90: Decimal
    judged: int
    kept: int

    @property
    def kept_share(self) -> Decimal | None:
        """How many of those that had a target kept it."""
        return Decimal(self.kept) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Group:
    """What runs for one subject in one standing and currency: how many, their money, the oldest and its target."""

    subject_type: str
    subject_id: str
    subject_label: str
    legal_entity: str
    standing: Standing
    currency: str
    number: int
    amount: Decimal | None
    started_at: datetime
    within: Decimal


@dataclass(frozen=True, slots=True)
class Instance:
    """One clock of a kind: the thing that waits, since when, how much is used up and of what."""

    record_type: str
    record_id: str
    label: str
    legal_entity: str
    contract: str
    customer: str
    subject_type: str
    subject_id: str
    subject_label: str
    started_at: datetime
    start_day: date
    ended_at: datetime | None
    used: Decimal
    within: Decimal | None
    standing: Standing
    amount: Decimal | None
    currency: str
    due_at: datetime | None = None

    @property
    def left(self) -> Decimal | None:
        """What is left of the target; below nought when it has passed."""
        return None if self.within is None else self.within - self.used


_CLOCKS = """
WITH population AS MATERIALIZED (
{population}
),
zones AS (
    SELECT * FROM unnest(%(entities)s::text[], %(zones)s::text[], %(units)s::float8[]) AS zone (entity, name, unit)
),
working AS MATERIALIZED (
    SELECT * FROM unnest(%(day_entities)s::text[], %(days)s::date[], %(opens)s::timestamptz[],
                         %(closes)s::timestamptz[], %(before)s::float8[])
        AS working (entity, day, opens_at, closes_at, before)
),
bounded AS (
    SELECT population.*, zones.entity AS place, zones.name AS zone, zones.unit,
           (started_at AT TIME ZONE zones.name)::date AS start_day,
           CASE WHEN ended_at <= %(as_of)s THEN ended_at END AS ended,
           greatest(started_at, least(coalesce(ended_at, %(as_of)s), %(as_of)s)) AS until
      FROM population
      JOIN zones ON zones.entity = CASE WHEN population.legal_entity = ANY(%(entities)s) THEN population.legal_entity
                                        ELSE '' END
     WHERE started_at <= %(as_of)s AND (ended_at IS NULL OR ended_at >= %(since)s)
       AND (%(everything)s OR population.legal_entity = ANY(%(scope)s))
       AND %(entity)s IN ('', population.legal_entity) AND %(contract)s IN ('', population.contract)
       AND %(subject)s IN ('', population.subject_type || ':' || population.subject_id)
),
measured AS (
    SELECT bounded.*, round(({measure})::numeric / bounded.unit::numeric, 6) AS used
      FROM bounded {days}
),
clocks AS MATERIALIZED (
    SELECT measured.*, target.within,
           CASE WHEN target.within IS NULL THEN 'untargeted' WHEN measured.used > target.within THEN 'late'
                WHEN measured.ended IS NULL AND measured.used * 100 >= target.within * target.warn_percent
                     AND target.warn_percent < 100 THEN 'near'
                ELSE 'in_time' END AS standing
      FROM measured
      LEFT JOIN LATERAL (
          SELECT target.within, target.warn_percent FROM hub_clocks_target AS target
           WHERE target.kind = %(kind)s AND target.legal_entity IN ('', measured.legal_entity)
             AND target.contract IN ('', measured.contract) AND target.starts_on <= measured.start_day
           ORDER BY target.contract <> '' DESC, target.legal_entity <> '' DESC, target.starts_on DESC, target.id DESC
           LIMIT 1
      ) AS target ON true
)
"""
_WORKED = """greatest(0, last.before - first.before
           + greatest(0, extract(epoch FROM least(until, last.closes_at) - last.opens_at))
           - greatest(0, extract(epoch FROM least(started_at, first.closes_at) - first.opens_at)))"""
_DAYS = """
      LEFT JOIN working AS first ON first.entity = place AND first.day = start_day
      LEFT JOIN working AS last ON last.entity = place AND last.day = (until AT TIME ZONE zone)::date"""
_ELAPSED = "extract(epoch FROM until - started_at)"

_SUMMARY = """
SELECT count(ended) AS ended,
       percentile_cont(ARRAY[0.5, 0.9, 0.95]) WITHIN GROUP (ORDER BY used) FILTER (WHERE ended IS NOT NULL) AS spread,
       count(*) FILTER (WHERE ended IS NOT NULL AND standing <> 'untargeted') AS judged,
       count(*) FILTER (WHERE ended IS NOT NULL AND standing = 'in_time') AS kept,
       count(*) FILTER (WHERE ended IS NULL) AS running,
       count(*) FILTER (WHERE ended IS NULL AND standing = 'near') AS near,
       count(*) FILTER (WHERE ended IS NULL AND standing = 'late') AS late,
       max(used) FILTER (WHERE ended IS NULL) AS oldest,
       min(started_at) FILTER (WHERE ended IS NULL) AS oldest_since,
       (SELECT jsonb_object_agg(currency, amount::text) FROM (
            SELECT currency, sum(amount) AS amount FROM clocks
             WHERE ended IS NULL AND standing = 'late' AND amount IS NOT NULL AND currency <> '' GROUP BY currency
        ) AS at_stake) AS at_stake,
       (SELECT jsonb_object_agg(bucket, number) FROM (
            SELECT width_bucket(used, %(edges)s::numeric[]) AS bucket, count(*) AS number FROM clocks
             WHERE ended IS NOT NULL GROUP BY 1
        ) AS buckets) AS buckets,
       min(start_day) AS earliest
  FROM clocks
"""
_WEEKS = """
SELECT date_trunc('week', ended AT TIME ZONE zone)::date AS monday, count(*) AS ended,
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY used) AS spread,
       count(*) FILTER (WHERE standing <> 'untargeted') AS judged, count(*) FILTER (WHERE standing = 'in_time') AS kept,
       (SELECT min(start_day) FROM clocks) AS earliest
  FROM clocks WHERE ended IS NOT NULL GROUP BY 1 ORDER BY 1
"""
_ROWS = """
SELECT shown.*, bound.earliest
  FROM (SELECT min(start_day) AS earliest FROM clocks) AS bound
  LEFT JOIN (
    SELECT record_type, record_id, label, legal_entity, contract, customer, subject_type, subject_id, subject_label,
           started_at, start_day, ended AS ended_at, used, within, standing, amount, currency,
           row_number() OVER (ORDER BY {order}) AS place
      FROM clocks
     WHERE (ended IS NULL) = %(running)s AND (%(standings)s::text[] IS NULL OR standing = ANY(%(standings)s))
     ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
  ) AS shown ON true
 ORDER BY shown.place
"""
_SUBJECTS = """
SELECT shown.*, bound.earliest
  FROM (SELECT min(start_day) AS earliest FROM clocks) AS bound
  LEFT JOIN (
    SELECT subject_type, subject_id, subject_label, legal_entity, standing, currency, count(*) AS number,
           sum(amount) AS amount, min(started_at) AS started_at, min(within) AS within
      FROM clocks WHERE ended IS NULL AND standing = ANY(%(standings)s)
     GROUP BY 1, 2, 3, 4, 5, 6
  ) AS shown ON true
 ORDER BY subject_type, subject_id, standing, currency
"""
_NEAREST = "within IS NULL, used >= within, within - used, started_at, record_id"
"""Nearest to its target first, then what is over it, by how much, then what has none, the oldest first."""
_NEWEST = "ended DESC, record_id"


def summary(kind: ClockKind, asked: Asked) -> Summary:
    """One clock in figures."""
    row = _select(kind, asked, _SUMMARY, {"edges": [0, *kind.unit.edges]})[0]
    median, p90, p95 = _spread(row["spread"] or (None, None, None))
    found, at_stake = (json.loads(row[name] or "{}") for name in ("buckets", "at_stake"))
    return Summary(
        row["ended"], median, p90, p95, row["judged"], row["kept"], row["running"], row["near"], row["late"],
        row["oldest"], row["oldest_since"],
        {currency: Decimal(amount) for currency, amount in sorted(at_stake.items())},
        [found.get(str(number), 0) for number in range(1, len(kind.unit.edges) + 2)],
    )  # fmt: skip


def weeks(kind: ClockKind, asked: Asked) -> list[Week]:
    """What ended by week, without weeks in which nothing did."""
    found = []
    for row in _select(kind, asked, _WEEKS, {}):
        median, p90 = (Decimal(str(value)) for value in row["spread"])
        found.append(Week(row["monday"], row["ended"], median, p90, row["judged"], row["kept"]))
    return found


def _spread(found: Sequence[float | None]) -> list[Decimal | None]:
    """Percentiles as they are read, exact."""
    return [None if value is None else Decimal(str(value)) for value in found]


def running(
    kind: ClockKind,
    asked: Asked,
    standings: Sequence[Standing] = (),
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[Instance]:
    """What runs, nearest to its target first, then what is over it; with the moment its target passes."""
    more = {"running": True, "standings": list(standings) or None, "limit": limit, "offset": offset}
    return _instances(kind, asked, _NEAREST, more)


def groups(kind: ClockKind, asked: Asked, standings: Sequence[Standing]) -> list[Group]:
    """What runs in these standings, by subject."""
    found = _select(kind, asked, _SUBJECTS, {"standings": list(standings)})
    return [
        Group(**{**_without(row, "earliest"), "standing": Standing(row["standing"])})
        for row in found
        if row["subject_id"] is not None
    ]


def ended(kind: ClockKind, asked: Asked, *, limit: int | None = None, offset: int = 0) -> list[Instance]:
    """What ended within the period, the last first."""
    more = {"running": False, "standings": None, "limit": limit, "offset": offset}
    return _instances(kind, asked, _NEWEST, more)


def _instances(kind: ClockKind, asked: Asked, order: str, more: Mapping[str, Any]) -> list[Instance]:
    found = _select(kind, asked, _ROWS.format(order=order), more)
    return [_instance(kind, row, asked.times) for row in found if row["record_id"] is not None]


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _instance(kind: ClockKind, row: Mapping[str, Any], times: Mapping[str, WorkingTime]) -> Instance:
    values = _without(row, "earliest", "place")
    working = times.get(values["legal_entity"]) or times[""]
    due_at = None
    if values["within"] is not None:
        seconds = float(values["within"]) * unit_seconds(kind.unit, working)
        started = values["started_at"]
        due_at = (
            calendar.due(working, started, seconds) if kind.unit.is_working else started + timedelta(seconds=seconds)
        )
    return Instance(**{**values, "standing": Standing(values["standing"])}, due_at=due_at)


def unit_seconds(unit: Unit, working: WorkingTime) -> float:
    """How many seconds one of the unit has; a working day as many as the legal entity works on a whole one."""
    return {Unit.WORKING_DAYS: working.day_seconds, Unit.WORKING_HOURS: 3600.0, Unit.MINUTES: 60.0}[unit]


def _select(kind: ClockKind, asked: Asked, statement: str, more: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a statement over the clocks of a kind; asked again with earlier days where one began before them."""
    measure, joins = (_WORKED, _DAYS) if kind.unit.is_working else (_ELAPSED, "")
    whole = _CLOCKS.format(population=kind.sql, measure=measure, days=joins) + statement
    parameters = {**_parameters(kind, asked), **more}
    first = asked.as_of.year - 1
    rows = _execute(whole, parameters | _calendar(kind.unit, asked, first))
    earliest = rows[0]["earliest"] if rows else None
    if kind.unit.is_working and earliest is not None and earliest.year < first:
        rows = _execute(whole, parameters | _calendar(kind.unit, asked, earliest.year))
    return rows


def _parameters(kind: ClockKind, asked: Asked) -> dict[str, Any]:
    user, times = asked.user, asked.times
    return {
        "kind": kind.slug,
        "as_of": asked.as_of,
        "since": asked.since,
        "everything": user is None or user.all_legal_entities,
        "scope": [] if user is None else list(user.legal_entities),
        "entity": asked.legal_entity,
        "contract": asked.contract,
        "subject": asked.subject,
        "clock_codes": [code for _, one in CLOCKS for code in (one.late_code, one.near_code)],
        "entities": list(times),
        "zones": [working.zone for working in times.values()],
        "units": [unit_seconds(kind.unit, working) for working in times.values()],
    }


def _calendar(unit: Unit, asked: Asked, first: int) -> dict[str, list[Any]]:
    """The days of every legal entity as columns; none for what runs day and night."""
    found: dict[str, list[Any]] = {name: [] for name in ("day_entities", "days", "opens", "closes", "before")}
    for entity, working in asked.times.items() if unit.is_working else ():
        known = calendar.years(working, first, asked.as_of.astimezone(ZoneInfo(working.zone)).year)
        found["day_entities"] += [entity] * len(known.days)
        found["days"] += known.days
        found["opens"] += known.opens
        found["closes"] += known.closes
        found["before"] += known.before
    return found


def _execute(statement: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
