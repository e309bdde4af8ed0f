"""From the CRM, CLM or a file: customers, opportunities, contracts, lines, prices, amendments."""

from collections.abc import Callable
from typing import cast

from contracts.actions import agreements, amendments, parties, rates, references, withdrawals
from contracts.kinds import CRM_MISMATCH
from contracts.models import (
    Amendment,
    Contract,
    ContractLine,
    Customer,
    LegalEntity,
    Milestone,
    Opportunity,
    RateRow,
)
from contracts.queries import Row, referenced_one
from contracts.receivers.each import actor, each, waits
from integration_hub import canonical
from integration_hub.intake.registry import Arrival, Receipt
from integration_hub.kernel.errors import BadInput, Problem


def _gone(arrival: Arrival, kind: type[Row], entity: str, withdraw: Callable[..., None]) -> Receipt | None:
    """The record was deleted in its source: what never came here is no loss; of what binds, somebody is told."""
    row = referenced_one(kind, arrival.connection, entity, arrival.record.source_id)
    if row is None:
        return None
    try:
        withdraw(row=row, by=actor(arrival))
    except BadInput as error:
        return Receipt.refused(*error.problems, code=CRM_MISMATCH)
    return None


def _customer(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Customer, arrival.record)
    if record.deleted:
        Customer.objects.filter(code=record.code).update(status=Customer.Status.INACTIVE)
        return None
    parent = referenced_one(Customer, arrival.connection, "customer", record.parent_id)
    if record.parent_id and parent is None:
        if record.parent_id == record.source_id:
            raise BadInput(
                f"Customer {record.code}",
                [
                    Problem(
                        "parent_id", "makes the customer its own ancestor.", "Correct the parent account in the CRM."
                    )
                ],
            )
        return waits("customer", record.parent_id)
    customer = parties.save_customer(record=record, parent=parent, by=actor(arrival))
    references.note(
        connection=arrival.connection, entity="customer", source_id=record.source_id, row=customer, number=record.code
    )
    return None


def _opportunity(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Opportunity, arrival.record)
    if record.deleted:
        return _gone(arrival, Opportunity, "opportunity", withdrawals.opportunity)
    customer = referenced_one(Customer, arrival.connection, "customer", record.customer_id)
    if customer is None:
        return waits("customer", record.customer_id)
    existing = referenced_one(Opportunity, arrival.connection, "opportunity", record.source_id)
    opportunity = agreements.save_opportunity(record=record, customer=customer, existing=existing, by=actor(arrival))
    references.note(connection=arrival.connection, entity="opportunity", source_id=record.source_id, row=opportunity)
    return None


def _contract(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Contract, arrival.record)
    if record.deleted:
        return _gone(arrival, Contract, "contract", withdrawals.contract)
    customer = referenced_one(Customer, arrival.connection, "customer", record.customer_id)
    if customer is None:
        return waits("customer", record.customer_id)
    opportunity = referenced_one(Opportunity, arrival.connection, "opportunity", record.opportunity_id)
    if record.opportunity_id and opportunity is None:
        return waits("opportunity", record.opportunity_id)
    entity = LegalEntity.objects.filter(code=record.legal_entity).first()
    if entity is None:
        raise BadInput(
            f"Contract {record.number}",
            [
                Problem(
                    "legal_entity",
                    f"{record.legal_entity!r} is not a legal entity of ours.",
                    "Correct it in the CRM, or read the subsidiaries from the ERP first.",
                )
            ],
        )
    contract = agreements.save_contract(
        record=record,
        parties_=agreements.Parties(customer, entity, opportunity),
        existing=referenced_one(Contract, arrival.connection, "contract", record.source_id),
        by=actor(arrival),
    )
    references.note(
        connection=arrival.connection, entity="contract", source_id=record.source_id, row=contract, number=record.number
    )
    return None


def _contract_line(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.ContractLine, arrival.record)
    if record.deleted:
        return _gone(arrival, ContractLine, "contract_line", withdrawals.line)
    contract = referenced_one(Contract, arrival.connection, "contract", record.contract_id)
    if contract is None:
        return waits("contract", record.contract_id)
    existing = referenced_one(ContractLine, arrival.connection, "contract_line", record.source_id)
    line = agreements.save_line(record=record, contract=contract, existing=existing, by=actor(arrival))
    references.note(connection=arrival.connection, entity="contract_line", source_id=record.source_id, row=line)
    return None


def _rate_item(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.RateItem, arrival.record)
    if record.deleted:
        return _gone(arrival, RateRow, "rate_item", withdrawals.rate)
    contract = referenced_one(Contract, arrival.connection, "contract", record.contract_id)
    if contract is None:
        return waits("contract", record.contract_id)
    if record.currency != contract.currency and contract.policy.get("rate_currency_fallback", "none") == "none":
        raise BadInput(
            f"Rate of contract {contract.number}",
            [
                Problem(
                    "currency",
                    f"{record.currency} differs from the contract's {contract.currency}.",
                    "Agree the rate in the contract's currency, or that prices are converted at the service date.",
                )
            ],
        )
    source = f"{arrival.connection.code}:rate_item:{record.source_id}"
    row = rates.save_rate(record=record, contract=contract, source=source, by=actor(arrival))
    references.note(connection=arrival.connection, entity="rate_item", source_id=record.source_id, row=row)
    return None


def _milestone_term(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.MilestoneTerm, arrival.record)
    if record.deleted:
        return _gone(arrival, Milestone, "milestone_term", withdrawals.milestone)
    line = referenced_one(ContractLine, arrival.connection, "contract_line", record.line_id)
    if line is None:
        return waits("contract_line", record.line_id)
    milestone = agreements.save_milestone_term(record=record, line=line, by=actor(arrival))
    references.note(connection=arrival.connection, entity="milestone_term", source_id=record.source_id, row=milestone)
    return None


def _amendment(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Amendment, arrival.record)
    if record.deleted:
        return _gone(arrival, Amendment, "amendment", withdrawals.amendment)
    contract = referenced_one(Contract, arrival.connection, "contract", record.contract_id)
    if contract is None:
        return waits("contract", record.contract_id)
    line = referenced_one(ContractLine, arrival.connection, "contract_line", record.line_id)
    if record.line_id and line is None:
        return waits("contract_line", record.line_id)
    amendment = amendments.save(record=record, contract=contract, line=line, by=actor(arrival))
    references.note(
        connection=arrival.connection,
        entity="amendment",
        source_id=record.source_id,
        row=amendment,
        number=record.number,
    )
    return None


customer = each(_customer)
opportunity = each(_opportunity)
contract = each(_contract)
contract_line = each(_contract_line)
rate_item = each(_rate_item)
milestone_term = each(_milestone_term)
amendment = each(_amendment)
