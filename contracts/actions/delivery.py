"""Projects, people and milestones as the PSA reports them."""

from django.db import transaction

from contracts import events
from contracts.models import MILESTONE_MOVES, Contract, Milestone, Project, Resource
from integration_hub import canonical
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event


@transaction.atomic
def save_project(*, record: canonical.Project, existing: Project | None, fallback_code: str, by: Actor) -> Project:
    """Create or update a project. One that we made is recognised by its reference."""
    code = record.reference or fallback_code
    project = existing or Project.objects.filter(code=code).first() or Project(code=code)
    created = project.pk is None
    contract = project.contract or Contract.objects.filter(number=record.contract_number or record.reference).first()
    linked = contract is not None and project.contract_id is None
    project.contract = contract
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


@transaction.atomic
def save_shell(*, contract: Contract, by: Actor) -> Project:
    """The project that activation opens for a contract; the same one when called again, reopened if it was closed."""
    project, created = Project.objects.select_for_update().get_or_create(
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
    project = Project.objects.select_for_update().filter(code=contract.number).first()
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


def save_resource(*, record: canonical.Resource, existing: Resource | None, fallback_code: str, by: Actor) -> Resource:
    """Create or update a person. The code is the e-mail where there is one, else the source's id."""
    code = (record.email or fallback_code).lower()
    resource = existing or Resource.objects.filter(code=code).first() or Resource(code=code)
    created = resource.pk is None
    resource.name, resource.email, resource.role = record.name, record.email, record.role
    resource.cost_centre, resource.is_active = record.cost_centre, record.active
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
    """Take over a milestone's state from the PSA; acceptance and its withdrawal are told to billing."""
    milestone = Milestone.objects.select_for_update().get(pk=milestone.pk)
    if milestone.status == record.status:
        return milestone
    if not MILESTONE_MOVES.allows(milestone.status, record.status):
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
    accepted = record.status == "accepted"
    milestone.accepted_on = (record.accepted_on or today()) if accepted else None
    milestone.accepted_by = record.accepted_by if accepted else ""
    milestone.evidence = record.evidence if accepted else ""
    milestone.version += 1
    milestone.save()
    contract = milestone.line.contract
    event(
        f"contracts.milestone.{record.status}",
        by=by,
        object_type="contracts.milestone",
        object_id=milestone.pk,
        label=f"{contract.number} {milestone.name}",
        legal_entity=contract.legal_entity.code,
        before=before,
    )
    if touched:
        events.milestone_moved(milestone)
    return milestone
