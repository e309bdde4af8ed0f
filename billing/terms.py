"""Load what the engine is told: the terms of a contract and its open work, as plain values."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

from django.db.models import Q, QuerySet

from billing import billed
from billing.engine import values
from billing.models import BillableEvent, Hold, Piece
from contracts.models import Contract, ContractLine, RateRow, Task
from contracts.queries import current_version, rate_rows

MINUTES = Decimal(60)


def load(contract: Contract) -> values.Terms:
    """The terms of a contract as we know them now."""
    version = current_version(contract)
    return values.Terms(
        contract_id=contract.pk,
        version=version.number if version else 0,
        currency=contract.currency,
        rounding=contract.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
        status=contract.status,
        signed_on=contract.signed_on,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        lines=tuple(engine_line(line) for line in contract.lines.all()),
        rates=tuple(_rate(row) for row in rate_rows(contract)),
        caps=tuple(
            values.CapTerm(
                id=cap.pk,
                line_id=cap.line_id,
                kind=cast(Any, cap.kind),
                limit=cap.limit,
                used=cap.reserved + cap.committed,
            )
            for cap in contract.caps.order_by("id")
        ),
        eligibility=tuple(
            values.EligibilityRow(
                id=rule.pk,
                kind=cast(Any, rule.kind),
                project_id=rule.project_id,
                task_code=rule.task_code,
                role=rule.role,
                category=rule.category,
                line_id=rule.line_id,
                chargeability=cast(Any, rule.chargeability),
            )
            for rule in contract.eligibility.order_by("id")
        ),
        holds=tuple(
            values.HoldTerm(
                id=hold.pk,
                scope=cast(Any, hold.scope),
                target=hold.target_id,
                code=hold.code,
                effect=cast(Any, hold.effect),
            )
            for hold in holds_on(contract)
        ),
    )


def holds_on(contract: Contract) -> QuerySet[Hold]:
    """Open holds that stop work of this contract, whatever their scope."""
    return Hold.objects.filter(
        Q(contract=contract)
        | Q(scope="contract", target_id=str(contract.pk))
        | Q(scope="customer", target_id=str(contract.customer_id))
        | Q(scope="bill_to", target_id=str(contract.bill_to_id)),
        status=Hold.Status.OPEN,
    ).order_by("id")


def engine_line(line: ContractLine) -> values.Line:
    """A contract line as the engine takes it."""
    return values.Line(
        id=line.pk,
        number=line.number,
        method=cast(values.Method, line.method),
        name=line.name,
        amount=line.amount,
        included_minutes=line.included_hours * MINUTES if line.included_hours is not None else None,
        overage_rate=line.overage_rate,
        unused=cast(Any, line.unused),
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        expense_rule=cast(values.ExpenseRule, line.expense_rule),
        markup_percent=line.markup_percent,
        status=cast(Any, line.status),
    )


def _rate(row: RateRow) -> values.RateRow:
    return values.RateRow(
        id=row.pk,
        scope=cast(values.Scope, row.card.scope),
        role=row.role,
        resource=row.resource,
        item=row.item,
        currency=row.currency,
        unit=cast(values.Unit, row.unit),
        rate=row.rate,
        valid_from=row.validity.lower,
        valid_to=row.validity.upper,
        source=row.source,
    )


def open_work(
    events: Iterable[BillableEvent], *, contract: Contract | None = None, compare: bool = False
) -> list[values.Work]:
    """What there is to decide of a contract's events, as the engine takes it: what is not wholly locked, and posted
    work that moved since, or that went. With `compare` all posted work is looked at, because the prices moved.
    """
    events = list(events)
    took = billed.taken(contract)
    parts = billed.parts(contract, everything=compare) if contract is not None else {}
    cut = _with_open_pieces(contract)
    lines = _lines_of_tasks(events)
    works = []
    for event in events:
        posted = parts.pop(event.work_key, ())
        locked = took.get(event.work_key)
        if posted or locked is None or not _wholly_locked(event, locked, cut):
            works.append(_work(event, locked or billed.Taken(), lines, posted))
    from_versions = billed.events_of(parts.values())
    for key, posted in parts.items():
        event = from_versions[posted[0].event_id]
        works.append(_work(event, took.get(key, billed.Taken()), lines, posted, withdrawn=True))
    return works


def _lines_of_tasks(events: list[BillableEvent]) -> dict[tuple[int, str], int]:
    """The contract line that tasks name, by project and task code."""
    projects = {event.project_id for event in events if event.project_id and event.task_code}
    rows = Task.objects.filter(project__in=projects, line__isnull=False)
    return {(project, code): line for project, code, line in rows.values_list("project_id", "code", "line_id") if line}


def _with_open_pieces(contract: Contract | None) -> set[int]:
    """Events with pieces that are not locked: what a cap cut off, or what waits."""
    rows = Piece.objects.filter(contract=contract, is_current=True, state=Piece.State.OVER_CAP)
    return set(rows.values_list("event_id", flat=True)) if contract is not None else set()


def _wholly_locked(event: BillableEvent, locked: billed.Taken, cut: set[int]) -> bool:
    if event.minutes is not None:
        return locked.minutes >= event.minutes
    # An amount that a cap cut keeps an over-cap piece; without one, everything of it is locked.
    return event.pk not in cut and locked.pieces > 0


def _work(
    event: BillableEvent,
    locked: billed.Taken,
    lines: Mapping[tuple[int, str], int],
    posted: tuple[values.BilledPart, ...],
    *,
    withdrawn: bool = False,
) -> values.Work:
    return values.Work(
        event_id=event.pk,
        work_key=event.work_key,
        kind=event.kind,  # type: ignore[arg-type]  # choices are the same words
        service_date=event.service_date,
        start_order=event.pk,
        project_id=event.project_id,
        line_id=event.line_id or lines.get((event.project_id or 0, event.task_code)),
        milestone_id=event.milestone_id,
        resource=event.resource.code if event.resource else "",
        role=event.role,
        resource_default_role=event.resource.role if event.resource else "",
        task_code=event.task_code,
        category=event.category,
        minutes=event.minutes,
        amount=event.amount,
        currency=event.currency,
        approval=event.approval,  # type: ignore[arg-type]  # choices are the same words
        chargeable=event.chargeable,
        evidence=event.has_evidence,
        locked_minutes=locked.minutes,
        locked_amount=locked.amount,
        billed=posted,
        withdrawn=withdrawn,
    )
