"""The statements on a plan's items: write forecasts and outcomes for many at once, follow effects to their end."""

from collections.abc import Mapping, Sequence

from django.db import connection

from integration_hub.effects.actions.again import Judged, Prospect
from integration_hub.replay.models import Plan, PlanItem

Outcome = PlanItem.Outcome
OUTCOMES: dict[Prospect, Outcome] = {
    Prospect.NOOP: Outcome.NOOP,
    Prospect.APPROVAL: Outcome.APPROVAL,
    Prospect.CONFLICT: Outcome.CONFLICT,
    Prospect.REFUSED: Outcome.REFUSED,
    Prospect.CHANGED: Outcome.CHANGED,
    Prospect.CREATE: Outcome.CREATED,
    Prospect.WAITS: Outcome.WAITS,
}
"""What a judgement becomes where nothing is on its way afterwards."""

_FORESEEN = """
UPDATE hub_replay_planitem AS item SET prospect = told.prospect, prospect_reason = told.reason
  FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS told (id, prospect, reason) WHERE item.id = told.id
"""
_TAKEN = """
UPDATE hub_replay_planitem AS item
   SET outcome = told.outcome, outcome_reason = told.reason, taken_at = clock_timestamp(),
       settled_at = CASE WHEN told.outcome <> ALL (%s) THEN clock_timestamp() END
  FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS told (id, outcome, reason) WHERE item.id = told.id
"""
# An effect is followed by what its row says now. What was confirmed without a send since then had been there before.
_FOLLOW = """
UPDATE hub_replay_planitem AS item
   SET outcome = now.outcome, outcome_reason = now.reason,
       settled_at = CASE WHEN now.outcome <> ALL (%(unsettled)s) THEN clock_timestamp() END
  FROM (
    SELECT own.id,
           CASE effect.state
             WHEN 'confirmed' THEN CASE WHEN EXISTS (
                 SELECT 1 FROM hub_effects_attempt AS attempt WHERE attempt.effect_id = effect.id
                    AND attempt.kind = 'send' AND attempt.started_at >= own.taken_at) THEN 'created' ELSE 'noop' END
             WHEN 'rejected' THEN 'refused' WHEN 'waiting' THEN 'window' WHEN 'conflict' THEN 'conflict'
             WHEN 'cancelled' THEN 'changed' WHEN 'superseded' THEN 'changed'
             ELSE CASE WHEN lane.blocked AND effect.state = 'unknown' THEN 'unknown'
                       WHEN lane.blocked OR target.is_paused THEN 'waits' ELSE 'under_way' END
           END AS outcome,
           CASE WHEN effect.state = 'confirmed' THEN
                   concat_ws(', ', nullif(effect.remote_number, ''), 'id ' || effect.remote_id)
                WHEN lane.blocked AND effect.state <> 'rejected' THEN lane.blocked_reason
                WHEN target.is_paused AND effect.failure = '' THEN target.paused_reason
                ELSE effect.failure END AS reason
      FROM hub_replay_planitem AS own
      JOIN hub_effects_effect AS effect ON effect.id = own.target_id
      JOIN hub_connectors_connection AS target ON target.id = effect.connection_id
      LEFT JOIN hub_work_lane AS lane ON lane.key = effect.lane
     WHERE own.plan_id = %(plan)s AND own.outcome = ANY (%(unsettled)s)
  ) AS now
 WHERE item.id = now.id AND (item.outcome <> now.outcome OR item.outcome_reason <> now.reason)
"""
_FOLLOW_SOURCES = """
UPDATE hub_replay_planitem AS item
   SET outcome = now.outcome, settled_at = clock_timestamp(), outcome_reason = ''
  FROM (
    SELECT own.id, CASE version.status WHEN 'applied' THEN 'created' WHEN 'refused' THEN 'refused'
                                       WHEN 'conflict' THEN 'conflict' ELSE 'noop' END AS outcome
      FROM hub_replay_planitem AS own
      JOIN hub_intake_sourceversion AS version ON version.id = own.target_id
     WHERE own.plan_id = %(plan)s AND own.outcome = ANY (%(unsettled)s) AND version.status <> 'parked'
  ) AS now
 WHERE item.id = now.id
"""


def note_forecast(items: Sequence[PlanItem], judged: Mapping[int, Judged]) -> None:
    """Write what was foreseen; `judged` is by target id."""
    told = [(item.pk, judged[item.target_id]) for item in items if item.target_id in judged]
    with connection.cursor() as cursor:
        cursor.execute(
            _FORESEEN,
            [[pk for pk, _ in told], [str(one.prospect) for _, one in told], [one.reason for _, one in told]],
        )


def note_taken(items: Sequence[PlanItem], became: Mapping[int, tuple[str, str]]) -> None:
    """Write what became of items as they were taken; `became` gives (outcome, reason) by target id."""
    gone = (str(Outcome.CHANGED), "It is not there any more.")
    told = [(item.pk, *became.get(item.target_id, gone)) for item in items]
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKEN,
            [
                list(PlanItem.UNSETTLED),
                [pk for pk, _, _ in told],
                [str(outcome) for _, outcome, _ in told],
                [reason for _, _, reason in told],
            ],
        )


def follow(plan: Plan) -> int:
    """Bring unsettled items up to date with what their effects or records have become; how many changed."""
    statement = _FOLLOW if plan.kind == Plan.Kind.EFFECT else _FOLLOW_SOURCES
    with connection.cursor() as cursor:
        cursor.execute(statement, {"plan": plan.pk, "unsettled": list(PlanItem.UNSETTLED)})
        return int(cursor.rowcount)
