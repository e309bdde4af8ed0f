"""Contracts and their lines, prices and milestone terms, as the CRM or a file brings them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models, transaction

from contracts import events
from contracts.actions import delivery, parties
from contracts.models import (
    CONTRACT_MOVES,
    Cap,
    Contract,
    ContractLine,
    ContractVersion,
    Customer,
    LegalEntity,
    Method,
    Milestone,
    Opportunity,
    PurchaseOrder,
    RateRow,
)
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.models import locked
from integration_hub.trail.record import Actor, event

RETAINER_TERMS = (
    "carry_limit_hours", "carry_months", "overage", "deficit_limit", "minimum_balance", "taxed_when_funded",
    "draws_retainer", "priority",
)  # fmt: skip
SIGNED_STATES = ("signed", "active", "suspended", "completed", "terminated", "closed")


@dataclass(frozen=True, slots=True)
class Parties:
    """Our rows that a contract record points to."""

    customer: Customer
    legal_entity: LegalEntity
    opportunity: Opportunity | None


@transaction.atomic
def save_opportunity(
    *, record: canonical.Opportunity, customer: Customer, existing: Opportunity | None, by: Actor
) -> Opportunity:
    """Create or update an opportunity."""
    opportunity = locked(existing) or Opportunity()
    was_won = opportunity.is_won
    opportunity.customer = customer
    opportunity.name = record.name
    opportunity.amount = record.amount
    opportunity.currency = record.currency or ""
    opportunity.stage = record.stage
    opportunity.is_closed = record.is_closed
    opportunity.is_won = record.is_won
    opportunity.closes_on = record.closes_on
    opportunity.save()
    if opportunity.is_won and not was_won:
        event(
            "contracts.opportunity.won",
            by=by,
            object_type="contracts.opportunity",
            object_id=opportunity.pk,
            label=opportunity.name,
        )
    for contract in opportunity.contracts.all():
        events.agreement_changed(contract, "opportunity")
    return opportunity


@transaction.atomic
def save_contract(*, record: canonical.Contract, parties_: Parties, existing: Contract | None, by: Actor) -> Contract:
    """Create or update a contract. Signed terms that money depends on change only by amendment."""
    contract = locked(existing or Contract.objects.filter(number=record.number).first())
    if contract is None:
        contract = Contract(number=record.number)
    elif contract.status in SIGNED_STATES:
        _refuse_unamended_change(contract, record, parties_)
    before = _facts(contract) if contract.pk else {}
    contract.name = record.name
    contract.customer = parties_.customer
    contract.legal_entity = parties_.legal_entity
    contract.opportunity = parties_.opportunity or contract.opportunity
    contract.currency = record.currency
    if contract.status not in SIGNED_STATES:
        contract.starts_on, contract.ends_on = record.starts_on, record.ends_on  # afterwards only an amendment does
    contract.starts_on = contract.starts_on or record.starts_on
    contract.payment_terms = record.payment_terms
    contract.tax_jurisdiction = record.tax_jurisdiction
    contract.delivery_lead = record.delivery_lead
    contract.po_required = record.po_required
    contract.retention_percent = record.retention_percent
    contract.policy = canonical.said(record.policy)
    _move_status(contract, record)
    contract.save()
    contract.bill_to = parties.ensure_bill_to(contract=contract)
    contract.save(update_fields=["bill_to", "updated_at"])
    _save_purchase_order(contract, record)
    if contract.signed_on is not None and contract.status in SIGNED_STATES and not contract.versions.exists():
        _first_version(contract, by)
    after = _facts(contract)
    if after != before:
        event(
            "contracts.contract.changed" if before else "contracts.contract.created",
            by=by,
            object_type="contracts.contract",
            object_id=contract.pk,
            label=contract.number,
            legal_entity=contract.legal_entity.code,
            before=before,
            after=after,
        )
    delivery.link_waiting(contract=contract, by=by)
    events.agreement_changed(contract, "contract")
    return contract


@transaction.atomic
def sign(*, contract: Contract, record: canonical.Contract, by: Actor) -> Contract:
    """Another system than the one that keeps the terms proves that a contract was signed; days it leaves open are
    filled in."""
    contract = held(contract)
    before = _facts(contract)
    contract.starts_on = contract.starts_on or record.starts_on
    contract.ends_on = contract.ends_on or record.ends_on
    _move_status(contract, record)
    contract.save()
    if not contract.versions.exists():
        _first_version(contract, by)
    event(
        "contracts.contract.changed",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
        before=before,
        after=_facts(contract),
    )
    events.agreement_changed(contract, "contract")
    return contract


def _refuse_unamended_change(contract: Contract, record: canonical.Contract, found: Parties) -> None:
    problems = [
        Problem(
            field, f"changed from {ours} to {theirs} although the contract is signed.", "Sign an amendment in the CRM."
        )
        for field, ours, theirs in (
            ("currency", contract.currency, record.currency),
            ("legal_entity", contract.legal_entity.code, found.legal_entity.code),
            ("customer_id", contract.customer.code, found.customer.code),
            ("retention_percent", contract.retention_percent, record.retention_percent),
            ("policy", _named(contract.policy), _named(canonical.said(record.policy))),
        )
        if ours != theirs
    ]
    if problems:
        raise BadInput(f"Contract {contract.number}", problems)


def _named(policy: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(policy.items())) or "the defaults"


def _move_status(contract: Contract, record: canonical.Contract) -> None:
    if record.status == "signed" and contract.status == Contract.Status.TERMINATED:
        raise BadInput(
            f"Contract {contract.number}",
            [
                Problem(
                    "status",
                    "is signed in the CRM although the contract was terminated.",
                    "Terminate it in the CRM, or make a new contract there.",
                )
            ],
        )
    if record.status == "signed" and contract.status not in SIGNED_STATES:
        CONTRACT_MOVES.check(contract.status, Contract.Status.SIGNED)
        contract.status = Contract.Status.SIGNED
        contract.signed_on = record.signed_on
    elif record.status == "in_review" and contract.status == Contract.Status.DRAFT:
        contract.status = Contract.Status.IN_REVIEW
    elif record.status == "terminated" and CONTRACT_MOVES.allows(contract.status, Contract.Status.TERMINATED):
        contract.status = Contract.Status.TERMINATED


def _save_purchase_order(contract: Contract, record: canonical.Contract) -> None:
    if record.po_number:
        PurchaseOrder.objects.update_or_create(
            contract=contract,
            number=record.po_number,
            defaults={"amount": record.po_amount, "currency": contract.currency, "expires_on": record.po_expires_on},
        )


def _first_version(contract: Contract, by: Actor) -> ContractVersion:
    version = ContractVersion.objects.create(
        contract=contract, number=1, effective_on=contract.starts_on or contract.signed_on or date.min, reason="Signed"
    )
    contract.lines.filter(introduced_in__isnull=True).update(introduced_in=version)
    RateRow.objects.filter(card__contract=contract, introduced_in__isnull=True).update(introduced_in=version)
    event(
        "contracts.contract.signed",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
        version=1,
    )
    return version


@transaction.atomic
def save_line(
    *, record: canonical.ContractLine, contract: Contract, existing: ContractLine | None, by: Actor
) -> ContractLine:
    """Create or update a contract line and its cap. A billed line keeps its method and amount: amend instead."""
    contract = held(contract)
    line = locked(existing or ContractLine.objects.filter(contract=contract, number=record.number).first())
    line = line or ContractLine(contract=contract, number=record.number)
    prices = canonical.stated(record.prices)
    if line.pk and contract.activated_at:
        _refuse_new_prices(contract, line, record, prices)
    line.name = record.name
    line.method = record.method
    line.amount = record.amount
    line.included_hours = record.included_hours
    line.overage_rate = record.overage_rate
    line.unused = record.unused
    for name in RETAINER_TERMS:
        setattr(line, name, getattr(record, name))
    line.frequency = record.frequency or ""
    if not contract.activated_at or line.pk is None:  # afterwards only an amendment moves its days
        line.starts_on = record.starts_on or contract.starts_on
        line.ends_on = record.ends_on or contract.ends_on
        _refuse_backward(contract, line)
    line.expense_rule = record.expense_rule or ("at_cost" if record.method == "expense" else "")
    line.markup_percent = record.markup_percent
    line.prices = prices
    line.introduced_in = line.introduced_in or contract.versions.order_by("-number").first()
    line.save()
    if record.cap_amount is not None and not contract.activated_at:
        Cap.objects.update_or_create(
            contract=contract,
            line=line,
            bill_to=None,
            defaults={
                "limit": record.cap_amount,
                "kind": record.cap_kind,
                "period": record.cap_period,
                "currency": contract.currency,
            },
        )
    event(
        "contracts.line.saved",
        by=by,
        object_type="contracts.contractline",
        object_id=line.pk,
        label=f"{contract.number} line {line.number}",
        legal_entity=contract.legal_entity.code,
        method=line.method,
        amount=line.amount,
    )
    events.agreement_changed(contract, "line")
    return line


def _refuse_new_prices(
    contract: Contract, line: ContractLine, record: canonical.ContractLine, prices: dict[str, object]
) -> None:
    problems = []
    if (line.method, line.amount) != (record.method, record.amount):
        problems.append(
            Problem("method or amount", "changed although the contract is active.", "Sign an amendment in the CRM.")
        )
    if line.prices != prices:
        problems.append(
            Problem(
                "prices", "changed although the contract is active.", "End the line and agree a new one in the CRM."
            )
        )
    if problems:
        raise BadInput(f"Contract {contract.number} line {line.number}", problems)


def held(contract: Contract) -> Contract:
    """The contract under a lock: activated since it was looked up, it takes new terms by amendment only."""
    rows = Contract.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("legal_entity").get(pk=contract.pk)


def _refuse_backward(contract: Contract, line: ContractLine) -> None:
    if line.starts_on is not None and line.ends_on is not None and line.ends_on < line.starts_on:
        raise BadInput(
            f"Contract {contract.number} line {line.number}",
            [
                Problem(
                    "starts_on",
                    f"{line.starts_on} is after the end on {line.ends_on}.",
                    "Correct the dates of the line or of the contract in the CRM.",
                )
            ],
        )


@transaction.atomic
def save_milestone_term(*, record: canonical.MilestoneTerm, line: ContractLine, by: Actor) -> Milestone:
    """Create or update a milestone as agreed. The milestones of a line never exceed its price."""
    # No key is changed: whoever bills a milestone of the line, and holds that one, may go on pointing to the line.
    lines = ContractLine.objects.select_for_update(of=("self",), no_key=True)
    line = lines.select_related("contract__legal_entity").get(pk=line.pk)
    if line.method == Method.PROGRESS:
        told = f"is of line {line.number}, which is billed by progress."
        raise BadInput(f"Milestone {record.name}", [Problem("line", told, "Agree it on a line billed by milestones.")])
    others = line.milestones.exclude(sequence=record.sequence).exclude(status="cancelled")
    planned = others.aggregate(total=models.Sum("amount"))["total"] or 0
    if line.amount is not None and planned + record.amount > line.amount:
        raise BadInput(
            f"Milestone {record.name}",
            [
                Problem(
                    "amount",
                    f"{record.amount} brings the milestones of line {line.number} above its price {line.amount}.",
                    "Correct the milestone amounts in the CRM.",
                )
            ],
        )
    milestone, created = Milestone.objects.select_for_update(no_key=True).get_or_create(
        line=line,
        sequence=record.sequence,
        defaults={
            "name": record.name,
            "amount": record.amount,
            "currency": line.contract.currency,
            "due_on": record.due_on,
        },
    )
    if not created and milestone.status != Milestone.Status.ACCEPTED:
        milestone.name, milestone.amount, milestone.due_on = record.name, record.amount, record.due_on
        milestone.save()
    elif milestone.amount != record.amount:
        raise BadInput(
            f"Milestone {record.name}",
            [
                Problem(
                    "amount",
                    f"changed from {milestone.amount.normalize():f} to {record.amount.normalize():f} after acceptance.",
                    "Withdraw the acceptance, change the amount, and have it accepted again.",
                )
            ],
        )
    if created:
        event(
            "contracts.milestone.agreed",
            by=by,
            object_type="contracts.milestone",
            object_id=milestone.pk,
            label=milestone.name,
            legal_entity=line.contract.legal_entity.code,
            amount=milestone.amount,
        )
    events.agreement_changed(line.contract, "milestone")
    return milestone


def _facts(contract: Contract) -> dict[str, str]:
    names = ("name", "status", "currency", "signed_on", "starts_on", "ends_on", "payment_terms", "tax_jurisdiction")
    facts = {name: str(getattr(contract, name) or "") for name in names}
    facts["customer"] = contract.customer.code
    facts["legal_entity"] = contract.legal_entity.code
    return facts
