"""Time and expenses from PSA, time tracker or file, in batches."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NamedTuple, cast

from billing import events
from billing.actions.work import Draft, record
from billing.models import BillableEvent
from contracts.models import Project, Resource
from contracts.queries import referenced
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.intake.registry import Arrival, Receipt

Item = canonical.TimeEntry | canonical.Usage | canonical.Expense


class Place(NamedTuple):
    """Where work belongs: our ids of a project, of its contract and that one's legal entity."""

    project: int
    contract: int | None
    legal_entity: int | None


class Known:
    """The projects and people a batch points to, looked up once."""

    def __init__(self, connection: Connection, batch: Sequence[Arrival]) -> None:
        records = [cast(Item, arrival.record) for arrival in batch]
        project_ids = referenced(connection, "project", (item.project_id for item in records))
        people = {*map(_person, records), *(getattr(item, "approved_by_id", "") for item in records)}
        resource_ids = referenced(connection, "resource", filter(None, people))
        projects = Project.objects.filter(pk__in=set(project_ids.values()))
        places = {row[0]: Place(*row) for row in projects.values_list("pk", "contract_id", "contract__legal_entity_id")}
        there = set(Resource.objects.filter(pk__in=set(resource_ids.values())).values_list("pk", flat=True))
        self.places = {source: places[pk] for source, pk in project_ids.items() if pk in places}
        self.people = {source: pk for source, pk in resource_ids.items() if pk in there}

    def missing(self, item: Item) -> str:
        """`entity:id` of the first parent that has not come yet."""
        if item.project_id not in self.places:
            return f"project:{item.project_id}"
        person = _person(item)
        return f"resource:{person}" if person and person not in self.people else ""


def _person(item: Item) -> str:
    """Who it was, as the source knows them; empty for units that nobody works."""
    return "" if isinstance(item, canonical.Usage) else item.resource_id or ""


def work_key(connection: Connection, entity: str, source_id: str) -> str:
    """Identity of a piece of delivered work across its versions."""
    return f"{connection.code}:{entity}:{source_id}"


def time_entries(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """Store time; entries of unknown projects or people are parked."""
    return _take(batch, _time_draft)


def expenses(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """Store expenses; those of unknown projects or people are parked."""
    taken: list[events.ExpenseTaken] = []

    def draft(arrival: Arrival, item: canonical.Expense, known: Known) -> Draft:
        taken.append(_expense_taken(arrival, item, known))
        return _expense_draft(arrival, item, known)

    receipts = _take(batch, draft)
    if taken:
        events.expenses_taken(batch[0].connection, taken)
    return receipts


def usages(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """Store usage; that of unknown projects is parked."""
    return _take(batch, _usage_draft)


def _take(batch: Sequence[Arrival], draft_of: Callable[[Arrival, Any, Known], Draft]) -> list[Receipt]:
    connection = batch[0].connection
    known = Known(connection, batch)
    drafts: list[Draft] = []
    receipts: list[Receipt] = []
    for arrival in batch:
        item = cast(Item, arrival.record)
        missing = known.missing(item)
        if missing:
            receipts.append(Receipt.parked(missing))
            continue
        drafts.append(draft_of(arrival, item, known))
        receipts.append(Receipt.applied())
    record(drafts=drafts, by=connection.code, caused_by=f"{connection.code} {batch[0].record.entity}")
    return receipts


def _time_draft(arrival: Arrival, item: canonical.TimeEntry, known: Known) -> Draft:
    place = known.places[item.project_id]
    return Draft(
        work_key=work_key(arrival.connection, "time_entry", item.source_id),
        kind=BillableEvent.Kind.TIME,
        service_date=item.worked_on,
        approval=item.approval,
        source_version_id=arrival.source_version_id,
        legal_entity_id=place.legal_entity,
        contract_id=place.contract,
        project_id=place.project,
        resource_id=known.people[item.resource_id],
        role=item.role,
        task_code=item.task_id or "",
        category=item.category,
        minutes=item.minutes,
        chargeable=item.billable,
        description=item.notes,
        is_deleted=item.deleted,
    )


def _usage_draft(arrival: Arrival, item: canonical.Usage, known: Known) -> Draft:
    place = known.places[item.project_id]
    return Draft(
        work_key=work_key(arrival.connection, "usage", item.source_id),
        kind=BillableEvent.Kind.USAGE,
        service_date=item.used_on,
        approval=item.approval,
        source_version_id=arrival.source_version_id,
        legal_entity_id=place.legal_entity,
        contract_id=place.contract,
        project_id=place.project,
        task_code=item.item,
        quantity=item.quantity,
        chargeable=item.billable,
        description=item.notes or item.item,
        is_deleted=item.deleted,
    )


def _expense_taken(arrival: Arrival, item: canonical.Expense, known: Known) -> events.ExpenseTaken:
    place = known.places[item.project_id]
    return events.ExpenseTaken(
        work_key=work_key(arrival.connection, "expense", item.source_id),
        record=item,
        project=place.project,
        legal_entity=place.legal_entity,
        resource=known.people[item.resource_id] if item.resource_id else None,
        approver=known.people.get(item.approved_by_id),
    )


def _expense_draft(arrival: Arrival, item: canonical.Expense, known: Known) -> Draft:
    place = known.places[item.project_id]
    return Draft(
        work_key=work_key(arrival.connection, "expense", item.source_id),
        kind=BillableEvent.Kind.EXPENSE,
        service_date=item.spent_on,
        approval=item.approval,
        source_version_id=arrival.source_version_id,
        legal_entity_id=place.legal_entity,
        contract_id=place.contract,
        project_id=place.project,
        resource_id=known.people[item.resource_id] if item.resource_id else None,
        category=item.category,
        quantity=item.units,
        amount=item.amount,
        includes_tax=item.includes_tax,
        currency=item.currency,
        chargeable=item.billable,
        has_evidence=item.has_receipt,
        description=item.notes or item.category,
        is_deleted=item.deleted,
    )


def time_approvals(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """Approvals of several entries: the entries take over the state; entries yet to come park the approval."""
    receipts = []
    for arrival in batch:
        approval = cast(canonical.TimeApproval, arrival.record)
        keys = {work_key(arrival.connection, "time_entry", entry): entry for entry in approval.entry_ids}
        rows = {row.work_key: row for row in BillableEvent.objects.filter(work_key__in=keys, is_current=True)}
        missing = [entry for key, entry in keys.items() if key not in rows]
        drafts = [_with_approval(row, approval) for row in rows.values() if row.approval != approval.state]
        record(drafts=drafts, by=arrival.connection.code, caused_by=f"approval {approval.source_id}")
        receipts.append(Receipt.parked(f"time_entry:{missing[0]}") if missing else Receipt.applied())
    return receipts


def _with_approval(row: BillableEvent, approval: canonical.TimeApproval) -> Draft:
    values = {field.name: getattr(row, field.name) for field in fields(Draft)}
    return Draft(**{**values, "approval": approval.state})
