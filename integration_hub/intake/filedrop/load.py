"""Loading a file: page by page, each page one transaction with the totals, so that a crash goes on where it stood."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from integration_hub.cases.actions import cases
from integration_hub.connectors.models import Connection
from integration_hub.intake import pipeline, poll, troubles
from integration_hub.intake.filedrop import manifest, reading
from integration_hub.intake.filedrop.bank import kept
from integration_hub.intake.models import FILE_MOVES, Feed, FileDrop, Run, SourceVersion
from integration_hub.intake.work import BROKEN_ROW
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem, ThroughlineError
from integration_hub.mapping.compile import Compiled
from integration_hub.trail.record import event
from integration_hub.work.actions import items
from integration_hub.work.registry import Job, Wait

logger = logging.getLogger(__name__)

LOAD = "intake.file"
BY = "system:intake"
PAGE = 2000
BUDGET_SECONDS = 20.0
Progress = Callable[[int], object]


class Overtaken(ThroughlineError):
    """Somebody else loads the same run: both going on would count its rows twice."""

    def __init__(self, drop: FileDrop) -> None:
        super().__init__(f"{drop.name} is being loaded by somebody else right now. Look at its run.")


def lane(drop: FileDrop) -> str:
    """One lane per connection: its files are loaded one after the other, in the order they were applied."""
    return f"file:{drop.connection.code}"


def enqueue(run: Run) -> None:
    """Have a run loaded by the bulk stage; a backfill must not starve billing."""
    drop = run.file
    if drop is not None:
        items.enqueue(LOAD, lane=lane(drop), stage="bulk", payload={"run": run.pk}, dedupe=f"file:{drop.pk}")


def load_job(job: Job) -> None:
    """Load for a while. The rest keeps its place in the lane: a later file may point to what is still to come."""
    run = Run.objects.select_related("file__connection", "feed__connection").get(pk=job.payload["run"])
    if run.state != Run.State.RUNNING:
        return
    try:
        finished = load(run, budget=BUDGET_SECONDS)
    except Overtaken:
        logger.info("run %s is loaded elsewhere", run.pk)
        return
    if not finished:
        raise Wait("The file is long: others had a turn.", timedelta(0))


def load(run: Run, *, budget: float | None = None, progress: Progress | None = None) -> bool:
    """Load the file of a run, on from what it has read already; False when the budget is used up before the end.

    What is wrong with the file as a whole refuses it; what is wrong with a row refuses the row.
    """
    drop = run.file
    if drop is None:
        raise ValueError(f"Run {run.pk} has no file.")
    try:
        finished = _load(run, drop, budget, progress)
    except (OperationalError, InterfaceError, Overtaken):
        raise  # Our own database, or somebody else: tried again, from the last page.
    except (BadInput, NotReady) as error:
        refuse(drop, run, str(error))
        return True
    except Exception as error:
        logger.exception("loading %s failed", drop)
        refuse(drop, run, f"{type(error).__name__}: {error}. Report it to the developers.")
        return True
    if finished:
        _finish(run, drop)
    return finished


def _load(run: Run, drop: FileDrop, budget: float | None, progress: Progress | None) -> bool:
    table, compiled = reading.open_drop(drop, reading.published(drop))
    with transaction.atomic():
        kept.keep(drop, table.statements)
    told = manifest.read(drop.name, drop.manifest)
    sums = manifest.Sums(compiled, table.columns, told, run.control_totals.get("sums", {}))
    deadline = None if budget is None else monotonic() + budget
    done = run.read
    for page in _pages(reading.records(drop, table, compiled), skip=done):
        _take(run, drop, page, compiled, sums, expected=done)
        done += len(page)
        if progress is not None:
            progress(done)
        if deadline is not None and monotonic() > deadline:
            return False
    return True


def _pages(rows: Iterator[reading.Read], *, skip: int) -> Iterator[list[reading.Read]]:
    """Pages after what was read before. Skipped rows are still seen, so that an id that comes twice is found."""
    page: list[reading.Read] = []
    for index, row in enumerate(rows):
        if index < skip:
            continue
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _take(
    run: Run, drop: FileDrop, page: list[reading.Read], compiled: Compiled, sums: manifest.Sums, *, expected: int
) -> None:
    for row in page:
        sums.add(row.values)
    with transaction.atomic():
        state, read = Run.objects.select_for_update(no_key=True).values_list("state", "read").get(pk=run.pk)
        if read != expected or state != Run.State.RUNNING:
            raise Overtaken(drop)
        pipeline.ingest(
            drop.connection,
            drop.entity,
            [row.record for row in page],
            run,
            compiled,
            rows=[row.number for row in page],
            digests=[row.digest for row in page],
            broken={index: row.problems for index, row in enumerate(page) if row.problems},
        )
        run.control_totals = {**run.control_totals, "sums": sums.as_text()}
        Run.objects.filter(pk=run.pk).update(control_totals=run.control_totals)


@transaction.atomic
def _finish(run: Run, drop: FileDrop) -> None:
    run.refresh_from_db()
    told = manifest.read(drop.name, drop.manifest)
    problems = manifest.differences(told, run.read, run.control_totals.get("sums", {}))
    run.control_totals = {**run.control_totals, "problems": [_plain(problem) for problem in problems]}
    run.save(update_fields=["control_totals"])
    error = " ".join(str(problem) for problem in problems)
    poll.finish(run, Run.State.DONE, error=error, error_class="data" if error else "")
    Feed.objects.filter(pk=run.feed_id).update(
        last_ok_at=now(), last_error=error, last_error_class="", failures_in_row=0
    )
    _move(drop, FileDrop.State.APPLIED, "")
    _retire_broken(drop)
    cases.heal(code="FILE_REFUSED", root_cause=_cause(drop), because="A readable file of this name was loaded.", by=BY)
    _tell_totals(drop, error)


def _plain(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "message": problem.message, "remedy": problem.remedy}


def _tell_totals(drop: FileDrop, error: str) -> None:
    if not error:
        cases.heal(code="CONTROL_TOTAL", root_cause=_cause(drop), because="The totals of the file agree.", by=BY)
        return
    cases.raise_case(
        code="CONTROL_TOTAL",
        root_cause=_cause(drop),
        title=f"{drop.name}: the file does not add up to its manifest",
        detail=error,
        remedy="Look at the error report of the file; ask its sender for the file again.",
        subject=("file", str(drop.pk), drop.name),
        members=[cases.MemberIn("file", str(drop.pk), drop.name)],
        by=BY,
    )


def _retire_broken(drop: FileDrop) -> None:
    """Rows of earlier files of this name that could not even be read: this file came in their place."""
    old = SourceVersion.objects.filter(
        connection=drop.connection,
        entity=drop.entity,
        status=SourceVersion.Status.REFUSED,
        payload__has_key=BROKEN_ROW,
        run__file__name=drop.name,
    ).exclude(source_id__startswith=drop.sha256[:12])
    # Asked once and written by id: looked for again row by row, they take minutes in a table that has just been filled.
    broken = list(old.values_list("pk", "case_code", "root_cause"))
    gone = SourceVersion.objects.filter(pk__in=[pk for pk, _, _ in broken])
    gone.update(status=SourceVersion.Status.STALE, case_code="", root_cause="")
    causes = {(code, cause) for _, code, cause in broken}
    troubles.bring_up_to_date(drop.connection, drop.entity, causes)


@transaction.atomic
def refuse(drop: FileDrop, run: Run | None, problem: str) -> None:
    """The file cannot be loaded as it is: said on the file, on its run and in a case."""
    if run is not None:
        poll.finish(run, Run.State.FAILED, error=problem, error_class="data")
    _move(drop, FileDrop.State.REFUSED, problem)
    subject = ("file", str(drop.pk), drop.name)
    raise_refused(drop.connection, drop.entity, drop.name, problem, subject=subject)


def raise_refused(
    connection: Connection, entity: str, name: str, problem: str, *, subject: tuple[str, str, str]
) -> None:
    """One case per file name: a readable file of the same name heals it."""
    cases.raise_case(
        code="FILE_REFUSED",
        root_cause=f"{connection.code}:{entity}:{name}"[:200],
        title=f"{connection}: {name} was refused"[:250],
        detail=problem,
        remedy="Correct the file or its mapping, and drop it again.",
        subject=subject,
        members=[cases.MemberIn(subject[0], subject[1], name)],
        by=BY,
    )


def _move(drop: FileDrop, state: str, problem: str) -> None:
    if drop.state != state:
        FILE_MOVES.check(drop.state, state)
    changes: dict[str, Any] = {"state": state, "problem": problem}
    if state == FileDrop.State.APPLIED:
        changes["applied_at"] = now()
    FileDrop.objects.filter(pk=drop.pk).update(**changes)
    drop.state, drop.problem = state, problem
    event(
        f"intake.file.{state}",
        by=BY,
        object_type="file",
        object_id=drop.pk,
        label=drop.name,
        reason=problem,
        connection=drop.connection.code,
        entity=drop.entity,
        sha256=drop.sha256,
    )


def _cause(drop: FileDrop) -> str:
    return f"{drop.connection.code}:{drop.entity}:{drop.name}"[:200]
