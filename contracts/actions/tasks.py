"""Tasks in batches: a project has thousands of them, and they come by the page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from contracts import events
from contracts.actions import references
from contracts.models import ContractLine, Project, Task
from contracts.queries import source_ids
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Problem

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class TaskIn:
    """A task as a source states it, with the project it belongs to."""

    record: canonical.Task
    project: Project

    @property
    def key(self) -> Key:
        """What makes it one task here: project and code."""
        return self.project.pk, self.record.code


@transaction.atomic
def save(*, tasks: Sequence[TaskIn], connection: Connection) -> dict[str, Problem]:
    """Create or update tasks, a record at most once in a batch; what is refused comes back by its source id.

    One named like exactly one line of its contract bills under that line; then the contract is decided again, because
    work may have come before its task. A code belongs to one record of a source: a second one with the same code in
    the same project is refused.
    """
    accepted, refused = _one_per_code(tasks, connection)
    known = _known(accepted)
    lines = _lines(task.project for task in accepted)
    rows = [_row(task, known.get(task.key), lines) for task in accepted]
    changed = [row for row in rows if _differs(known.get((row.project_id, row.code)), row)]
    relinked = {row.project_id for row in changed if row.line_id != _line_of(known.get((row.project_id, row.code)))}
    saved = {(row.project_id, row.code): row for row in _write(changed)}
    references.note_many(
        connection=connection,
        entity="task",
        notes=[
            references.Note(source_id=task.record.source_id, row=saved.get(task.key) or known[task.key])
            for task in accepted
        ],
    )
    contracts = {task.project.contract for task in accepted if task.project.pk in relinked and task.project.contract}
    for contract in sorted(contracts, key=lambda contract: contract.pk):
        events.agreement_changed(contract, "task")
    return refused


def _one_per_code(tasks: Sequence[TaskIn], connection: Connection) -> tuple[list[TaskIn], dict[str, Problem]]:
    """The tasks without those whose code another record of the source has."""
    owners = _owners(tasks, connection)
    accepted: list[TaskIn] = []
    refused: dict[str, Problem] = {}
    for task in tasks:
        source_id = task.record.source_id
        owner = owners.setdefault(task.key, source_id)
        if owner == source_id:
            accepted.append(task)
            continue
        message = f"{task.record.code!r} is the code of task {owner} in project {task.project.code} already."
        refused[source_id] = Problem("code", message, "Give each task of a project its own code.")
    return accepted, refused


def _owners(tasks: Sequence[TaskIn], connection: Connection) -> dict[Key, str]:
    """Under which id the source knows tasks that are here already."""
    rows = {row.pk: key for key, row in _known(tasks).items()}
    return {rows[pk]: source_id for pk, source_id in source_ids(Task, rows, connection, "task").items()}


def _known(tasks: Sequence[TaskIn]) -> dict[Key, Task]:
    wanted = {task.key for task in tasks}
    rows = Task.objects.filter(project__in={pk for pk, _ in wanted}, code__in={code for _, code in wanted})
    return {key: row for row in rows if (key := (row.project_id, row.code)) in wanted}


def _lines(projects: Iterable[Project]) -> Mapping[int, Mapping[str, list[int]]]:
    """Lines by contract and name in small letters."""
    contracts = {project.contract_id for project in projects if project.contract_id}
    found: dict[int, dict[str, list[int]]] = {contract: {} for contract in contracts}
    for contract, name, pk in ContractLine.objects.filter(contract__in=contracts).values_list("contract", "name", "pk"):
        found[contract].setdefault(name.lower(), []).append(pk)
    return found


def _row(task: TaskIn, old: Task | None, lines: Mapping[int, Mapping[str, list[int]]]) -> Task:
    line_id = _line_of(old)
    if line_id is None:
        named = lines.get(task.project.contract_id or 0, {}).get(task.record.name.lower(), [])
        line_id = named[0] if len(named) == 1 else None
    return Task(project_id=task.project.pk, code=task.record.code, name=task.record.name, line_id=line_id)


def _line_of(row: Task | None) -> int | None:
    return row.line_id if row is not None else None


def _differs(old: Task | None, row: Task) -> bool:
    return old is None or (old.name, old.line_id) != (row.name, row.line_id)


def _write(rows: Sequence[Task]) -> list[Task]:
    """Insert, or update what somebody else inserted meanwhile; the rows with their ids."""
    moment = now()
    for row in rows:
        row.updated_at = moment
    return Task.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["project", "code"],
        update_fields=["name", "line", "updated_at"],
        batch_size=2000,
    )
