"""Billing runs: what falls due becomes work, billable work becomes candidates (billing.md R22)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, Sum

from billing import policies
from billing.actions import candidates, decisions, schedules
from billing.actions.holds import entity_of
from billing.models import BillingRun, Piece
from contracts.models import Contract, LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.people.models import User
from integration_hub.trail.record import event
from integration_hub.work.actions import items

BILLED_STATES = ("active", "suspended", "completed", "terminated")


@transaction.atomic
def start(*, legal_entity: str, through: date, invoice_date: date, by: User) -> BillingRun:
    """Start building candidates for one legal entity. One run at a time per entity: the database says so."""
    entity = entity_of(legal_entity)
    policies.can_start_run(by, entity.code).or_raise()
    if invoice_date < through:
        raise BadInput(
            f"Billing run {entity.code}",
            [
                Problem(
                    "invoice_date", f"{invoice_date} is before the last service date {through}.", "Date it on or after."
                )
            ],
        )
    try:
        with transaction.atomic():
            run = BillingRun.objects.create(
                legal_entity=entity, through=through, invoice_date=invoice_date, started_by=by
            )
    except IntegrityError as error:
        raise NotReady(f"A billing run of {entity.code} is still going on. Wait until it is done.") from error
    event(
        "billing.run.started",
        by=by,
        object_type="billing.billingrun",
        object_id=run.pk,
        label=str(run),
        legal_entity=entity.code,
        through=through,
        invoice_date=invoice_date,
    )
    items.enqueue(
        "billing.run",
        lane=f"billing-run:{entity.code}",
        stage="ingest",
        payload={"run": run.pk},
        legal_entity=entity.code,
    )
    return run


@transaction.atomic
def build(*, run_id: int) -> BillingRun:
    """Do the run: schedules due, decisions fresh, candidates built, control totals stored."""
    run = (
        BillingRun.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "started_by")
        .get(pk=run_id)
    )
    if run.state != BillingRun.State.RUNNING:
        return run
    contracts = Contract.objects.filter(legal_entity=run.legal_entity, status__in=BILLED_STATES).order_by("pk")
    for row in contracts:
        # The contract's row first: whoever decides its work or takes work out of its candidates waits here.
        contract = (
            Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity").get(pk=row.pk)
        )
        candidates.clear(contract=contract, because=f"Rebuilt by run {run.pk}")
        schedules.raise_due(contract=contract, through=run.through)
        decisions.decide_contract(contract_id=contract.pk, caused_by=f"billing run {run.pk}")
        candidates.build(contract=contract, run=run)
    run.state = BillingRun.State.DONE
    run.finished_at = now()
    run.control_totals = totals(run.legal_entity, run.through)
    run.save()
    event(
        "billing.run.finished",
        by=run.started_by,
        object_type="billing.billingrun",
        object_id=run.pk,
        label=str(run),
        legal_entity=run.legal_entity.code,
        totals=run.control_totals,
    )
    return run


def fail(*, run_id: int, error: str) -> None:
    """Close a run that could not be done, so that another can start."""
    BillingRun.objects.filter(pk=run_id, state=BillingRun.State.RUNNING).update(
        state=BillingRun.State.FAILED, finished_at=now(), error=error
    )


def totals(entity: LegalEntity, through: date) -> dict[str, dict[str, str]]:
    """Control totals per currency: billable work, in candidates, carried, and the difference that must be 0."""
    pieces = Piece.objects.filter(
        legal_entity=entity, is_current=True, event__service_date__lte=through, amount__isnull=False
    )
    rows = (
        pieces.exclude(state__in=["included", "non_billable", "blocked", "held", "over_cap"])
        .values("currency")
        .annotate(
            value=Sum("amount"),
            reserved=Sum("amount", filter=Q(state="reserved")),
            posted=Sum("amount", filter=Q(state__in=["posted", "corrected"])),
            carried=Sum("amount", filter=Q(state__in=["billable", "postponed", "written_off"])),
            count=Count("id"),
        )
        .order_by("currency")
    )
    return {row["currency"]: _total(row) for row in rows}


def _total(row: Mapping[str, Any]) -> dict[str, str]:
    parts = {name: row[name] or Decimal(0) for name in ("value", "reserved", "posted", "carried")}
    difference = parts["value"] - parts["reserved"] - parts["posted"] - parts["carried"]
    return {
        "count": str(row["count"]),
        "difference": f"{difference:f}",
        **{name: f"{value:f}" for name, value in parts.items()},
    }
