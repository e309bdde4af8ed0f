"""Records of an agreement that were deleted in their source: before the signature they go, afterwards nothing does.

What is signed binds both sides, and work may be billed under it: a row that vanishes from a CRM is no amendment. Such a
deletion is refused with what to do, and refused it stays until the record is restored or the contract has ended.
"""

from django.db import transaction
from django.db.models import ProtectedError

from contracts import events
from contracts.actions.agreements import held
from contracts.models import (
    AMENDMENT_MOVES,
    CONTRACT_MOVES,
    MILESTONE_MOVES,
    Amendment,
    Cap,
    Contract,
    ContractLine,
    ExternalReference,
    Milestone,
    Opportunity,
    RateRow,
)
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.models import locked
from integration_hub.trail.record import Actor, event

BINDING = ("signed", "active", "suspended")
ENDED = ("completed", "terminated", "closed")


@transaction.atomic
def opportunity(*, row: Opportunity, by: Actor) -> None:
    """A deal is lost, unless a contract that binds came of it."""
    row = locked(row)
    for contract in row.contracts.filter(status__in=BINDING).order_by("pk"):
        raise _binds(f"Opportunity {row.name}", contract, "Restore it in the CRM.")
    row.is_closed, row.is_won = True, False
    row.save(update_fields=["is_closed", "is_won", "updated_at"])
    _tell("contracts.opportunity.deleted", by, row, row.name)


@transaction.atomic
def contract(*, row: Contract, by: Actor) -> None:
    """A contract that was never signed is dropped; one that has ended stays as it is."""
    row = held(row)
    if row.status in ENDED:
        return
    if row.status in BINDING:
        raise _binds(f"Contract {row.number}", row, "Restore it in the CRM, or terminate it there first.")
    CONTRACT_MOVES.check(row.status, Contract.Status.TERMINATED)
    row.status = Contract.Status.TERMINATED
    row.version += 1
    row.save()
    _tell("contracts.contract.deleted", by, row, row.number, row)
    events.agreement_changed(row, "contract")


@transaction.atomic
def line(*, row: ContractLine, by: Actor) -> None:
    """A line of an unsigned contract goes, with its limit."""
    label = f"Contract {row.contract.number} line {row.number}"
    if not _is_open(row.contract, label):
        return
    Cap.objects.filter(line=row).delete()
    _remove(row, label, by, row.contract, "line")


@transaction.atomic
def rate(*, row: RateRow, by: Actor) -> None:
    """A price of an unsigned contract goes."""
    agreed = row.card.contract
    label = f"Rate {row.role or row.resource or 'default'} of {agreed or row.card}"
    if agreed is None or _is_open(agreed, label):
        _remove(row, label, by, agreed, "rate")


@transaction.atomic
def milestone(*, row: Milestone, by: Actor) -> None:
    """A milestone of an unsigned contract is cancelled."""
    agreed = row.line.contract
    if _is_open(agreed, f"Milestone {row.name} of contract {agreed.number}"):
        row = locked(row)
        MILESTONE_MOVES.check(row.status, Milestone.Status.CANCELLED)
        row.status = Milestone.Status.CANCELLED
        row.save()
        _tell("contracts.milestone.deleted", by, row, row.name, agreed)


@transaction.atomic
def amendment(*, row: Amendment, by: Actor) -> None:
    """An amendment that is not in force is void; one in force is only reversed by another."""
    row = (
        Amendment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("contract__legal_entity")
        .get(pk=row.pk)
    )
    if row.status in {Amendment.Status.VOID, Amendment.Status.REVERSED}:
        return
    if not AMENDMENT_MOVES.allows(row.status, Amendment.Status.VOID):
        raise BadInput(
            f"Amendment {row.number} of contract {row.contract.number}",
            [
                Problem(
                    "record",
                    f"was deleted in its source although amendment {row.number} of {row.contract.number} is in force.",
                    "Restore it in the CRM, or sign a further amendment that takes it back.",
                )
            ],
        )
    row.status = Amendment.Status.VOID
    row.save()
    _tell("contracts.amendment.deleted", by, row, f"{row.contract.number}/{row.number}", row.contract)
    events.agreement_changed(row.contract, "amendment")


def _is_open(agreed: Contract, label: str) -> bool:
    """Whether terms may still go; False where it makes no difference any more. Raises BadInput when they bind."""
    agreed = held(agreed)
    if agreed.status in BINDING:
        raise _binds(label, agreed, "Restore it in the CRM, and sign an amendment there if the terms change.")
    return agreed.status not in ENDED


def _binds(label: str, agreed: Contract, remedy: str) -> BadInput:
    status = agreed.get_status_display().split(",")[0].lower()
    told = f"was deleted in its source although contract {agreed.number} is {status}; nothing was changed here."
    return BadInput(label, [Problem("record", told, remedy)])


def _remove(row: ContractLine | RateRow, label: str, by: Actor, agreed: Contract | None, what: str) -> None:
    _tell(f"contracts.{row._meta.model_name}.deleted", by, row, label, agreed)
    ExternalReference.objects.filter(object_type=row._meta.label_lower, object_id=row.pk).delete()
    try:
        row.delete()
    except ProtectedError as error:
        names = sorted({str(other._meta.verbose_name_plural) for other in error.protected_objects})
        told = f"was deleted in its source and still has {', '.join(names)}."
        raise BadInput(label, [Problem("record", told, "Delete those there first.")]) from error
    if agreed is not None:
        events.agreement_changed(agreed, what)


def _tell(
    action: str, by: Actor, row: Opportunity | Contract | ContractLine | RateRow | Milestone | Amendment, label: str,
    agreed: Contract | None = None,
) -> None:  # fmt: skip
    event(
        action,
        by=by,
        object_type=row._meta.label_lower,
        object_id=row.pk,
        label=label,
        legal_entity=agreed.legal_entity.code if agreed else "",
        reason="Deleted in its source",
    )
