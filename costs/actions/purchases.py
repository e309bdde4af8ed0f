"""Purchases on clients' projects: each is charged on, paid for hours, or borne, by the source, a rule or a person.

Nothing is charged twice: a bill's line is kept once, and what a vendor bills whose people's hours the client is charged
asks a person before it is charged on. Nothing is forgotten: what nobody decided is a case until somebody does.
"""

from django.db import IntegrityError, transaction

from billing.actions import work
from billing.actions.work import Draft
from billing.models import BillableEvent
from contracts.models import ContractLine, Method, Project
from costs import policies
from costs.models import Cost, Purchase
from integration_hub import canonical
from integration_hub.cases.actions import cases
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

UNDECIDED, TWICE = "PURCHASE_UNDECIDED", "PURCHASE_TWICE"
BY_RULE = "rule of the contract"
_FACTS = ("vendor", "bill_number", "line_number", "category", "delivered_on", "amount", "currency", "description")


@transaction.atomic
def receive(*, record: canonical.PurchaseLine, source: str, by: Actor) -> Purchase | None:
    """Keep a line of a vendor's bill as its source states it now. A deleted one that we never had is nothing.

    What a person decided stays decided. Raises BadInput for an unknown project and for a line another source told of.
    """
    row = Purchase.objects.select_for_update(no_key=True).filter(source=source).first()
    if record.deleted:
        if row is not None and not row.is_deleted:
            row.is_deleted = True
            _keep(row, by)
        return row
    project = Project.objects.select_related("contract__legal_entity").filter(code=record.project).first()
    if project is None or project.contract is None:
        said = f"{record.project!r} is not the project of a contract."
        raise BadInput(f"Purchase {source}", [Problem("project", said, "Use the code of a project with a contract.")])
    row = row or Purchase(source=source)
    row.project, row.legal_entity = project, project.contract.legal_entity
    row.is_approved, row.is_deleted = record.approved, False
    for name in _FACTS:
        setattr(row, name, getattr(record, name))
    if record.handling and row.decided_by in ("", source, BY_RULE):
        row.handling, row.decided_by = record.handling, source
    elif row.handling == Purchase.Handling.UNDECIDED and _has_rule(row):
        row.handling, row.decided_by = Purchase.Handling.RECHARGE, BY_RULE
    try:
        with transaction.atomic():
            _keep(row, by)
    except IntegrityError as error:
        if "purchase_once" not in str(error):
            raise
        other = Purchase.objects.get(
            legal_entity=row.legal_entity, vendor=row.vendor, bill_number=row.bill_number,
            line_number=row.line_number, is_deleted=False,
        )  # fmt: skip
        problem = Problem("bill_number", f"{row} is known already, from {other.source}.", "Send it from one system.")
        raise BadInput(f"Purchase {source}", [problem]) from error
    return row


@transaction.atomic
def decide(*, purchase: Purchase, handling: str, reason: str, version: int, by: User) -> Purchase:
    """Say what becomes of a purchase. Raises Denied, or Stale when it is not any more what the person saw."""
    row = Purchase.objects.select_for_update(of=("self",), no_key=True).select_related(
        "legal_entity", "project__contract__legal_entity"
    ).get(pk=purchase.pk)  # fmt: skip
    policies.can_decide(row, by, handling, reason).or_raise()
    if row.version != version:
        raise Stale
    row.handling, row.reason, row.decided_by = Purchase.Handling(handling), reason, actor_name(by)
    _keep(row, by)
    event(
        "costs.purchase.decided",
        by=by,
        object_type="costs.purchase",
        object_id=row.pk,
        label=str(row),
        legal_entity=row.legal_entity.code,
        reason=reason,
        handling=row.handling,
    )
    return row


def _keep(row: Purchase, by: Actor) -> None:
    """Store it, charge it on or take that back, and open or close the case that asks about it."""
    created = row.pk is None
    row.version = 1 if created else row.version + 1
    row.save()
    if created:
        event(
            "costs.purchase.seen",
            by=by,
            object_type="costs.purchase",
            object_id=row.pk,
            label=str(row),
            legal_entity=row.legal_entity.code,
            amount=row.amount,
            currency=row.currency,
        )
    if charged_twice(row):
        _ask(row, TWICE, f"{row} may be charged twice: hours of {row.vendor} on {row.project.code} are charged", by)
    else:
        cases.heal(code=TWICE, root_cause=row.work_key, because="A person decided", by=by)
    if row.handling == Purchase.Handling.UNDECIDED and not row.is_deleted:
        _ask(row, UNDECIDED, f"Nobody said what becomes of {row}, on {row.project.code}", by)
    else:
        cases.heal(code=UNDECIDED, root_cause=row.work_key, because="It is decided", by=by)
    _charge(row, by)


def _charge(row: Purchase, by: Actor) -> None:
    """What is charged on is delivered work; what is no more is taken back, as when its source deletes it."""
    charged = row.handling == Purchase.Handling.RECHARGE and not row.is_deleted and not charged_twice(row)
    known = BillableEvent.objects.filter(work_key=row.work_key, is_current=True).first()
    if not charged and (known is None or known.is_deleted):
        return
    contract = row.project.contract
    draft = Draft(
        work_key=row.work_key,
        kind="expense",
        service_date=row.delivered_on,
        approval="approved" if row.is_approved else "submitted",
        legal_entity_id=row.legal_entity_id,
        contract_id=contract.pk if contract else None,
        project_id=row.project_id,
        category=row.category,
        amount=row.amount,
        currency=row.currency,
        description=row.description or f"{row.vendor} {row.bill_number}",
        is_deleted=not charged,
    )
    work.record(drafts=[draft], by=by, caused_by=f"purchase {row.pk}")


def charged_twice(row: Purchase) -> bool:
    """Whether it is to be charged on, by no person's decision, while hours of its vendor are charged on the project."""
    if row.handling != Purchase.Handling.RECHARGE or row.is_deleted or row.reason:
        return False
    return Cost.objects.filter(project=row.project_id, vendor=row.vendor, is_current=True).exists()


def _has_rule(row: Purchase) -> bool:
    """Whether its contract says how purchases of the category are charged: by an expense line with such a term."""
    lines = ContractLine.objects.filter(
        contract=row.project.contract_id, method=Method.EXPENSE, status=ContractLine.Status.ACTIVE
    )
    for line in lines:
        named = {term.get("category", "") for term in line.prices.get("expenses", [])}
        if row.category and row.category in named:
            return True
    return False


def _ask(row: Purchase, code: str, title: str, by: Actor) -> None:
    cases.raise_case(
        code=code,
        root_cause=row.work_key,
        title=title,
        remedy="Decide: charge it on, say that it pays for hours charged as time, or bear it.",
        legal_entity=row.legal_entity.code,
        subject=("costs.purchase", str(row.pk), str(row)),
        members=[cases.MemberIn("costs.purchase", str(row.pk), str(row), row.amount, row.currency)],
        by=by,
    )


def still_asks(root_cause: str) -> bool:
    """Whether a purchase waits for a person."""
    row = Purchase.objects.filter(pk=int(root_cause.partition(":")[2])).first()
    if row is None or row.is_deleted:
        return False
    return row.handling == Purchase.Handling.UNDECIDED or charged_twice(row)
