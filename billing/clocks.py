"""The clocks of billing: from a change to a decision, from work to an invoice, from a candidate or an amendment on."""

from integration_hub.clocks.kinds import register_clock
from integration_hub.clocks.registry import ClockKind, Unit
from integration_hub.people.models import Role

_CONTRACT = """entity.code AS legal_entity, contract.number AS contract, customer.name AS customer,
       'contracts.contract' AS subject_type, contract.id::text AS subject_id,
       contract.number || ' ' || contract.name AS subject_label"""
_JOINS = """
  JOIN contracts_legalentity AS entity ON entity.id = contract.legal_entity_id
  JOIN contracts_customer AS customer ON customer.id = contract.customer_id"""


def _work(start: str, join: str = "") -> str:
    """Pieces of work of which somebody is billed, or would be; from a start, with what is joined for it."""
    return f"""
SELECT 'billing.billableevent' AS record_type, event.id::text AS record_id,
       concat_ws(' ', initcap(event.kind), 'of', event.service_date, resource.name) AS label, {_CONTRACT},
       {start} AS started_at, document.posted_at AS ended_at, coalesce(piece.net, piece.amount) AS amount,
       coalesce(nullif(piece.currency, ''), contract.currency) AS currency
  FROM billing_piece AS piece
  JOIN billing_billableevent AS event ON event.id = piece.event_id
  JOIN contracts_contract AS contract ON contract.id = piece.contract_id {_JOINS}
  LEFT JOIN contracts_resource AS resource ON resource.id = event.resource_id
  LEFT JOIN billing_candidateline AS line ON line.id = piece.candidate_line_id
  LEFT JOIN billing_invoice AS document ON document.candidate_id = line.candidate_id
  {join}
 WHERE piece.is_current AND piece.corrects_id IS NULL AND piece.adjusts_id IS NULL
   AND (piece.state IN ('blocked', 'held', 'billable', 'reserved', 'postponed')
        OR piece.state IN ('posted', 'corrected') AND document.posted_at >= %(since)s)"""  # noqa: S608 - parts of this module


_APPROVED = """JOIN LATERAL (
      SELECT min(version.recorded_at) AS recorded_at FROM billing_billableevent AS version
       WHERE version.work_key = event.work_key AND version.approval = 'approved' AND NOT version.is_deleted
      HAVING min(version.recorded_at) IS NOT NULL
  ) AS approved ON event.approval = 'approved'"""
_MONEY = "Money: the value of the work at bill rate; on an invoice, its share of the printed net."
_STATES = "What is over a limit, included, not billable or written off is not waiting for an invoice and not in it."

TIME_TO_BILL = ClockKind(
    slug="time-to-bill",
    weight=50,
    title="Billing the work",
    starts="the day the work was done",
    ends="the posting of its invoice",
    unit=Unit.WORKING_DAYS,
    owner_role=str(Role.BILLING_ANALYST),
    permission="billing.view_piece",
    counted="pieces of work",
    basis="net",
    members="subject",
    notes=(
        "Counted from the beginning of the day of service. Fees billed ahead of their day took no time.",
        _MONEY,
        _STATES,
        "Whether a piece waits is known as of now; of a moment in the past, what has been billed since was running.",
    ),
    sql=_work("event.service_date::timestamp AT TIME ZONE entity.zone"),
)

APPROVAL_TO_BILL = ClockKind(
    slug="approval-to-bill",
    weight=60,
    title="Billing what was approved",
    starts="the moment its approval was known here",
    ends="the posting of its invoice",
    unit=Unit.WORKING_DAYS,
    owner_role=str(Role.BILLING_ANALYST),
    permission="billing.view_piece",
    counted="pieces of work",
    basis="net",
    members="subject",
    notes=("Work whose approval was withdrawn is not in it until it is approved again.", _MONEY, _STATES),
    sql=_work("approved.recorded_at", _APPROVED),
)

RELEASE = ClockKind(
    slug="invoice-release",
    weight=70,
    title="Releasing an invoice",
    starts="the moment its candidate first passed all checks",
    ends="its posting in the ERP",
    unit=Unit.WORKING_HOURS,
    owner_role=str(Role.FINANCE),
    permission="billing.view_candidate",
    counted="candidates",
    basis="net",
    notes=(
        "A candidate that is stopped again keeps running: its money waits all the same.",
        "Credit memos are in it. Dissolved candidates are not.",
    ),
    sql=f"""
SELECT 'billing.candidate' AS record_type, candidate.id::text AS record_id, candidate.number AS label, {_CONTRACT},
       ready.at AS started_at, coalesce(invoice.posted_at, memo.created_at) AS ended_at,
       candidate.net AS amount, candidate.currency
  FROM billing_candidate AS candidate
  JOIN contracts_contract AS contract ON contract.id = candidate.contract_id {_JOINS}
  LEFT JOIN billing_invoice AS invoice ON invoice.candidate_id = candidate.id
  LEFT JOIN billing_creditmemo AS memo ON memo.candidate_id = candidate.id
  JOIN LATERAL (
      SELECT min(told.recorded_at) AS at FROM hub_trail_event AS told
       WHERE told.object_type = 'billing.candidate' AND told.object_id = candidate.id::text
         AND told.action = 'billing.candidate.checked' AND told.data ->> 'status' = 'ready'
      HAVING min(told.recorded_at) IS NOT NULL
  ) AS ready ON true
 WHERE candidate.status NOT IN ('posted', 'dissolved')
    OR candidate.status = 'posted' AND coalesce(invoice.posted_at, memo.created_at) >= %(since)s""",  # noqa: S608 - parts of this module
)

