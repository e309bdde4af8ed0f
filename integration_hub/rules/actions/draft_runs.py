"""Run a draft over stored decisions: asked for by a person, worked by a lane a unit at a time, stopped by a person."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.failures import Failed
from integration_hub.kernel.ids import content_hash
from integration_hub.people.models import User
from integration_hub.rules import policies, queries
from integration_hub.rules.history import Document, Found, Otherwise
from integration_hub.rules.language import BadCondition
from integration_hub.rules.models import DRAFT_RUN_MOVES, DecisionTable, DraftRun, DraftRunDecision, DraftRunDocument
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import History, Table
from integration_hub.trail.record import Actor, event
from integration_hub.work.actions import items
from integration_hub.work.registry import Job, Superseded, Wait

KIND = "rules.draft_run"
BY = "system:rules"
OBJECT = "hub_rules.draftrun"
TURN_SECONDS = 20.0
"""After this time a run goes on in a further item: a long one must not outlive its lease."""
LISTED = 2000
"""Decisions that are named one by one; all are counted, and all are in the documents."""
State = DraftRun.State


@transaction.atomic
def start(*, table_id: int, legal_entity: str, first: date, last: date, by: User) -> DraftRun:
    """Have a draft run over the decisions of a legal entity about the days from `first` to `last`.

    Raises Denied, BadInput, or NotReady where the kind has no history, other rules would decide, or a run goes on.
    """
    table = DecisionTable.objects.select_for_update(no_key=True).get(pk=table_id)
    policies.can_run_draft(table, by, legal_entity).or_raise()
    if first > last:
        raise BadInput(str(table), [Problem("last", f"{last} is before {first}.", "Choose a later day.")])
    history_of(table)
    if not table.legal_entity and queries.table_for(table.kind, legal_entity).legal_entity:
        raise NotReady(f"{legal_entity} has rules of its own in force: this draft would not decide there.")
    compiled(table)
    try:
        with transaction.atomic():
            run = DraftRun.objects.create(
                table=table, legal_entity=legal_entity, first=first, last=last, started_by=by,
                rules_digest=queries.rules_digest(table),
            )  # fmt: skip
    except IntegrityError as error:
        raise NotReady("A run of this draft is still going on. Wait until it is done, or stop it.") from error
    _tell("started", run, by, first=first, last=last)
    _go_on(run)
    return run


def history_of(table: DecisionTable) -> History:
    """How the kind of a table decides its past again. Raises NotReady where it cannot."""
    history = KINDS.get(table.kind).history
    if history is None:
        raise NotReady("What this table decided before cannot be decided again: too little of it is stored.")
    return history


def compiled(table: DecisionTable) -> Table:
    """The rules of a draft. Raises NotReady where one cannot be read."""
    try:
        return queries.compiled(table)
    except BadCondition as error:
        raise NotReady(f"A rule of this draft cannot be read: {error}") from error


@transaction.atomic
def stop(*, run_id: int, by: User, reason: str) -> DraftRun:
    """Ask a run to stop after the unit it is at; what it found is kept, marked as not whole. Raises Denied."""
    run = DraftRun.objects.select_for_update(of=("self",), no_key=True).select_related("table").get(pk=run_id)
    policies.can_stop_run(run, by).or_raise()
    run.stop_asked_by = by.username
    run.save(update_fields=["stop_asked_by"])
    _tell("stop_asked", run, by, reason=reason)
    _go_on(run)  # Whoever works it looks between units; a run whose worker died is closed by this item.
    return run


def _go_on(run: DraftRun) -> None:
    items.enqueue(
        KIND, lane=f"draft-run:{run.table_id}", stage="bulk", payload={"run": run.pk}, legal_entity=run.legal_entity
    )


def work(job: Job) -> None:
    """The handler: go on as long as one turn of the lane lasts; the rest comes in further turns."""
    run = perform(run_id=job.payload["run"], seconds=TURN_SECONDS)
    if run is not None and run.state == State.RUNNING:
        _go_on(run)


def parked(job: Job, failure: Failed) -> None:
    """No try is left: the run has failed, and another can be started."""
    run = DraftRun.objects.select_for_update(of=("self",), no_key=True).select_related("table")
    for row in run.filter(pk=job.payload["run"], state=State.RUNNING):
        _close(row, State.FAILED, error=str(failure))


def perform(*, run_id: int, seconds: float | None = None) -> DraftRun | None:
    """Go through the units behind the last one until all are done, `seconds` are over, or a person stopped it.

    None where the draft was discarded meanwhile. Raises Wait while somebody works on the unit it is at, and Superseded
    when another worker went on with the run.
    """
    deadline = None if seconds is None else monotonic() + seconds
    run = _found(run_id)
    if run is None:
        return None
    table, history = compiled(run.table), history_of(run.table)
    if run.units_total is None:
        DraftRun.objects.filter(pk=run_id, units_total=None).update(units_total=history.count(run.period))
    while run is not None and run.state == State.RUNNING:
        if queries.rules_digest(run.table) != run.rules_digest:
            return _close(run, State.STOPPED, error="The draft was edited while it ran.")
        unit = None if run.stop_asked_by else history.following(run.period, run.after_unit)
        if unit is None:
            return _close(run, State.STOPPED if run.stop_asked_by else State.DONE)
        try:
            found = history.examine(unit, run.period, table)
        except NotReady as busy:
            raise Wait(str(busy)) from busy
        _keep(run, unit, found)
        run = _found(run_id)
        if deadline is not None and monotonic() > deadline:
            break
    return run


def _found(run_id: int) -> DraftRun | None:
    return DraftRun.objects.select_related("table", "started_by").filter(pk=run_id).first()


@transaction.atomic
def _keep(run: DraftRun, unit: int, found: Found) -> None:
    """Store what a unit gave, once: the run moves behind it in the same transaction."""
    here = DraftRun.objects.filter(pk=run.pk, state=State.RUNNING, after_unit=run.after_unit)
    moved = here.update(
        after_unit=unit,
        units_done=F("units_done") + 1,
        examined=F("examined") + found.examined,
        changed=F("changed") + found.changed,
        undecidable=dict(Counter(run.undecidable) + Counter(found.undecidable)),
        digest=content_hash([run.digest, unit, found.digest]),
    )
    if not moved:
        raise Superseded(f"Draft run {run.pk} went on, or was closed, by another worker meanwhile.")
    DraftRunDocument.objects.bulk_create(_documents(run, found.documents))
    DraftRunDecision.objects.bulk_create(_decisions(run, found.decisions[: max(0, LISTED - run.changed)]))


def _documents(run: DraftRun, rows: Iterable[Document]) -> list[DraftRunDocument]:
    return [
        DraftRunDocument(
            run=run, subject_type=row.subject[0], subject_id=row.subject[1], label=row.label[:240],
            customer=row.customer[:200], currency=row.currency, before=row.before, after=row.after,
            decisions=row.decisions,
        )
        for row in rows
    ]  # fmt: skip


def _decisions(run: DraftRun, rows: Iterable[Otherwise]) -> list[DraftRunDecision]:
    return [
        DraftRunDecision(
            run=run, subject_type=row.subject[0], subject_id=row.subject[1], label=row.label[:240], was=row.was[:200],
            would_be=row.would_be[:200], currency=row.currency, before=row.before, after=row.after,
        )
        for row in rows
    ]  # fmt: skip


@transaction.atomic
def _close(run: DraftRun, state: str, *, error: str = "") -> DraftRun:
    """End a run, unless somebody closed it meanwhile."""
    DRAFT_RUN_MOVES.check(run.state, state)
    changes = {"state": state, "finished_at": now(), "error": error}
    if DraftRun.objects.filter(pk=run.pk, state=State.RUNNING).update(**changes):
        reason = f"Stopped by {run.stop_asked_by}" if run.stop_asked_by and not error else error
        _tell(state, run, BY, reason=reason, examined=run.examined, changed=run.changed,
              undecidable=run.not_decidable, digest=run.digest)  # fmt: skip
    run.refresh_from_db()
    return run


def _tell(verb: str, run: DraftRun, by: Actor, reason: str = "", **data: Any) -> None:
    event(
        f"rules.draft_run.{verb}",
        by=by,
        object_type=OBJECT,
        object_id=run.pk,
        label=str(run),
        legal_entity=run.legal_entity,
        reason=reason,
        table=run.table_id,
        **data,
    )
