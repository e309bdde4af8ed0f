"""From the PSA: people, projects, tasks, milestones."""

from collections.abc import Mapping, Sequence
from typing import cast

from contracts.actions import delivery, references, tasks
from contracts.models import Milestone, Project, Resource
from contracts.queries import referenced, referenced_one
from contracts.receivers.each import actor, each, waits
from integration_hub import canonical
from integration_hub.intake.registry import Arrival, Receipt
from integration_hub.kernel.errors import Problem


def _resource(arrival: Arrival) -> None:
    record = cast(canonical.Resource, arrival.record)
    existing = referenced_one(Resource, arrival.connection, "resource", record.source_id)
    fallback = f"{arrival.connection.code}:{record.source_id}"
    resource = delivery.save_resource(record=record, existing=existing, fallback_code=fallback, by=actor(arrival))
    references.note(
        connection=arrival.connection, entity="resource", source_id=record.source_id, row=resource, number=resource.name
    )


def _project(arrival: Arrival) -> None:
    record = cast(canonical.Project, arrival.record)
    existing = referenced_one(Project, arrival.connection, "project", record.source_id)
    fallback = f"{arrival.connection.code}:{record.source_id}"
    project = delivery.save_project(record=record, existing=existing, fallback_code=fallback, by=actor(arrival))
    references.note(
        connection=arrival.connection,
        entity="project",
        source_id=record.source_id,
        row=project,
        number=record.name[:120],
    )


def task(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """Store tasks, a batch at once; those of unknown projects are parked."""
    connection = batch[0].connection
    records = [cast(canonical.Task, arrival.record) for arrival in batch]
    ids = referenced(connection, "project", (record.project_id for record in records))
    rows = Project.objects.select_related("contract__legal_entity").in_bulk(set(ids.values()))
    projects = {source_id: rows[pk] for source_id, pk in ids.items() if pk in rows}
    found = [tasks.TaskIn(record, projects[record.project_id]) for record in records if record.project_id in projects]
    refused = tasks.save(tasks=found, connection=connection)
    return [_task_receipt(record, projects, refused) for record in records]


def _task_receipt(record: canonical.Task, projects: Mapping[str, Project], refused: Mapping[str, Problem]) -> Receipt:
    if record.project_id not in projects:
        return waits("project", record.project_id)
    problem = refused.get(record.source_id)
    return Receipt.applied() if problem is None else Receipt.refused(problem)


def _milestone(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Milestone, arrival.record)
    project = referenced_one(Project, arrival.connection, "project", record.project_id)
    if project is None:
        return waits("project", record.project_id)
    milestone = referenced_one(Milestone, arrival.connection, "milestone", record.source_id) or _agreed(record, project)
    if milestone is None:
        return None  # a milestone the project plans for itself: nothing to bill
    references.note(connection=arrival.connection, entity="milestone", source_id=record.source_id, row=milestone)
    delivery.move_milestone(record=record, milestone=milestone, by=actor(arrival))
    return None


def _agreed(record: canonical.Milestone, project: Project) -> Milestone | None:
    """The agreed milestone: by our reference `<contract>-<line>-<sequence>`, else by its name within the contract."""
    if project.contract_id is None:
        return None
    agreed = Milestone.objects.filter(line__contract=project.contract_id).select_related("line__contract")
    for milestone in agreed:
        if record.reference and record.reference == reference_of(milestone):
            return milestone
    named = [milestone for milestone in agreed if milestone.name == record.name]
    return named[0] if len(named) == 1 else None


def reference_of(milestone: Milestone) -> str:
    """Our key of a milestone in other systems."""
    return f"{milestone.line.contract.number}-{milestone.line.number}-{milestone.sequence}"


resource = each(_resource)
project = each(_project)
milestone = each(_milestone)