AMENDMENT = ClockKind(
    slug="amendment-propagation",
    weight=20,
    title="Carrying an amendment to every system",
    starts="the day the amendment was signed",
    ends="the moment PSA, ERP and CRM all had it",
    unit=Unit.WORKING_DAYS,
    owner_role=str(Role.FINANCE),
    permission="contracts.view_contract",
    counted="amendments",
    basis="net",
    notes=(
        "The sources tell the day of a signature, not its hour: the clock starts with that day.",
        "Money: work under the amendment, from its first day on, that is not posted yet.",
    ),
    sql=f"""
SELECT 'contracts.amendment' AS record_type, amendment.id::text AS record_id,
       contract.number || ' ' || amendment.number AS label, {_CONTRACT},
       amendment.signed_on::timestamp AT TIME ZONE entity.zone AS started_at, amendment.propagated_at AS ended_at,
       held.amount, CASE WHEN held.amount IS NULL THEN '' ELSE contract.currency END AS currency
  FROM contracts_amendment AS amendment
  JOIN contracts_contract AS contract ON contract.id = amendment.contract_id {_JOINS}
  LEFT JOIN LATERAL (
      SELECT sum(piece.amount) AS amount
        FROM billing_piece AS piece JOIN billing_billableevent AS event ON event.id = piece.event_id
       WHERE piece.contract_id = contract.id AND piece.is_current AND piece.currency = contract.currency
         AND piece.state IN ('blocked', 'held', 'billable', 'reserved', 'postponed')
         AND event.service_date >= amendment.effective_on
  ) AS held ON amendment.propagated_at IS NULL
 WHERE amendment.signed_on IS NOT NULL
   AND (amendment.propagated_at >= %(since)s
        OR amendment.propagated_at IS NULL AND amendment.status IN ('signed', 'applied'))""",  # noqa: S608 - parts of this module
)

DECIDING = ClockKind(
    slug="change-to-decision",
    weight=40,
    title="Deciding about a change of work",
    starts="the moment the work changed in its source",
    ends="the first decision about that version",
    unit=Unit.MINUTES,
    owner_role=str(Role.INTEGRATION_ADMIN),
    permission="billing.view_piece",
    counted="versions of work",
    by_contract=False,
    members="subject",
    notes=(
        "By the source's own stamp. Changes from before its feed was set up are not in it.",
        "Changes from more than a week before the period are not in it either: their lane tells of them.",
        "Without a contract a version is decided too: that it has none.",
    ),
    sql="""
SELECT 'billing.billableevent' AS record_type, event.id::text AS record_id,
       concat_ws(' ', initcap(event.kind), 'of', event.service_date, event.work_key) AS label,
       coalesce(entity.code, '') AS legal_entity, '' AS contract, '' AS customer,
       'feed' AS subject_type, feed.id::text AS subject_id, connection.name || ' ' || feed.entity AS subject_label,
       source.moved_at AS started_at, decided.at AS ended_at, NULL::numeric AS amount, '' AS currency
  FROM hub_intake_feed AS feed
  JOIN hub_connectors_connection AS connection ON connection.id = feed.connection_id
  JOIN hub_intake_sourceversion AS source ON source.connection_id = feed.connection_id AND source.entity = feed.entity
   AND source.moved_at >= greatest(%(since)s - interval '7 days', feed.installed_at)
  JOIN billing_billableevent AS event ON event.source_version_id = source.id
  LEFT JOIN contracts_legalentity AS entity ON entity.id = event.legal_entity_id
  LEFT JOIN LATERAL (
      SELECT min(decision.decided_at) AS at FROM billing_decision AS decision WHERE decision.event_id = event.id
  ) AS decided ON true
 WHERE decided.at IS NOT NULL OR event.is_current AND NOT event.is_deleted""",
)


def register() -> None:
    """Fill the registry; called once by the app."""
    for kind in (TIME_TO_BILL, APPROVAL_TO_BILL, RELEASE, AMENDMENT, DECIDING):
        register_clock(kind)
