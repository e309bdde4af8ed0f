"""Matching rules tried on the inputs of the last run before they may be published."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import connection

from integration_hub.kernel.errors import Problem
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import Kind, Table
from reconciliation.matching import evidence, exchange, passes, staging
from reconciliation.matching.rules import KEYED, TITLES, Rule, rule_of
from reconciliation.models import PairRun

SAMPLE = 400
"""Items of the left that are tried against each other's partners."""
KNOWN = 10
"""Fewer pairs that are known say nothing about a rule."""

# Of items that share a reference one to one: how many pairs the rule takes, and how many of those that are none.
_SHARES = """
WITH known AS (
  SELECT a.ref, a.amount AS a_amount, b.amount AS b_amount, a.on_date AS a_on, b.on_date AS b_on
    FROM recon_a AS a JOIN recon_b AS b USING (ref, legal_entity, currency)
   WHERE a.ref <> '' AND a.amount <> 0 AND a.legal_entity = %(entity)s AND a.currency = %(currency)s
   ORDER BY md5(a.ref) LIMIT {sample}
), tried AS (
  SELECT a.ref = b.ref AS right,
         abs(b.b_amount - a.a_amount) <= greatest(%(amount)s, abs(a.a_amount) * %(percent)s / 100)
         AND coalesce(abs(b.b_on - a.a_on), 0) <= %(days)s AS taken
    FROM known AS a CROSS JOIN known AS b
)
SELECT count(*) FILTER (WHERE "right"), count(*) FILTER (WHERE "right" AND taken),
       count(*) FILTER (WHERE NOT "right"), count(*) FILTER (WHERE NOT "right" AND taken) FROM tried
""".replace("AS right,", 'AS "right",').format(sample=SAMPLE)

# Of items that share a reference in two currencies, at the rates of their days.
_ABROAD = """
SELECT count(*),
       count(*) FILTER (WHERE abs(b.amount - a.amount * times / over) <= abs(a.amount * times / over) * %(fx)s / 100)
  FROM recon_a AS a JOIN recon_b AS b USING (ref)
  JOIN recon_rate AS rate ON rate.base = a.currency AND rate.quote = b.currency AND rate.day = a.on_date
 WHERE a.ref <> '' AND a.amount <> 0 AND a.legal_entity = %(entity)s AND a.currency = %(currency)s
"""


def register(kind: Kind, pair: str) -> None:
    """Register the kind of a pair's rules, tried on what the pair compared last."""
    KINDS.register(kind.name, replace(kind, tried=partial(problems, pair)))


def problems(pair: str, table: Table) -> Iterator[Problem]:
    """Ways that would take any two items for the same, or not even those that are known to be."""
    run = PairRun.objects.filter(pair=pair, state=PairRun.State.DONE).first()
    if run is None:
        return
    with staging.staged():
        evidence.restore(run)
        exchange.stage(exchange.known())
        for way, entity, currency in passes.needed(passes.staged_currencies()):
            if table.legal_entity in ("", entity):
                rule = rule_of(table, way, entity, currency)
                if rule.used and (told := _judged(rule) or _abroad(rule)):
                    where = " ".join(filter(None, (TITLES[way], entity, currency)))
                    yield Problem(where, told, f"Tried on the inputs of run {run.pk}.")


def _judged(rule: Rule) -> str:
    params: dict[str, Any] = {
        "entity": rule.legal_entity,
        "currency": rule.currency,
        "amount": rule.amount,
        "percent": rule.percent,
        "days": rule.days,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, params)
        known, found, others, taken = cursor.fetchone()
    if known < KNOWN:
        return ""
    if not found:
        return f"It would match none of {known} pairs that are known to belong together."
    if taken * 2 > others:
        return f"It would match {taken:,} of {others:,} pairs that do not belong together."
    return ""


def _abroad(rule: Rule) -> str:
    """What is wrong with letting currencies differ by so much: tried on those that do, and on the rest as amounts."""
    if rule.fx_percent is None or rule.way not in KEYED:
        return ""
    if told := _judged(replace(rule, percent=rule.fx_percent)):
        return told
    params: dict[str, Any] = {"entity": rule.legal_entity, "currency": rule.currency, "fx": rule.fx_percent}
    with connection.cursor() as cursor:
        cursor.execute(_ABROAD, params)
        known, found = cursor.fetchone()
    if known >= KNOWN and not found:
        return f"It would match none of {known} pairs in other currencies that are known to belong together."
    return ""
