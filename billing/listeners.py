"""What billing does when contracts say that something changed."""

from collections.abc import Collection

from billing.actions import candidates, limits, revenue, schedules, unserved, work
from billing.workflows import activation
from billing.workflows import amendment as amendments
from contracts.events import (
    AGREEMENT_CHANGED,
    AMENDMENT_SIGNED,
    EXCHANGE_RATES_ARRIVED,
    MASTER_DATA_ARRIVED,
    MILESTONE_MOVED,
    STANDARD_PRICES_CHANGED,
)
from contracts.models import Amendment, Contract, Method, Milestone
from integration_hub.work.actions import items


def _agreement_changed(contract_id: int, what: str) -> None:
    contract = Contract.objects.select_related("legal_entity").get(pk=contract_id)
    lane = f"contract:{contract_id}"
    if contract.status in {Contract.Status.SIGNED, Contract.Status.TERMINATED}:
        items.enqueue(
            "billing.consider_activation",
            lane=lane,
            stage="ingest",
            payload={"contract": contract_id},
            dedupe="consider",
            legal_entity=contract.legal_entity.code,
        )
    if contract.status == Contract.Status.TERMINATED and contract.activated_at:
        _term_moved(contract)
    adopted = work.adopt(contract=contract, by="system:billing") if what == "project" else 0
    if contract.activated_at or adopted:
        work.decide_soon([(contract_id, None)], caused_by=f"{what} of {contract.number}")
        candidates.check_soon(contract_ids=[contract_id])


def _milestone_moved(milestone: Milestone) -> None:
    work.record_milestone(milestone=milestone, by="system:billing")
    if milestone.line.method == Method.PROGRESS:
        revenue.follow_progress(line=milestone.line)


def _amendment_signed(amendment: Amendment) -> None:
    amendments.propagate(amendment)
    limits.count_in(contract=amendment.contract)
    if amendment.kind == Amendment.Kind.TERM:
        _term_moved(Contract.objects.select_related("legal_entity").get(pk=amendment.contract_id))


def _term_moved(contract: Contract) -> None:
    schedules.follow_term(contract=contract, by="system:billing")
    unserved.tell(contract=contract, by="system:billing")


def _master_data(keys: Collection[str]) -> None:
    activation.resume_waiting(arrived=keys)
    candidates.check_waiting(codes=["ERP_MAPPING", "PERIOD_CLOSED"])


def _exchange_rates(currencies: Collection[str]) -> None:
    work.decide_converted(currencies=currencies)


def _standard_prices(legal_entity: int) -> None:
    work.decide_priced(legal_entity=legal_entity)


def register() -> None:
    """Fill the registries of contracts."""
    AGREEMENT_CHANGED.register("billing", _agreement_changed)
    AMENDMENT_SIGNED.register("billing", _amendment_signed)
    MILESTONE_MOVED.register("billing", _milestone_moved)
    MASTER_DATA_ARRIVED.register("billing", _master_data)
    EXCHANGE_RATES_ARRIVED.register("billing", _exchange_rates)
    STANDARD_PRICES_CHANGED.register("billing", _standard_prices)
