"""The passes over staged sides, in SQL: by reference with sums, then what has no partner by similarity and by sums.

Every statement is a function of the staged rows and of what was asked, in an order of its own: the same input gives the
same outcome, byte for byte. Nothing is matched twice.
"""

# ruff: noqa: S608 -- names of our own temporary tables and columns; values are always parameters

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from reconciliation.matching import exchange, outcome, search
from reconciliation.matching.exchange import Factor
from reconciliation.matching.rules import KEYED, SEARCHED, Rule
from reconciliation.matching.staging import TABLES, links, table_of

Keys = tuple[tuple[str, ...], tuple[str, ...]]
"""Keys of the left, keys of the right."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything beside the staged rows that an outcome follows from. `low` to before `high` is the period."""

    rules: Sequence[Rule]
    cut_a: datetime
    cut_b: datetime
    grace: timedelta
    low: date | None = None
    high: date | None = None
    accepted: Sequence[tuple[str, Keys]] = ()
    """(reference, keys): they belong together, people say."""
    rejected: Sequence[Keys] = ()
    confirms: Collection[str] = ()
    """Ways that may confirm what they find."""
    rates: Sequence[Factor] = ()
    """Where a rule lets currencies differ."""


@dataclass(slots=True)
class Counts:
    """What came out: agreeing references and items by way, breaks by kind, suggestions."""

    agreed: dict[str, dict[str, str]] = field(default_factory=dict)
    breaks: Mapping[str, int] = field(default_factory=dict)
    confirmed: int = 0
    suggested: int = 0


_RULE = {
    "way": "text", "legal_entity": "text", "currency": "text", "used": "bool", "amount": "numeric",
    "percent": "numeric", "days": "int", "rounding": "numeric", "fx": "numeric",
}  # fmt: skip

_SIDE = """
SELECT ref, count(*) AS n, min(legal_entity) AS entity, min(currency) AS currency, max(currency) AS other,
       sum(amount) AS amount, min(amount) AS low, max(amount) AS high, sum(net) AS net, sum(tax) AS tax,
       min(on_date) AS first_on, max(on_date) AS last_on, max(at) AS at, min(party) AS party,
       sum(coalesce(was, amount)) AS was
  FROM {table} JOIN recon_odd USING (ref) GROUP BY ref
"""

_SAME = "(a.currency = b.currency AND a.other = b.other AND a.currency = a.other)"
# In another currency, and as much at the rate of the day as the rule asks for; unknown where no rate is.
_WORTH = """
(a.currency = a.other AND b.currency = b.other AND a.currency <> b.currency
 AND abs(b.amount - a.amount * rate.times / rate.over) <= abs(a.amount * rate.times / rate.over) * rule.fx / 100)
"""
_RATES = """
    LEFT JOIN recon_rate AS rate ON rate.base = a.currency AND rate.quote = b.currency AND rate.day = a.first_on
"""
_TOLERANCE = "greatest(rule.amount, abs(a.amount) * rule.percent / 100)"

