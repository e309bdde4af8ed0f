"""Billing runs: what falls due becomes work, billable work becomes candidates (billing.md R22)."""

import logging
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from time import monotonic
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Count, F, Q, QuerySet, Sum

from billing import policies
from billing.actions import candidates, commitments, decisions, prepaid, schedules
from billing.models import BillingRun, Piece
from contracts.models import Contract, LegalEntity
from contracts.queries import entity_of
from integration_hub.cases.actions import cases
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.people.models import User
from integration_hub.trail.record import event
from integration_hub.work.actions import items
from integration_hub.work.registry import Superseded

logger = logging.getLogger(__name__)

BY = "system:billing"
LEFT_OUT = "RUN_LEFT_OUT"
BILLED_STATES = ("active", "suspended", "completed", "terminated")
TURN_SECONDS = 20.0
"""After this time a run goes on in a further item: a long one must not outlive its lease."""


@transaction.atomic
def start(*, legal_entity: str, through: date, invoice_date: date, by: User) -> BillingRun:
    """Start building candidates for one legal entity. One run at a time per entity: the database says so."""
    entity = entity_of(legal_entity, record="Billing run")
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
    _tell("started", run, by=by, through=through, invoice_date=invoice_date)
    _go_on(run)
    return run


def _tell(what: str, run: BillingRun, *, by: User, **more: Any) -> None:
    event(
        f"billing.run.{what}",
        by=by,
        object_type="billing.billingrun",
        object_id=run.pk,
        label=str(run),
        legal_entity=run.legal_entity.code,
        **more,
    )


@transaction.atomic
def stop(*, run_id: int, by: User, reason: str) -> BillingRun:
    """Ask a run to stop after the contract it is at: what is built stands. Raises Denied when it does not go on."""
    run = BillingRun.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity").get(pk=run_id)
    policies.can_stop_run(run, by).or_raise()
    run.stop_asked_by = by.username
    run.save(update_fields=["stop_asked_by"])
    _tell("stop_asked", run, by=by, reason=reason, built=run.contracts_done)
    _go_on(run)  # Whoever builds it looks between contracts; a run whose worker died is closed by this item.
    return run


def _go_on(run: BillingRun) -> None:
    items.enqueue(
        "billing.run",
        lane=f"billing-run:{run.legal_entity.code}",
        stage="ingest",
        payload={"run": run.pk},
        legal_entity=run.legal_entity.code,
    )


def work(*, run_id: int) -> None:
    """Go on with a run as long as one turn of its lane lasts; the rest comes in further turns."""
    run = build(run_id=run_id, seconds=TURN_SECONDS)
    if run.state == BillingRun.State.RUNNING:
        _go_on(run)


def build(*, run_id: int, seconds: float | None = None) -> BillingRun:
    """Do the run, a contract per transaction: schedules due, decisions fresh, candidates built; at its end the totals.

    It goes on behind the last contract it built, and stops there when `seconds` are over (the run is then still
    running) or a person asked. A contract that cannot be built is left out, with a case; the others go on.
    """
    deadline = None if seconds is None else monotonic() + seconds
    run = _found(run_id)
    if run.state == BillingRun.State.RUNNING and run.contracts_total is None:
        run.contracts_total = _wanted(run).count()
        run.save(update_fields=["contracts_total"])
    while run.state == BillingRun.State.RUNNING:
        contract = None if run.stop_asked_by else _wanted(run).filter(pk__gt=run.after_contract).first()
        if contract is None:
            return _close(run, BillingRun.State.STOPPED if run.stop_asked_by else BillingRun.State.DONE)
        _take(run, contract)
        run = _found(run_id)
        if deadline is not None and monotonic() > deadline:
            break
    return run


def _found(run_id: int) -> BillingRun:
    return BillingRun.objects.select_related("legal_entity", "started_by").get(pk=run_id)


def _wanted(run: BillingRun) -> QuerySet[Contract]:
    return Contract.objects.filter(legal_entity=run.legal_entity, status__in=BILLED_STATES).order_by("pk")


