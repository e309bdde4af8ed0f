"""What a comparison found, read from its temporary tables: breaks with both sides, matches, the digest."""

# ruff: noqa: S608 -- names of our own temporary tables and columns; values are always parameters

from collections.abc import Mapping
from hashlib import sha256

from django.db import connection

from integration_hub.kernel.ids import canonical_json
from reconciliation.matching.staging import TABLES, found

SHOWN = 20
"""Items of a side that a break keeps; its count says how many there are."""
_PAGE = 1000

# What a way confirmed is no break any more, by reference or alone.
_TAKEN = """
  (SELECT 'a' AS side, unnest(left_keys) AS key FROM recon_match WHERE confirmed
   UNION ALL SELECT 'b', unnest(right_keys) FROM recon_match WHERE confirmed)
"""
_SETTLE = f"""
DELETE FROM recon_break AS broken USING {_TAKEN} AS taken JOIN {{table}} AS item ON item.key = taken.key
 WHERE taken.side = '{{side}}' AND item.ref <> '' AND broken.ref = item.ref
"""
_SETTLE_LONE = f"""
DELETE FROM recon_lone AS lone USING {_TAKEN} AS taken WHERE lone.side = taken.side AND lone.key = taken.key
"""

_ITEM = """
json_build_object('key', item.key, 'ref', item.ref, 'label', item.label, 'currency', item.currency,
  'amount', item.amount::text, 'net', item.net::text, 'tax', item.tax::text, 'on', item.on_date, 'at', item.at,
  'party', item.party, 'was', item.was::text, 'link', item.link)
"""
_SAID = (
    "concat_ws('|', item.key, item.currency, item.amount, item.net, item.tax, item.on_date, item.party,"
    " item.legal_entity)"
)
_GATHERED = f"""
SELECT named.identity, count(*) AS n, sum(item.amount) AS amount, min(item.currency) AS currency,
       min(item.legal_entity) AS entity, min(item.on_date) AS on_date,
       array_to_json((array_agg({_ITEM} ORDER BY item.key))[1:{SHOWN}]) AS items,
       string_agg({_SAID}, E'\\n' ORDER BY item.key) AS said
  FROM {{named}} AS named JOIN {{table}} AS item ON {{joined}} GROUP BY named.identity
"""


def _side(side: str) -> str:
    """The items of all breaks on one side: by reference, and those that are alone."""
    by_ref = _GATHERED.format(
        named="(SELECT ref AS identity FROM recon_break)", table=TABLES[side], joined="item.ref = named.identity"
    )
    lone = f"(SELECT side || ':' || key AS identity, key FROM recon_lone WHERE side = '{side}')"
    return f"{by_ref} UNION ALL {_GATHERED.format(named=lone, table=TABLES[side], joined='item.key = named.key')}"


# On the right, what nobody here knows is an orphan.
_GATHER = f"""
CREATE TEMP TABLE recon_out AS
WITH named AS (
  SELECT ref AS identity, kind FROM recon_break
  UNION ALL
  SELECT side || ':' || key, CASE side WHEN 'a' THEN 'missing_in_b' ELSE 'orphan' END FROM recon_lone
), a AS ({_side("a")}), b AS ({_side("b")})
SELECT named.identity, coalesce(a.entity, b.entity) AS legal_entity, named.kind,
       coalesce(a.on_date, b.on_date) AS on_date,
       json_build_object('count', coalesce(a.n, 0), 'items', coalesce(a.items, '[]'::json)) AS left,
       json_build_object('count', coalesce(b.n, 0), 'items', coalesce(b.items, '[]'::json)) AS right,
       coalesce(b.amount, 0) - coalesce(a.amount, 0) AS gap, coalesce(a.currency, b.currency) AS currency,
       encode(sha256(convert_to(concat_ws(E'\\n', named.kind, a.said, '=', b.said), 'UTF8')), 'hex') AS content
  FROM named LEFT JOIN a USING (identity) LEFT JOIN b USING (identity)
"""
BREAKS = "SELECT * FROM recon_out"
"""All breaks: identity, legal_entity, kind, on_date, left, right, gap, currency, content."""

MATCHES = """
SELECT way, left_keys, right_keys, amount, gap, legal_entity, currency, rivals, confirmed,
       encode(sha256(convert_to(concat_ws(E'\\n', array_to_string(left_keys, E'\\n'), '=',
                                          array_to_string(right_keys, E'\\n')), 'UTF8')), 'hex') AS identity
  FROM recon_match ORDER BY way, left_keys, right_keys
"""
"""What was found without a shared reference."""


def settle() -> None:
    """Take what a way confirmed out of the breaks, and gather both sides of those that are left."""
    with connection.cursor() as cursor:
        for side, table in TABLES.items():
            cursor.execute(_SETTLE.format(side=side, table=table))
        cursor.execute(_SETTLE_LONE)
        cursor.execute("DROP TABLE IF EXISTS pg_temp.recon_out")
        cursor.execute(_GATHER)


def counted() -> tuple[dict[str, int], int, int]:
    """Breaks by kind, matches that were confirmed, and those that are suggested."""
    kinds = found(f"SELECT kind, count(*) AS n FROM ({BREAKS}) AS broken GROUP BY kind ORDER BY kind")
    (row,) = found(
        "SELECT count(*) FILTER (WHERE confirmed) AS sure, count(*) FILTER (WHERE NOT confirmed) AS maybe"
        " FROM recon_match"
    )
    return {kind["kind"]: kind["n"] for kind in kinds}, row["sure"], row["maybe"]


def items_of(side: str, keys: list[str]) -> dict[str, object]:
    """{count, items} of these keys, as breaks keep them."""
    rows = found(
        f"SELECT {_ITEM} AS item FROM {TABLES[side]} AS item WHERE item.key = ANY (%s) ORDER BY item.key LIMIT {SHOWN}",
        [keys],
    )
    return {"count": len(keys), "items": [row["item"] for row in rows]}


def digest(agreed: Mapping[str, Mapping[str, str]]) -> str:
    """SHA-256 of the whole outcome: what agrees, each break, each match, in their order."""
    made = sha256(canonical_json(agreed).encode())
    breaks = f"SELECT concat_ws(' ', identity, kind, content) AS line FROM ({BREAKS}) AS broken"
    matches = f"SELECT concat_ws(' ', way, identity, rivals, confirmed) AS line FROM ({MATCHES}) AS matched"
    with connection.cursor() as cursor:
        for sql in (breaks, matches):
            cursor.execute(f'SELECT line FROM ({sql}) AS told ORDER BY line COLLATE "C"')
            while rows := cursor.fetchmany(_PAGE):
                for (line,) in rows:
                    made.update(f"\n{line}".encode())
    return made.hexdigest()
