"""Count what delivered work costs: approved hours at the cost rate of their day, again whenever either moves."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from django.db import connection, transaction

from billing.models import BillableEvent
from contracts.costing import CostRates, cost_of, cost_rates
from contracts.models import CostRate, LegalEntity, Project, Resource
from costs.models import Cost
from integration_hub.cases.actions import cases
from integration_hub.cases.queries import Key
from integration_hub.trail.record import event as tell
from integration_hub.work.actions import items

BY = "system:costs"
CODE = "COST_RATE_MISSING"
COUNT = "costs.count"
LOCKS = 5_310_402
"""Key space of the locks on counting, by legal entity."""

COMPARED = ("project_id", "resource_id", "role", "vendor", "service_date", "minutes", "rate", "unit", "currency")
"""What a cost hangs on: where these stand, a cost stands."""

_Missing = dict[tuple[str, str], list[BillableEvent]]


def count_soon(projects: Iterable[int], *, caused_by: str) -> None:
    """Ring the lanes of projects of legal entities that keep costs."""
    kept = Project.objects.filter(pk__in=set(projects), contract__legal_entity__costs_from__isnull=False)
    items.enqueue_many(
        [
            items.ItemIn(
                COUNT,
                lane=f"costs:{pk}",
                stage="ingest",
                payload={"project": pk, "caused_by": caused_by[:120]},
                dedupe="count",
                legal_entity=code,
            )
            for pk, code in kept.order_by("pk").values_list("pk", "contract__legal_entity__code")
        ]
    )


def count_entities(legal_entities: Collection[int], *, caused_by: str) -> None:
    """Count all projects of legal entities again."""
    projects = Project.objects.filter(contract__legal_entity__in=legal_entities)
    count_soon(projects.values_list("pk", flat=True), caused_by=caused_by)


def hold(entity: LegalEntity) -> None:
    """Let nobody else count or post costs of a legal entity until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, entity.pk])


@transaction.atomic
def count(*, project: Project, caused_by: str) -> int:
    """Make the costs of a project's approved time those its cost rates call for; how many changed.

    Only what differs is reversed and counted anew, so that a second run changes nothing. Work without a cost rate has
    no cost: `COST_RATE_MISSING` says so until there is one.
    """
    contract = project.contract
    if contract is None or contract.legal_entity.costs_from is None:
        return 0
    entity = contract.legal_entity
    hold(entity)
    work = work_of(project)
    rates = cost_rates([entity.pk])
    wanted, missing = _wanted(work, rates, entity.pk)
    held = _held(project, [row.work_key for row in work])
    gone = [cost for key, cost in held.items() if key not in wanted or _differs(cost, wanted[key])]
    fresh = [cost for key, cost in wanted.items() if key not in held or _differs(held[key], cost)]
    _reverse(gone, caused_by)
    for cost in fresh:
        cost.caused_by = caused_by
    Cost.objects.bulk_create(fresh)
    _sync_case(project, entity.code, missing)
    if gone or fresh:
        tell(
            "costs.cost.counted",
            by=BY,
            object_type="contracts.project",
            object_id=project.pk,
            label=project.code,
            legal_entity=entity.code,
            count=len(fresh),
            reversed=len(gone),
            because=caused_by,
        )
    return len(gone) + len(fresh)


def work_of(project: Project) -> list[BillableEvent]:
    """Approved time of a project from the day on that costs are kept."""
    rows = BillableEvent.objects.filter(
        project=project,
        is_current=True,
        is_deleted=False,
        kind=BillableEvent.Kind.TIME,
        approval=BillableEvent.Approval.APPROVED,
        resource__isnull=False,
        service_date__gte=project.contract.legal_entity.costs_from,  # type: ignore[union-attr]  # asked by the caller
    )
    return list(rows.select_related("resource", "legal_entity", "project").order_by("service_date", "pk"))


