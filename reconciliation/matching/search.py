"""What has no partner by reference: items that fit one another, each other's best, and sums that do."""

# ruff: noqa: S608 -- names of our own temporary tables and columns; values are always parameters

from collections.abc import Sequence
from datetime import date

from django.db import connection

from reconciliation.matching.staging import table_of

CERTAIN = ("reference", "keyless")
"""Ways that may confirm what they find; sums are always for a person."""
MOST_IN_A_GROUP = 50
"""Items of a side in a suggested group: nobody can check more."""

_NORMAL = "ltrim(regexp_replace(lower({}), '[^a-z0-9]+', '', 'g'), '0')"

# One row an item that stands alone on its side; a reference of several items is looked for as a sum only.
_REST = """
INSERT INTO recon_rest
SELECT '{side}', item.key, item.ref, item.legal_entity, item.currency, item.amount, item.on_date, item.party,
       {ref}, {label}, item.ref = '' OR count(*) OVER (PARTITION BY item.ref) = 1
  FROM (SELECT item.* FROM {table} AS item JOIN recon_break AS lone ON lone.ref = item.ref WHERE lone.kind IN ({kinds})
        UNION ALL
        SELECT * FROM {table} WHERE ref = '' AND (%(low)s::date IS NULL OR on_date IS NULL
                                                  OR on_date >= %(low)s AND on_date < %(high)s)) AS item
"""
_KINDS = {"a": "'missing_in_b', 'timing'", "b": "'missing_in_a', 'timing'"}

_TOLERANCE = "greatest(rule.amount, abs(a.amount) * rule.percent / 100)"
_FITS = f"""
    JOIN recon_rule AS rule
      ON rule.way = '{{way}}' AND rule.used AND rule.legal_entity = a.legal_entity AND rule.currency = a.currency
   WHERE a.alone AND b.alone AND abs(b.amount - a.amount) <= {_TOLERANCE}
     AND (a.on_date IS NULL OR b.on_date IS NULL OR abs(b.on_date - a.on_date) <= rule.days)
     AND (a.party = '' OR b.party = '' OR a.party = b.party)
     AND NOT EXISTS (SELECT FROM recon_no AS no WHERE no.a_key = a.key AND no.b_key = b.key)
"""
_DISTANCE = f"""
    abs(b.amount - a.amount) / greatest({_TOLERANCE}, 0.01)
    + coalesce(abs(b.on_date - a.on_date), 0)::numeric / greatest(rule.days, 1)
"""

_REFERENCE = f"""
INSERT INTO recon_near
SELECT DISTINCT a.key, b.key, a.amount, b.amount - a.amount, a.legal_entity, a.currency, {_DISTANCE}
  FROM (SELECT rest.*, name FROM recon_rest AS rest, LATERAL (VALUES (norm_ref), (norm_label)) AS one (name)
         WHERE side = 'a') AS a
  JOIN (SELECT rest.*, name FROM recon_rest AS rest, LATERAL (VALUES (norm_ref), (norm_label)) AS one (name)
         WHERE side = 'b') AS b
    ON a.name = b.name AND a.name <> '' AND a.legal_entity = b.legal_entity AND a.currency = b.currency
{_FITS.format(way="reference")}
"""

# Amounts fall into cells as wide as the tolerance: what may fit lies in the same cell or beside it. Where nothing is
# counted there is nothing to find by.
_KEYLESS = f"""
INSERT INTO recon_near
WITH wide AS (
  SELECT rule.legal_entity, rule.currency, greatest(rule.amount, rule.percent / 100 * most.amount, 0.01) AS cell
    FROM recon_rule AS rule
    JOIN (SELECT legal_entity, currency, max(abs(amount)) AS amount FROM recon_rest GROUP BY 1, 2) AS most
   USING (legal_entity, currency)
   WHERE rule.way = 'keyless'
)
SELECT a.key, b.key, a.amount, b.amount - a.amount, a.legal_entity, a.currency, {_DISTANCE}
  FROM (SELECT rest.*, floor(rest.amount / wide.cell) + beside AS place
          FROM recon_rest AS rest JOIN wide USING (legal_entity, currency), generate_series(-1, 1) AS beside
         WHERE side = 'a' AND rest.amount <> 0) AS a
  JOIN (SELECT rest.*, floor(rest.amount / wide.cell) AS place
          FROM recon_rest AS rest JOIN wide USING (legal_entity, currency)
         WHERE side = 'b' AND rest.amount <> 0) AS b
    ON a.place = b.place AND a.legal_entity = b.legal_entity AND a.currency = b.currency
{_FITS.format(way="keyless")}
"""

