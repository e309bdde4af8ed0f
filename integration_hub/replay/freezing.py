"""Freezing a set: one statement copies what a query finds, with the version of each row as it stands."""

from typing import Any

from django.db import connection
from django.db.models import CharField, DecimalField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from integration_hub.effects.models import Effect
from integration_hub.intake.models import SourceVersion
from integration_hub.replay.models import Plan

COLUMNS = ("target_id", "label", "seen_state", "seen_at", "legal_entity", "amount", "currency")

_FREEZE = """
INSERT INTO hub_replay_planitem (plan_id, number, target_id, label, seen_state, seen_at, legal_entity, amount, currency,
                             prospect, prospect_reason, outcome, outcome_reason)
SELECT %s, row_number() OVER (ORDER BY chosen.target_id), chosen.target_id, left(chosen.label, 240), chosen.seen_state,
       chosen.seen_at, chosen.legal_entity, chosen.amount, chosen.currency, '', '', '', ''
  FROM ({chosen}) AS chosen
"""
_SUM_UP = """
SELECT count(*), array(SELECT DISTINCT legal_entity FROM hub_replay_planitem WHERE plan_id = %(plan)s ORDER BY 1),
       encode(sha256(coalesce(string_agg(number || ':' || target_id || ':' || seen_state || ':' || seen_at, E'\\n'
                                         ORDER BY number), '')::bytea), 'hex')
  FROM hub_replay_planitem WHERE plan_id = %(plan)s
"""


def effects(rows: "QuerySet[Effect]") -> "QuerySet[Any]":
    """Effects as the columns of items."""
    return rows.order_by().annotate(
        target_id=F("pk"),
        label=Concat("business_key", Value(" · "), "effect_type", output_field=CharField()),
        seen_state=F("state"),
        seen_at=F("updated_at"),
    )


def sources(rows: "QuerySet[SourceVersion]") -> "QuerySet[Any]":
    """Source versions as the columns of items; their content never changes, their status says how far they came."""
    none = Cast(Value(None), DecimalField(max_digits=24, decimal_places=6))
    return rows.order_by().annotate(
        target_id=F("pk"),
        label=Concat("entity", Value(" "), "source_id", Value(" "), "version", output_field=CharField()),
        seen_state=F("status"),
        seen_at=F("received_at"),
        legal_entity=Cast(Value(""), CharField()),
        amount=none,
        currency=Cast(Value(""), CharField()),
    )


def freeze(plan: Plan, chosen: "QuerySet[Any]") -> None:
    """Copy the chosen rows into the plan and note size, legal entities and digest. The caller saves the plan."""
    sql, params = chosen.values(*COLUMNS).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_FREEZE.format(chosen=sql), [plan.pk, *params])
    plan.size, plan.legal_entities, plan.digest = sum_up(plan)


def sum_up(plan: Plan) -> tuple[int, list[str], str]:
    """(size, legal entities, digest) of the set as it stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute(_SUM_UP, {"plan": plan.pk})
        size, entities, digest = cursor.fetchone()
    return int(size), [str(code) for code in entities], str(digest)
