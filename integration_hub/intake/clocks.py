"""The clock of reading: how long until a change in a source is stored here."""

from integration_hub.clocks.kinds import register_clock
from integration_hub.clocks.registry import ClockKind, Unit
from integration_hub.people.models import Role

STORING = ClockKind(
    slug="change-to-storage",
    weight=30,
    title="Storing a change of a source",
    starts="the moment the record changed in its source",
    ends="the moment that version was stored here",
    unit=Unit.MINUTES,
    owner_role=str(Role.INTEGRATION_ADMIN),
    permission="hub_intake.view_sourceversion",
    counted="versions of records",
    by_contract=False,
    notes=(
        "By the source's own stamp, for feeds that have one. Changes from before a feed was set up are not in it.",
        "Changes from more than a week before the period are not in it either.",
        "Nothing runs here: what was not read yet is not known. That a feed is late is an exception of its own.",
    ),
    sql="""
SELECT 'source' AS record_type, source.id::text AS record_id,
       concat_ws(' ', source.entity, source.source_id, source.version) AS label,
       '' AS legal_entity, '' AS contract, '' AS customer,
       'feed' AS subject_type, feed.id::text AS subject_id, connection.name || ' ' || feed.entity AS subject_label,
       source.moved_at AS started_at, source.received_at AS ended_at, NULL::numeric AS amount, '' AS currency
  FROM hub_intake_feed AS feed
  JOIN hub_connectors_connection AS connection ON connection.id = feed.connection_id
  JOIN hub_intake_sourceversion AS source ON source.connection_id = feed.connection_id AND source.entity = feed.entity
   AND source.moved_at >= greatest(%(since)s - interval '7 days', feed.installed_at)
 WHERE source.received_at >= %(since)s""",
)


def register() -> None:
    """Fill the registry; called once by the app."""
    register_clock(STORING)