# Of those that are each other's best: certain where nobody fits equally well, else one of them, in the order of keys.
_BEST = """
INSERT INTO recon_match
WITH ranked AS (
  SELECT *, min(distance) OVER (PARTITION BY a_key) AS best_a, min(distance) OVER (PARTITION BY b_key) AS best_b
    FROM recon_near
), tied AS (
  SELECT *, count(*) FILTER (WHERE distance = best_a) OVER (PARTITION BY a_key) AS ties_a,
         count(*) FILTER (WHERE distance = best_b) OVER (PARTITION BY b_key) AS ties_b
    FROM ranked
), best AS (
  SELECT *, row_number() OVER (PARTITION BY a_key ORDER BY b_key) AS nth_a,
         row_number() OVER (PARTITION BY b_key ORDER BY a_key) AS nth_b
    FROM tied WHERE distance = best_a AND distance = best_b
)
SELECT %(way)s, ARRAY[a_key], ARRAY[b_key], amount, gap, legal_entity, currency, greatest(ties_a, ties_b) - 1,
       %(confirms)s AND ties_a = 1 AND ties_b = 1
  FROM best WHERE nth_a = 1 AND nth_b = 1
"""

_GROUPS = f"""
INSERT INTO recon_match
WITH summed AS (
  SELECT side, legal_entity, currency, party, date_trunc('month', on_date) AS month, sum(amount) AS amount,
         array_agg(key ORDER BY key) AS keys
    FROM recon_rest WHERE on_date IS NOT NULL AND amount <> 0 AND party <> '' GROUP BY 1, 2, 3, 4, 5
)
SELECT 'group', a.keys, b.keys, a.amount, b.amount - a.amount, a.legal_entity, a.currency, 0, false
  FROM summed AS a JOIN summed AS b USING (legal_entity, currency, party, month)
  JOIN recon_rule AS rule
    ON rule.way = 'group' AND rule.used AND rule.legal_entity = a.legal_entity AND rule.currency = a.currency
 WHERE a.side = 'a' AND b.side = 'b' AND cardinality(a.keys) + cardinality(b.keys) > 2
   AND greatest(cardinality(a.keys), cardinality(b.keys)) <= {MOST_IN_A_GROUP}
   AND abs(b.amount - a.amount) <= greatest(rule.amount, abs(a.amount) * rule.percent / 100)
   AND NOT EXISTS (SELECT FROM recon_no AS no WHERE no.a_key = a.keys[1] AND no.b_key = b.keys[1])
"""

_TAKEN = """
DELETE FROM recon_rest AS rest USING
  (SELECT 'a' AS side, unnest(left_keys) AS key FROM recon_match UNION ALL
   SELECT 'b', unnest(right_keys) FROM recon_match) AS taken
 WHERE rest.side = taken.side AND rest.key = taken.key
"""


def prepare(low: date | None, high: date | None, rejected: Sequence[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Set aside what has no partner; nothing is found yet. `rejected` are not found again."""
    table_of("recon_no", {"a_key": "text", "b_key": "text"}, [(left[0], right[0]) for left, right in rejected])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.recon_rest, pg_temp.recon_match, pg_temp.recon_lone")
        cursor.execute(
            "CREATE TEMP TABLE recon_rest (side text, key text, ref text, legal_entity text, currency text,"
            " amount numeric, on_date date, party text, norm_ref text, norm_label text, alone bool)"
        )
        cursor.execute(
            "CREATE TEMP TABLE recon_match (way text, left_keys text[], right_keys text[], amount numeric, gap numeric,"
            " legal_entity text, currency text, rivals int, confirmed bool)"
        )
        for side, table in (("a", "recon_a"), ("b", "recon_b")):
            sql = _REST.format(side=side, table=table, kinds=_KINDS[side], ref=_NORMAL.format("item.ref"),
                               label=_NORMAL.format("item.label"))  # fmt: skip
            cursor.execute(sql, {"low": low, "high": high})
        cursor.execute("CREATE TEMP TABLE recon_lone AS SELECT side, key FROM recon_rest WHERE ref = ''")
        cursor.execute("ANALYZE recon_rest")


def find(way: str, *, confirms: bool) -> None:
    """Find what fits by one way among what earlier ways left; `confirms`: it may say so by itself where it is clear."""
    with connection.cursor() as cursor:
        if way == "group":
            cursor.execute(_GROUPS)
        else:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.recon_near")
            cursor.execute(
                "CREATE TEMP TABLE recon_near (a_key text, b_key text, amount numeric, gap numeric, legal_entity text,"
                " currency text, distance numeric)"
            )
            cursor.execute({"reference": _REFERENCE, "keyless": _KEYLESS}[way])
            cursor.execute(_BEST, {"way": way, "confirms": confirms})
        cursor.execute(_TAKEN)
