"""Keep what people spent, as its source states it, and ring whoever sees to what they are owed."""

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import Q

from billing.events import ExpenseTaken
from contracts.models import Project
from costs.models import ExpenseClaim
from integration_hub.cases.actions import cases
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.work.actions import items

REIMBURSE = "costs.reimburse"
UNCLEAR = "CLAIM_UNCLEAR"
BY = "system:costs"


@transaction.atomic
def take(connection: Connection, taken: Sequence[ExpenseTaken]) -> None:
    """Store what the source says of expenses that a person is to get back, and of those it once said so."""
    latest = {row.work_key: row for row in taken}
    rows = ExpenseClaim.objects.select_for_update(no_key=True).filter(work_key__in=latest).order_by("pk")
    known = {row.work_key: row for row in rows}
    people: set[int | None] = set()
    for key, told in sorted(latest.items()):
        claim = known.get(key)
        if claim is None and (told.record.deleted or not told.record.reimbursable):
            continue
        claim = claim or ExpenseClaim(work_key=key, connection=connection, source_id=told.record.source_id)
        people.add(claim.resource_id)
        if _store(claim, told):
            people.add(claim.resource_id)
            _ask(claim)
    reimburse_soon(filter(None, people), caused_by=f"{connection.code} expense")


def _store(claim: ExpenseClaim, told: ExpenseTaken) -> bool:
    """Take over what differs; whether anything does. What a deletion does not say any more stays as it was."""
    record = told.record
    if record.deleted:
        said: dict[str, object] = {"is_deleted": True}
    else:
        said = {
            "is_deleted": False,
            "project_id": told.project,
            "legal_entity_id": told.legal_entity,
            "resource_id": told.resource,
            "report": record.report_id or f"expense {record.source_id}",
            "spent_on": record.spent_on,
            "category": record.category,
            "amount": record.amount,
            "currency": record.currency,
            "reimbursable": record.reimbursable,
            "paid_by": record.paid_by,
            "has_receipt": record.has_receipt,
            "approval": record.approval,
            "approver_id": told.approver if record.approval == "approved" else None,
            "description": record.notes,
        }
    changed = {name: value for name, value in said.items() if getattr(claim, name) != value}
    if claim.pk and not changed:
        return False
    if changed.get("approval") == "approved":
        claim.approved_at = now()
    for name, value in changed.items():
        setattr(claim, name, value)
    claim.version = claim.version + 1 if claim.pk else 1
    claim.save()
    return True


def reimburse_soon(people: Iterable[int | None], *, caused_by: str) -> None:
    """Ring the lanes of people whose claims have to be looked at again."""
    items.enqueue_many(
        [
            items.ItemIn(
                REIMBURSE,
                lane=f"reimburse:{pk}",
                stage="ingest",
                payload={"resource": pk, "caused_by": caused_by[:120]},
                dedupe="reimburse",
            )
            for pk in sorted({pk for pk in people if pk is not None})
        ]
    )


def place(projects: Collection[int], *, caused_by: str) -> None:
    """Give claims that waited for the contract of their project its legal entity."""
    waiting = ExpenseClaim.objects.filter(
        project__in=projects, legal_entity__isnull=True, project__contract__isnull=False
    )
    people = set(waiting.values_list("resource_id", flat=True))
    if not people:
        return
    for pk, entity in Project.objects.filter(pk__in=projects, contract__isnull=False).values_list(
        "pk", "contract__legal_entity"
    ):
        waiting.filter(project=pk).update(legal_entity=entity)
    reimburse_soon(people, caused_by=caused_by)


def again(legal_entity: int) -> None:
    """Look again at everybody who is owed something by a legal entity, or would be."""
    rows = ExpenseClaim.objects.filter(Q(items__isnull=True) | Q(items__reimbursement__status="due"))
    people = rows.filter(legal_entity=legal_entity).values_list("resource_id", flat=True)
    reimburse_soon(set(people), caused_by="settings of the legal entity")


def _ask(claim: ExpenseClaim) -> None:
    """A claim that contradicts itself is never paid, and somebody is asked about it."""
    if not is_unclear(claim):
        cases.heal(code=UNCLEAR, root_cause=f"claim:{claim.pk}", because="Its source says one thing now", by=BY)
        return
    entity = claim.legal_entity.code if claim.legal_entity else ""
    cases.raise_case(
        code=UNCLEAR,
        root_cause=f"claim:{claim.pk}",
        title=f"{claim} is to be reimbursed, but the company paid for it",
        remedy="Correct in its source who paid, or that it is not reimbursable.",
        legal_entity=entity,
        subject=("costs.expenseclaim", str(claim.pk), str(claim)),
        members=[cases.MemberIn("costs.expenseclaim", str(claim.pk), str(claim), claim.amount, claim.currency)],
        by=BY,
    )


def is_unclear(claim: ExpenseClaim) -> bool:
    """Whether it is to be reimbursed although the company paid."""
    paid_by_us = claim.paid_by == ExpenseClaim.PaidBy.COMPANY
    return claim.reimbursable and paid_by_us and not claim.is_deleted and claim.approval != "rejected"


def still_unclear(root_cause: str) -> bool:
    """Whether the condition of a case stands."""
    claim = ExpenseClaim.objects.filter(pk=int(root_cause.partition(":")[2])).first()
    return claim is not None and is_unclear(claim)
