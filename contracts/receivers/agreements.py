"""From the CRM, CLM or a file: customers, opportunities, contracts, lines, prices, amendments."""

from collections.abc import Callable
from typing import cast

from contracts.actions import (
    agreements,
    amendments,
    confirmations,
    parties,
    rates,
    references,
    signatures,
    withdrawals,
)
from contracts.kinds import CRM_MISMATCH, NOT_SIGNED
from contracts.models import (
    Amendment,
    Contract,
    ContractLine,
    Customer,
    ExternalReference,
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
    customer = Customer.objects.filter(code=record.code).first()
    if customer is None or not confirmations.kept_elsewhere(customer, arrival.connection, "customer"):
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
    known = Contract.objects.filter(number=record.number).first()
    if refusal := _unsigned(arrival, known, record.status, record.number):
        return refusal
    if known is not None:
        label = f"Contract {record.number}"
        confirmations.refuse_second(known, arrival.connection, "contract", record.source_id, label)
        if confirmations.kept_elsewhere(known, arrival.connection, "contract"):
            return _confirmed(arrival, known, record, customer, entity)
    contract = agreements.save_contract(
        record=record,
        parties_=agreements.Parties(customer, entity, opportunity),
        existing=referenced_one(Contract, arrival.connection, "contract", record.source_id),
        by=actor(arrival),
    )
    references.note(
        connection=arrival.connection, entity="contract", source_id=record.source_id, row=contract, number=record.number
    )
    signatures.show_with(contract)
    return None


def _unsigned(
    arrival: Arrival, known: Contract | Amendment | None, status: str, contract_number: str, amendment_number: str = ""
) -> Receipt | None:
    """A refusal of what is called signed while its signature is not complete; what is in force already stays so."""
    if status != "signed" or (known is not None and known.status not in {"draft", "in_review"}):
        return None
    row = signatures.holding(
        contract_number=contract_number, amendment_number=amendment_number, told_by=arrival.connection
    )
    return Receipt.refused(signatures.problem(row), code=NOT_SIGNED) if row is not None else None


def _confirmed(
    arrival: Arrival, known: Contract, record: canonical.Contract, customer: Customer, entity: LegalEntity
) -> Receipt | None:
    """A contract that the CRM keeps, as another system has it."""
    try:
        differs = confirmations.contract(
            row=known, record=record, customer=customer, legal_entity=entity, by=actor(arrival)
        )
    except BadInput as error:
        return Receipt.refused(*error.problems, code=CRM_MISMATCH)
    references.note(
        connection=arrival.connection,
        entity="contract",
        source_id=record.source_id,
        row=known,
        number=record.number,
        sync=ExternalReference.Sync.DRIFTED if differs else ExternalReference.Sync.CURRENT,
        detail=differs,
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
    known = Amendment.objects.filter(contract=contract, number=record.number).first()
    if refusal := _unsigned(arrival, known, record.status, contract.number, record.number):
        return refusal
    note = ""
    if known is not None:
        label = f"Amendment {record.number} of contract {contract.number}"
        confirmations.refuse_second(known, arrival.connection, "amendment", record.source_id, label)
    if known is not None and confirmations.kept_elsewhere(known, arrival.connection, "amendment"):
        try:
            amendment = confirmations.amendment(row=known, record=record, by=actor(arrival))
        except BadInput as error:
            return Receipt.refused(*error.problems, code=CRM_MISMATCH)
    else:
        if known is not None and record.status == "draft" and _executed_elsewhere(known, arrival):
            note = "A draft here, although it is signed."
            record = record.model_copy(update={"status": "signed"})
        amendment = amendments.save(record=record, contract=contract, line=line, by=actor(arrival))
    references.note(
        connection=arrival.connection,
        entity="amendment",
        source_id=record.source_id,
        row=amendment,
        number=record.number,
        sync=ExternalReference.Sync.DRIFTED if note else ExternalReference.Sync.CURRENT,
        detail=note,
    )
    signatures.show_with(amendment)
    return None


def _executed_elsewhere(known: Amendment, arrival: Arrival) -> bool:
    """Whether an amendment is in force because another system has it executed."""
    rows = ExternalReference.objects.filter(object_type="contracts.amendment", object_id=known.pk, entity="amendment")
    return known.status == Amendment.Status.APPLIED and rows.exclude(connection=arrival.connection).exists()


def _signature(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Signature, arrival.record)
    if record.deleted:
        signatures.forget(connection=arrival.connection, source_id=record.source_id, by=actor(arrival))
        return None
    signatures.save(record=record, connection=arrival.connection, by=actor(arrival))
    return None


customer = each(_customer)
opportunity = each(_opportunity)
contract = each(_contract)
contract_line = each(_contract_line)
rate_item = each(_rate_item)
milestone_term = each(_milestone_term)
amendment = each(_amendment)
signature = each(_signature)
