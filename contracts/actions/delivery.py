"""Projects, people and milestones as the PSA reports them."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from contracts import events
from contracts.models import MILESTONE_MOVES, Contract, Milestone, Project, Resource
from integration_hub import canonical
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.models import locked
from integration_hub.trail.record import Actor, event

NUMBERS = 5_310_401
"""Key space of the locks on contract numbers."""


@transaction.atomic
def save_project(*, record: canonical.Project, existing: Project | None, fallback_code: str, by: Actor) -> Project:
    """Create or update a project. One that we made is recognised by its reference."""
    code = record.reference or fallback_code
    project = locked(existing or Project.objects.filter(code=code).first()) or Project(code=code)
    created = project.pk is None
    named = record.contract_number or record.reference
    hold_number(named)
    contract = project.contract or Contract.objects.filter(number=named).first()
    linked = contract is not None and project.contract_id is None
    project.contract, project.contract_number = contract, named
    project.name = record.name
    project.status = record.status
    project.starts_on = record.starts_on or project.starts_on
    project.ends_on = record.ends_on or project.ends_on
    project.save()
    if created or linked:
        event(
            "contracts.project.linked" if linked else "contracts.project.seen",
            by=by,
            object_type="contracts.project",
            object_id=project.pk,
            label=project.code,
            legal_entity=contract.legal_entity.code if contract else "",
        )
    if contract is not None and linked:
        events.agreement_changed(contract, "project")
    return project


def hold_number(number: str) -> None:
    """Let nobody else look for a contract number until this transaction ends.

    A project and its contract that arrive at once would each miss the other, and the project would wait for ever.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [NUMBERS, number])


@transaction.atomic
def link_waiting(*, contract: Contract, by: Actor) -> int:
    """Link the projects that name a contract which has come only now. Returns how many."""
    hold_number(contract.number)
    waiting = list(
        Project.objects.select_for_update(no_key=True)
        .filter(Q(contract_number=contract.number) | Q(code=contract.number), contract__isnull=True)
        .order_by("pk")
    )
    for project in waiting:
        project.contract = contract
        project.save(update_fields=["contract", "updated_at"])
        event(
            "contracts.project.linked",
            by=by,
            object_type="contracts.project",
            object_id=project.pk,
            label=project.code,
            legal_entity=contract.legal_entity.code,
        )
    if waiting:
        events.agreement_changed(contract, "project")
    return len(waiting)


@transaction.atomic
def save_shell(*, contract: Contract, by: Actor) -> Project:
    """The project that activation opens for a contract; the same one when called again, reopened if it was closed."""
    project, created = Project.objects.select_for_update(no_key=True).get_or_create(
        code=contract.number,
        defaults={
            "name": contract.name,
            "contract": contract,
            "starts_on": contract.starts_on,
            "ends_on": contract.ends_on,
        },
    )
    if not created and project.status == Project.Status.CLOSED:
        project.status = Project.Status.PLANNED
        project.save(update_fields=["status", "updated_at"])
        created = True
    if created:
        event(
            "contracts.project.planned",
            by=by,
            object_type="contracts.project",
            object_id=project.pk,
            label=project.code,
            legal_entity=contract.legal_entity.code,
        )
    return project


@transaction.atomic
def close_shell(*, contract: Contract, reason: str, by: Actor) -> Project | None:
    """Close the project that activation opened: the undoing of `save_shell`."""
    project = Project.objects.select_for_update(no_key=True).filter(code=contract.number).first()
    if project is not None and project.status != Project.Status.CLOSED:
        project.status = Project.Status.CLOSED
        project.save(update_fields=["status", "updated_at"])
        event(
            "contracts.project.closed",
            by=by,
            object_type="contracts.project",
            object_id=project.pk,
            label=project.code,
            legal_entity=contract.legal_entity.code,
            reason=reason,
        )
    return project


@transaction.atomic
def save_resource(*, record: canonical.Resource, existing: Resource | None, fallback_code: str, by: Actor) -> Resource:
    """Create or update a person. The code is the e-mail where there is one, else the source's id."""
    code = (record.email or fallback_code).lower()
    resource = locked(existing or Resource.objects.filter(code=code).first()) or Resource(code=code)
    created = resource.pk is None
    resource.name, resource.email, resource.role = record.name, record.email, record.role
    resource.cost_centre, resource.vendor, resource.is_active = record.cost_centre, record.vendor, record.active
    resource.save()
    if created:
        event(
            "contracts.resource.seen",
            by=by,
            object_type="contracts.resource",
            object_id=resource.pk,
            label=resource.name,
        )
    return resource


@transaction.atomic
def move_milestone(*, record: canonical.Milestone, milestone: Milestone, by: Actor) -> Milestone:
    """Take over a milestone's state from the PSA; acceptance, its proof and its withdrawal are told to billing."""
    milestone = (
        Milestone.objects.select_for_update(of=("self",), no_key=True)
        .select_related("line__contract__legal_entity")
        .get(pk=milestone.pk)
    )
    accepted = record.status == "accepted"
    accepted_on = (record.accepted_on or milestone.accepted_on or today()) if accepted else None
    proof = (accepted_on, record.accepted_by if accepted else "", record.evidence if accepted else "")
    known = (milestone.accepted_on, milestone.accepted_by, milestone.evidence)
    if (milestone.status, *known) == (record.status, *proof):
        return milestone
    if milestone.status != record.status and not MILESTONE_MOVES.allows(milestone.status, record.status):
        raise BadInput(
            f"Milestone {milestone.name}",
            [
                Problem(
                    "status", f"cannot go from {milestone.status} to {record.status}.", "Correct the state in the PSA."
                )
            ],
        )
    touched = "accepted" in {milestone.status, record.status}
    before, milestone.status = milestone.status, record.status
    milestone.accepted_on, milestone.accepted_by, milestone.evidence = proof
    milestone.version += 1
    milestone.save()
    tell_milestone(milestone, by, before=before)
    if touched:
        events.milestone_moved(milestone)
    return milestone


def tell_milestone(milestone: Milestone, by: Actor, **data: Any) -> None:
    """Write into the trail that a milestone is in its state now."""
    contract = milestone.line.contract
    event(
        f"contracts.milestone.{milestone.status}",
        by=by,
        object_type="contracts.milestone",
        object_id=milestone.pk,
        label=f"{contract.number} {milestone.name}",
        legal_entity=contract.legal_entity.code,
        **data,
    )
