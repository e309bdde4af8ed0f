"""From work to invoice inside a landscape: everything is worked by the lanes, as in life."""

from datetime import date
from typing import Any

from billing.actions import approvals, runs
from billing.models import BillingRun, Candidate, Invoice, Piece
from contracts.actions import references
from contracts.models import Contract
from integration_hub.effects.models import Effect
from integration_hub.people.models import Role, User
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.vendors import Landscape

MARCH = date(2026, 3, 31)


def known(landscape: Landscape, contract: Contract) -> Contract:
    """The contract, its lines and customer as CRM and ERP know them, under the ids of `tests.deals`."""
    crm, erp = landscape.connections["crm"], landscape.connections["erp"]
    references.note(connection=crm, entity="contract", source_id=f"K-{contract.number}", row=contract)
    for line in contract.lines.all():
        references.note(
            connection=crm, entity="contract_line", source_id=f"L-{contract.number}-{line.number}", row=line
        )
    code = contract.customer.code
    references.note(connection=erp, entity="customer_account", source_id=f"E-{code}", row=contract.customer)
    references.note(connection=erp, entity="legal_entity", source_id="1", row=contract.legal_entity)
    return contract


def contract_in(landscape: Landscape, number: str = "", **agreed: Any) -> Contract:
    """An active contract that CRM and ERP know."""
    return known(landscape, factories.contract_active(number, entity=landscape.entity, **agreed))


def run_in(landscape: Landscape, *, by: User | None = None, through: date = MARCH) -> BillingRun:
    """A billing run, worked with its quotes and checks."""
    by = by or factories.user(Role.BILLING_ANALYST)
    run = runs.start(legal_entity=landscape.entity.code, through=through, invoice_date=through, by=by)
    drain_once()
    run.refresh_from_db()
    assert run.state == BillingRun.State.DONE, run.error
    return run


def ready_in(landscape: Landscape, contract: Contract, *, hours: str = "8", by: User | None = None) -> Candidate:
    """A candidate of these hours that passed its checks."""
    if hours:
        factories.time_entry(contract, hours=hours)
    run_in(landscape, by=by)
    candidate = Candidate.objects.filter(contract=contract).latest("pk")
    assert candidate.status == Candidate.Status.READY, f"{candidate.status} {candidate.codes}"
    return candidate


def post(candidate: Candidate, *, by: User | None = None) -> Effect:
    """The effect of posting an approved candidate, planned and not sent."""
    candidate.refresh_from_db()
    return approvals.post(candidate_id=candidate.pk, by=by or factories.user(), seen_version=candidate.version)


def posted_in(landscape: Landscape, candidate: Candidate) -> Invoice:
    """The invoice of a candidate: approved, sent and confirmed."""
    post(factories.candidate_approved(candidate))
    drain_once()
    return Invoice.objects.get(candidate=candidate)


def pieces(event: object) -> dict[str, object]:
    """What an event's current pieces are worth by state; None where there is no price."""
    return dict(Piece.objects.filter(event=event, is_current=True).values_list("state", "amount"))
