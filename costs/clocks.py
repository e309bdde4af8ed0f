"""The clock of costs: how long people wait for their money."""

from integration_hub.clocks.kinds import register_clock
from integration_hub.clocks.registry import ClockKind, Unit
from integration_hub.people.models import Role

REIMBURSEMENT = ClockKind(
    slug="expense-reimbursement",
    weight=80,
    title="Reimbursing what people spent",
    starts="the moment the approval of the last expense was known here",
    ends="the moment the ERP showed it paid",
    unit=Unit.WORKING_DAYS,
    owner_role=str(Role.FINANCE),
    permission="costs.view_reimbursement",
    counted="reimbursements",
    by_contract=False,
    notes=(
        "Money: what the person is owed, or was paid.",
        "What was withdrawn before it was paid is not in it; a payment that was taken back runs on from the approval.",
    ),
    sql="""
SELECT 'costs.reimbursement' AS record_type, row.id::text AS record_id, row.number || ' ' || person.name AS label,
       entity.code AS legal_entity, '' AS contract, '' AS customer,
       'costs.reimbursement' AS subject_type, row.id::text AS subject_id, row.number AS subject_label,
       row.approved_at AS started_at, row.paid_at AS ended_at, row.amount - row.taken_back AS amount, row.currency
  FROM costs_reimbursement AS row
  JOIN contracts_legalentity AS entity ON entity.id = row.legal_entity_id
  JOIN contracts_resource AS person ON person.id = row.resource_id
 WHERE row.status IN ('due', 'posting', 'rejected', 'payable')
    OR row.status IN ('paid', 'told') AND row.paid_at >= %(since)s""",
)


def register() -> None:
    """Fill the registry."""
    register_clock(REIMBURSEMENT)