# The first that holds is the kind; each later one may assume that those before do not.
_KIND = f"""
CASE
  WHEN b.ref IS NULL THEN CASE WHEN a.at > %(cut_b)s - %(grace)s THEN 'timing' ELSE 'missing_in_b' END
  WHEN a.ref IS NULL THEN CASE WHEN b.at > %(cut_a)s - %(grace)s THEN 'timing' ELSE 'missing_in_a' END
  WHEN NOT {_SAME} AND NOT {{worth}} THEN 'fx'
  WHEN a.n < b.n AND b.low = b.high AND a.amount = b.low * a.n AND a.amount <> 0
    OR b.n < a.n AND a.low = a.high AND b.amount = a.low * b.n AND b.amount <> 0
    OR a.n <> b.n AND (NOT rule.used OR a.low = 0 AND a.high = 0 AND b.low = 0 AND b.high = 0) THEN 'duplicate'
  WHEN {_SAME} AND abs(b.amount - a.amount) > {_TOLERANCE} THEN CASE
    WHEN b.was <> b.amount AND abs(b.was - a.amount) <= {_TOLERANCE} THEN 'manual_change'
    WHEN a.net = b.net AND a.tax <> b.tax THEN 'tax'
    WHEN abs(b.amount - a.amount) <= rule.rounding * greatest(a.n, b.n) THEN 'rounding'
    ELSE 'amount' END
  WHEN {_SAME} AND abs(b.tax - a.tax) > {_TOLERANCE} THEN 'tax'
  WHEN greatest(abs(b.last_on - a.last_on), abs(b.first_on - a.first_on)) > rule.days
   AND date_trunc('month', b.last_on) <> date_trunc('month', a.last_on) THEN 'wrong_period'
  WHEN a.entity <> b.entity AND a.entity <> '' AND b.entity <> ''
    OR a.party <> b.party AND a.party <> '' AND b.party <> ''
    THEN 'details'
  ELSE ''
END
"""

# What has one item on each side that says the same, needs no sums: that is nearly all of two sides that agree. Whatever
# is not plainly so is judged by the statement below, which alone knows of tolerances and kinds.
_SEVERAL = " UNION ".join(
    f"SELECT ref FROM {table} WHERE ref <> '' GROUP BY ref HAVING count(*) > 1" for table in TABLES.values()
)
_ONCE = "AND NOT EXISTS (SELECT FROM recon_odd WHERE recon_odd.ref = item.ref)"
_SINGLE = "(SELECT * FROM {table} AS item WHERE ref <> '' {{once}})"
_PLAINLY = f"""
WITH met AS MATERIALIZED (
  SELECT coalesce(a.ref, b.ref) AS ref, abs(b.amount - a.amount) AS gap, {{period}} AS inside,
         coalesce(a.amount = b.amount AND a.currency = b.currency AND a.legal_entity = b.legal_entity
           AND coalesce(a.tax = b.tax, true) AND coalesce(a.on_date = b.on_date, true)
           AND (a.party = b.party OR a.party = '' OR b.party = '') AND rule.way IS NOT NULL, false) AS same
    FROM {_SINGLE.format(table="recon_a")} AS a FULL JOIN {_SINGLE.format(table="recon_b")} AS b ON b.ref = a.ref
    LEFT JOIN recon_rule AS rule
      ON rule.legal_entity = a.legal_entity AND rule.currency = a.currency AND rule.way = 'key'
), kept AS (
  INSERT INTO recon_odd SELECT ref FROM met WHERE NOT same
)
SELECT 'key', count(*), count(*), count(*), sum(gap) FROM met WHERE same AND inside HAVING count(*) > 0
"""

_BY_REFERENCE = f"""
WITH judged AS MATERIALIZED (
  SELECT ref, coalesce(a.n, 0) AS an, coalesce(b.n, 0) AS bn, rule.way, {{gap}} AS gap, {_KIND} AS kind
    FROM ({{left}}) AS a FULL JOIN ({{right}}) AS b USING (ref)
    LEFT JOIN recon_rule AS rule
      ON rule.legal_entity = coalesce(a.entity, b.entity) AND rule.currency = coalesce(a.currency, b.currency)
     AND rule.way = CASE WHEN greatest(a.n, b.n) > 1 THEN 'sum' ELSE 'key' END {{rates}}
   WHERE {{period}}
), kept AS (
  INSERT INTO recon_break SELECT ref, kind FROM judged WHERE kind <> ''
)
SELECT way, count(*), sum(an), sum(bn), sum(gap) FROM judged WHERE kind = '' GROUP BY way ORDER BY way
"""
_PERIOD = (
    "(a.{last} >= %(low)s AND a.{first} < %(high)s OR b.{last} >= %(low)s AND b.{first} < %(high)s"
    " OR coalesce(a.{last}, b.{last}) IS NULL)"
)


