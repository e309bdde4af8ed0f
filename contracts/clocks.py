"""The clocks of agreements: how long until a signature is everywhere; and when the legal entities work."""

from collections.abc import Mapping
from datetime import date

from contracts.models import Holiday, LegalEntity
from integration_hub.clocks.calendar import WorkingTime
from integration_hub.clocks.kinds import register_clock
from integration_hub.clocks.registry import WORKING, ClockKind, Unit
from integration_hub.people.models import Role

_CONTRACT = """entity.code AS legal_entity, contract.number AS contract, customer.name AS customer,
       'contracts.contract' AS subject_type, contract.id::text AS subject_id,
       contract.number || ' ' || contract.name AS subject_label"""
_JOINS = """
  JOIN contracts_legalentity AS entity ON entity.id = contract.legal_entity_id
  JOIN contracts_customer AS customer ON customer.id = contract.customer_id"""

ACTIVATION = ClockKind(
    slug="project-activation",
    weight=10,
    title="Activating a project",
    starts="the day the contract was signed",
    ends="the moment PSA, ERP and CRM all had its project",
    unit=Unit.WORKING_DAYS,
    owner_role=str(Role.PMO),
    permission="contracts.view_contract",
    counted="contracts",
    notes=(
        "The sources tell the day of a signature, not its hour: the clock starts with that day.",
        "Contracts that were active before they were first read have no such moment and are not in it.",
        "Money: the amount of the deal in the CRM.",
    ),
    sql=f"""
SELECT 'contracts.contract' AS record_type, contract.id::text AS record_id,
       contract.number || ' ' || contract.name AS label, {_CONTRACT},
       contract.signed_on::timestamp AT TIME ZONE entity.zone AS started_at, contract.activated_at AS ended_at,
       deal.amount, coalesce(deal.currency, '') AS currency
  FROM contracts_contract AS contract {_JOINS}
  LEFT JOIN contracts_opportunity AS deal ON deal.id = contract.opportunity_id
 WHERE contract.signed_on IS NOT NULL AND (contract.status = 'signed' OR contract.activated_at >= %(since)s)""",  # noqa: S608 - parts of this module
)


def working_times() -> Mapping[str, WorkingTime]:
    """When each legal entity works, by its code."""
    holidays: dict[str, list[tuple[date, float]]] = {}
    for calendar, day, hours in Holiday.objects.order_by("calendar", "day").values_list("calendar", "day", "hours"):
        holidays.setdefault(calendar, []).append((day, float(hours)))
    return {
        row.code: WorkingTime(
            row.zone, tuple(row.workdays), row.work_starts, row.work_ends,
            tuple(holidays.get(row.holidays, ())) if row.holidays else (),
        )
        for row in LegalEntity.objects.order_by("code")
    }  # fmt: skip


def register() -> None:
    """Fill the registries; called once by the app."""
    WORKING.register("contracts", working_times)
    register_clock(ACTIVATION)