def _wanted(work: Sequence[BillableEvent], rates: CostRates, entity: int) -> tuple[dict[str, Cost], _Missing]:
    wanted: dict[str, Cost] = {}
    missing: _Missing = defaultdict(list)
    for row in work:
        if row.resource is None:
            continue
        role = row.role or row.resource.role
        rate = rates.of(
            legal_entity=entity,
            resource=row.resource.code,
            role=role,
            vendor=row.resource.vendor,
            on=row.service_date,
        )
        if rate is None:
            missing[role or row.resource.code, row.resource.vendor].append(row)
        else:
            wanted[row.work_key] = _cost(row, row.resource, role, rate)
    return wanted, missing


def _cost(row: BillableEvent, resource: Resource, role: str, rate: CostRate) -> Cost:
    minutes = row.minutes or Decimal(0)
    return Cost(
        work_key=row.work_key,
        event=row,
        legal_entity_id=rate.legal_entity_id,
        project=row.project,
        resource=resource,
        role=role,
        vendor=rate.vendor or resource.vendor,
        service_date=row.service_date,
        minutes=minutes,
        cost_rate=rate,
        rate=rate.rate,
        unit=rate.unit,
        amount=cost_of(minutes, rate, row.legal_entity.rounding if row.legal_entity else "half_up"),  # type: ignore[arg-type]
        currency=rate.currency,
    )


def _held(project: Project, keys: Sequence[str]) -> dict[str, Cost]:
    """The current costs of a project, and of work that has come to it from another one."""
    own = Cost.objects.select_for_update(no_key=True).filter(project=project, is_current=True)
    moved = Cost.objects.select_for_update(no_key=True).filter(work_key__in=keys, is_current=True)
    return {cost.work_key: cost for rows in (own, moved) for cost in rows.order_by("pk")}


def _differs(held: Cost, wanted: Cost) -> bool:
    return any(getattr(held, name) != getattr(wanted, name) for name in COMPARED)


def _reverse(costs: Sequence[Cost], caused_by: str) -> None:
    """Take costs out of force. What is posted or on its way is reversed by a row of its own, the rest is not posted."""
    Cost.objects.filter(pk__in=[cost.pk for cost in costs]).update(is_current=False)
    Cost.objects.bulk_create(
        Cost(
            **{name: getattr(cost, name) for name in COMPARED if name != "minutes"},
            work_key=cost.work_key,
            event_id=cost.event_id,
            is_current=False,
            legal_entity_id=cost.legal_entity_id,
            cost_rate_id=cost.cost_rate_id,
            minutes=-cost.minutes,
            amount=-cost.amount,
            reverses=cost,
            caused_by=caused_by,
        )
        for cost in costs
        if cost.posting_id is not None
    )


# -- what has no rate --------------------------------------------------------------------------------------------------


def _sync_case(project: Project, entity: str, missing: _Missing) -> None:
    """The open cases of a project are those its work calls for; they close when a rate covers it."""
    scope = f"costs:{project.code}"
    wanted: dict[Key, cases.CaseIn] = {}
    for (whose, vendor), rows in missing.items():
        hours = sum((row.minutes or Decimal(0) for row in rows), Decimal(0)) / 60
        name = f"{whose} of {vendor}" if vendor else whose
        wanted[CODE, f"{scope}:{name}"] = cases.CaseIn(
            title=f"No cost rate for {name} in {entity}, on {project.code}: {hours.normalize():f} h",
            remedy="Enter the cost rate (Contracts, Cost rates), or load it from the payroll's export.",
            legal_entity=entity,
            subject=("contracts.project", str(project.pk), project.code),
            members=tuple(member(row) for row in rows),
        )
    cases.reconcile_many(codes=[CODE], wanted={scope: wanted}, by=BY)


def member(row: BillableEvent) -> cases.MemberIn:
    """Hours as a member of a case."""
    hours = (row.minutes or Decimal(0)) / 60
    who = row.resource.name if row.resource else row.work_key
    return cases.MemberIn(
        "billing.billableevent", str(row.pk), f"{who} {row.service_date} {hours.normalize():f} h", None, ""
    )