def compare(asked: Asked) -> Counts:
    """Compare what is staged; the outcome stays in temporary tables for `outcome` to read."""
    links([(ref, left, right) for ref, (left, right) in asked.accepted])
    table_of("recon_rule", _RULE, [(r.way, r.legal_entity, r.currency, r.used, r.amount, r.percent, r.days, r.rounding,
                                    r.fx_percent) for r in asked.rules])  # fmt: skip
    exchange.stage(asked.rates)
    counts = Counts(agreed=by_reference(asked))
    search.prepare(asked.low, asked.high, asked.rejected)
    for way in SEARCHED:
        if any(rule.used for rule in asked.rules if rule.way == way):
            search.find(way, confirms=way in asked.confirms)
    outcome.settle()
    counts.breaks, counts.confirmed, counts.suggested = outcome.counted()
    return counts


def by_reference(asked: Asked) -> dict[str, dict[str, str]]:
    """The pass over shared references: breaks into `recon_break`; what agrees, counted by way."""
    within = _PERIOD if asked.low is not None else "true"
    sides = {name: _SIDE.format(table=TABLES[side]) for name, side in (("left", "a"), ("right", "b"))}
    params: dict[str, Any] = {
        "cut_a": asked.cut_a,
        "cut_b": asked.cut_b,
        "grace": asked.grace,
        "low": asked.low,
        "high": asked.high,
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.recon_break, pg_temp.recon_odd")
        cursor.execute("CREATE TEMP TABLE recon_break (ref text NOT NULL, kind text NOT NULL)")
        cursor.execute(f"CREATE TEMP TABLE recon_odd AS {_SEVERAL}")
        once = _ONCE if cursor.rowcount else ""
        cursor.execute("ANALYZE recon_odd")
        cursor.execute(_PLAINLY.format(period=within.format(first="on_date", last="on_date"), once=once), params)
        rows = cursor.fetchall()
        cursor.execute("ANALYZE recon_odd")
        period = within.format(first="first_on", last="last_on")
        cursor.execute(_BY_REFERENCE.format(**sides, **_currencies(asked), period=period), params)
        rows += cursor.fetchall()
        cursor.execute("ANALYZE recon_break")
    return _added_up(rows)


def _added_up(rows: Sequence[tuple[str, int, int, int, Decimal]]) -> dict[str, dict[str, str]]:
    """Rows of (way, references, items of the left, of the right, gap) as one of each way."""
    names = ("references", "left", "right", "gap")
    totals: dict[str, tuple[Decimal, ...]] = {}
    for way, references, left, right, gap in rows:
        before = totals.get(way, (Decimal(0),) * len(names))
        told = (Decimal(references), Decimal(left), Decimal(right), Decimal(gap))
        totals[way] = tuple(old + new for old, new in zip(before, told, strict=True))
    return {
        way: {name: format(figure, "f") for name, figure in zip(names, figures, strict=True)}
        for way, figures in sorted(totals.items())
    }


def _currencies(asked: Asked) -> dict[str, str]:
    """How sides in different currencies are compared: at the rate of the day where a rule says so, else not at all."""
    if not asked.rates:
        return {"worth": "false", "rates": "", "gap": "abs(b.amount - a.amount)"}
    gap = f"abs(b.amount - CASE WHEN {_SAME} THEN a.amount ELSE a.amount * rate.times / rate.over END)"
    return {"worth": f"coalesce({_WORTH}, false)", "rates": _RATES, "gap": gap}


def needed(pairs: Collection[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(way, legal entity, currency) of every rule that staged rows ask for."""
    return [(way, entity, currency) for entity, currency in sorted(pairs) for way in (*KEYED, *SEARCHED)]


def staged_currencies() -> list[tuple[str, str]]:
    """(legal entity, currency) of what is staged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT legal_entity, currency FROM recon_a"
            " UNION SELECT DISTINCT legal_entity, currency FROM recon_b ORDER BY 1, 2"
        )
        return [(entity, currency) for entity, currency in cursor.fetchall()]
