"""The clock of writing: how long until what was decided here is confirmed in its target."""

from integration_hub.clocks.kinds import register_clock
from integration_hub.clocks.registry import ClockKind, Unit
from integration_hub.people.models import Role

CONFIRMING = ClockKind(
    slug="effect-confirmation",
    weight=80,
    title="Confirming a change in its target",
    starts="the moment the change was intended",
    ends="the read that showed it in the target",
    unit=Unit.MINUTES,
    owner_role=str(Role.INTEGRATION_ADMIN),
    permission="hub_effects.view_effect",
    counted="effects",
    by_contract=False,
    notes=("Waiting for a posting window counts. What was withdrawn or replaced by a correction is not in it.",),
    sql="""
SELECT 'effect' AS record_type, effect.id::text AS record_id,
       effect.effect_type || ' ' || effect.business_key AS label,
       effect.legal_entity, '' AS contract, '' AS customer,
       'connection' AS subject_type, connection.id::text AS subject_id, connection.name AS subject_label,
       effect.created_at AS started_at, effect.confirmed_at AS ended_at, effect.amount, effect.currency
  FROM hub_effects_effect AS effect
  JOIN hub_connectors_connection AS connection ON connection.id = effect.connection_id
 WHERE effect.state NOT IN ('confirmed', 'cancelled', 'superseded')
    OR effect.state = 'confirmed' AND effect.confirmed_at >= %(since)s""",
)


def register() -> None:
    """Fill the registry; called once by the app."""
    register_clock(CONFIRMING)