def _take(run: BillingRun, contract: Contract) -> None:
    """Build one contract, or leave it out and say so; what the database refuses for a moment is tried again later."""
    try:
        with transaction.atomic():
            _build_contract(run, contract.pk)
            cases.heal(code=LEFT_OUT, root_cause=_key(contract), because=f"Built by run {run.pk}", by=BY)
            _step(run, contract)
    except (OperationalError, InterfaceError, Superseded):
        raise
    except Exception as error:
        logger.exception("contract %s is left out of billing run %s", contract.number, run.pk)
        with transaction.atomic():
            _leave_out(run, contract, f"{type(error).__name__}: {error}"[:1000])


def _build_contract(run: BillingRun, contract_id: int) -> None:
    # The contract's row first: whoever decides its work or takes work out of its candidates waits here.
    rows = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    contract = rows.get(pk=contract_id)
    if not _here(run).exists():
        raise _superseded(run, contract)
    rebuild(contract=contract, run=run)


def rebuild(*, contract: Contract, run: BillingRun) -> None:
    """What a run does with one contract, whose row the caller holds."""
    candidates.clear(contract=contract, because=f"Rebuilt by run {run.pk}")
    schedules.raise_due(contract=contract, through=run.through)
    prepaid.expire(contract=contract, on=run.invoice_date)
    prepaid.top_up_due(contract=contract, through=run.through)
    decisions.decide_contract(contract_id=contract.pk, caused_by=f"billing run {run.pk}")
    promised = commitments.of_contract(contract)
    if promised and commitments.settle(contract=contract, lines=promised, through=run.through):
        decisions.decide_contract(contract_id=contract.pk, caused_by=f"true-up by billing run {run.pk}")
    candidates.build(contract=contract, run=run)


def _here(run: BillingRun) -> QuerySet[BillingRun]:
    """The run, as long as nobody else went on with it or closed it."""
    return BillingRun.objects.filter(pk=run.pk, state=BillingRun.State.RUNNING, after_contract=run.after_contract)


def _step(run: BillingRun, contract: Contract, **more: Any) -> None:
    """Note that a contract is dealt with. Raises Superseded when another worker did so, or the run is closed."""
    if not _here(run).update(after_contract=contract.pk, contracts_done=F("contracts_done") + 1, **more):
        raise _superseded(run, contract)


def _superseded(run: BillingRun, contract: Contract) -> Superseded:
    return Superseded(f"Contract {contract.number} of billing run {run.pk} was built by another worker meanwhile.")


def _leave_out(run: BillingRun, contract: Contract, error: str) -> None:
    """Its work stays billable and the next run takes it; until then a case keeps it from being forgotten."""
    _step(run, contract, contracts_left_out=F("contracts_left_out") + 1)
    waiting = Piece.objects.filter(contract=contract, is_current=True, state=Piece.State.BILLABLE)
    cases.raise_case(
        code=LEFT_OUT,
        root_cause=_key(contract),
        title=f"{contract.number}: left out of a billing run",
        detail=f"Run {run.pk} through {run.through} could not build it. {error}",
        remedy="Mend what the error names, then start the run of this legal entity again.",
        legal_entity=run.legal_entity.code,
        subject=("contracts.contract", str(contract.pk), contract.number),
        members=[
            cases.MemberIn(
                "contracts.contract",
                str(contract.pk),
                contract.number,
                waiting.aggregate(total=Sum("amount"))["total"],
                contract.currency,
                "net",
            )
        ],
        by=BY,
    )


def _key(contract: Contract) -> str:
    return f"contract:{contract.number}"


@transaction.atomic
def _close(run: BillingRun, state: str) -> BillingRun:
    """End a run with its control totals, unless somebody closed it meanwhile."""
    changes = {"state": state, "finished_at": now(), "control_totals": totals(run.legal_entity, run.through)}
    if BillingRun.objects.filter(pk=run.pk, state=BillingRun.State.RUNNING).update(**changes):
        _tell(
            "finished" if state == BillingRun.State.DONE else "stopped",
            run,
            by=run.started_by,
            reason=f"Stopped by {run.stop_asked_by}" if run.stop_asked_by else "",
            totals=changes["control_totals"],
            built=run.contracts_done,
            left_out=run.contracts_left_out,
        )
    return _found(run.pk)


def fail(*, run_id: int, error: str) -> None:
    """Close a run that could not go on, so that another can start. What it built stands."""
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
