"""Running sagas: one step per item of work, each in one transaction with its outcome, undone in reverse when one fails.

A crash anywhere rolls the step back and its item is worked again; a step that planned an effect plans the same one.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from integration_hub.cases.actions import cases
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel import failpoints
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.processes import policies
from integration_hub.processes.models import PROCESS_MOVES, Process, Step
from integration_hub.processes.registry import (
    DEFINITIONS,
    AwaitEffect,
    Definition,
    Done,
    NeedsPerson,
    Result,
    StepSpec,
)
from integration_hub.trail import record
from integration_hub.trail.record import Actor
from integration_hub.work.actions import items
from integration_hub.work.registry import Job, Park

KIND = "processes.advance"
STAGE = "ingest"
SUBJECT = "process"
CODE = "PROCESS_FAILED"
OVERDUE = "PROCESS_OVERDUE"
BY = "system:processes"
State = Process.State
FOR_GOOD = {FailureClass.REJECTED, FailureClass.DATA, FailureClass.MAPPING}
FAILED_EFFECT = {Effect.State.REJECTED, Effect.State.CANCELLED, Effect.State.SUPERSEDED, Effect.State.CONFLICT}


# --- what others call ----------------------------------------------------------------------------------------------


@transaction.atomic
def start(
    definition: str, *, business_key: str, label: str, legal_entity: str, data: dict[str, Any], by: Actor
) -> Process:
    """Start a saga for one business key, or return the one that is still open for it.

    `data` (JSON) is what its steps know; they may add to it. Raises LookupError for an unknown definition.
    """
    known = DEFINITIONS.latest(definition)
    rows = Process.objects.filter(definition=known.name, business_key=business_key)
    if (running := rows.exclude(state__in=[State.DONE, State.UNDONE]).first()) is not None:
        return running
    attempt = (rows.aggregate(last=Max("attempt"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            process = _create(known, business_key, attempt, label, legal_entity, data)
    except IntegrityError:  # somebody started it between the look and the write
        return rows.exclude(state__in=[State.DONE, State.UNDONE]).get()
    _event("processes.process.started", process, by, attempt=attempt)
    _go_on(process)
    return process


@transaction.atomic
def resume(process_id: int, *, by: Actor, reason: str = "") -> Process:
    """Try again the step that waits for a person, or the undoing that is stuck. Raises Denied when nothing waits."""
    process = Process.objects.select_for_update(no_key=True).get(pk=process_id)
    policies.can_resume(process, by).or_raise()
    if process.state == State.WAITING:
        _move(process, State.RUNNING)
    _event("processes.process.resumed", process, by, reason)
    _go_on(process)
    return process


@transaction.atomic
def give_up(process_id: int, *, by: Actor, reason: str) -> Process:
    """Stop waiting for a person and undo what was done. Raises Denied."""
    process = Process.objects.select_for_update(no_key=True).get(pk=process_id)
    policies.can_give_up(process, by, reason).or_raise()
    step = _next_step(process)
    if step is not None:
        _mark(step, Step.State.FAILED, reason)
    process.failure = reason
    _move(process, State.COMPENSATING)
    _event("processes.process.given_up", process, by, reason)
    _heal(process, "It was given up and is undone.", OVERDUE)
    _go_on(process)
    return process


# --- the handler ---------------------------------------------------------------------------------------------------


def advance(job: Job) -> None:
    """The handler of `processes.advance`: one step forward or back. Runs in the transaction that settles the item."""
    process = Process.objects.select_for_update(no_key=True).get(pk=job.payload["process"])
    definition = _definition(process)
    failpoints.hit("step_begun")
    if process.state == State.RUNNING:
        _forward(process, definition)
    elif process.state == State.COMPENSATING:
        _backward(process, definition)


def _definition(process: Process) -> Definition:
    """The version the process was started with; without it nothing may go on by another one's steps."""
    found = DEFINITIONS.find(process.definition, process.definition_version)
    if found is None:
        raise Park(
            FailureClass.BUG,
            f"Version {process.definition_version} of {process.definition} is not here any more.",
            remedy="Deploy a release that still has it, then try again.",
        )
    return found


def _forward(process: Process, definition: Definition) -> None:
    step = _next_step(process)
    if step is None:
        _move(process, State.DONE, finished_at=now())
        _event("processes.process.done", process, BY)
        _heal(process, "The process is done.", CODE)
        definition.finished(process)
        return
    try:
        result = _awaited(step) if step.effect_key else _run(process, step, _spec(definition, step).run)
    except Failed as failure:
        if failure.kind not in FOR_GOOD or isinstance(failure, Park):
            raise
        _fail(process, step, failure)
        return
    _take(process, step, result)


def _run(process: Process, step: Step, act: Any) -> Result:
    """Call a step in a savepoint: one that fails for good leaves nothing of its own behind."""
    if step.started_at is None:
        step.started_at = now()
    with transaction.atomic():
        result: Result = act(process)
        failpoints.hit("step_ran")
    process.save(update_fields=["data", "updated_at"])
    return result


def _awaited(step: Step) -> Result:
    """What became of the effect this step waits for: Done, still awaited, or Failed(REJECTED)."""
    effect = Effect.objects.select_related("connection").get(key=step.effect_key)
    if effect.state == Effect.State.CONFIRMED:
        return Done(f"{effect.connection}: {effect.remote_number or effect.remote_id}")
    if effect.state in FAILED_EFFECT:
        said = effect.failure or effect.get_state_display()
        raise Failed(FailureClass.REJECTED, f"{effect.connection} did not take {effect}: {said}")
    return AwaitEffect(step.effect_key, step.detail)


def _take(process: Process, step: Step, result: Result) -> None:
    if isinstance(result, Done):
        _mark(step, Step.State.DONE, result.detail)
        _event("processes.step.done", process, BY, step=step.name, detail=result.detail)
        _heal(process, f"The step {step.name} is done.", OVERDUE)
        _go_on(process)
        failpoints.hit("step_noted")
    elif isinstance(result, NeedsPerson):
        if result.within is not None and step.due_at is None:
            step.due_at = now() + result.within
        _mark(step, Step.State.RUNNING, result.reason)
        _move(process, State.WAITING)
        _event("processes.process.waiting", process, BY, result.reason, step=step.name)
    else:
        _await(process, step, Step.State.RUNNING, result)


def _await(process: Process, step: Step, state: str, result: AwaitEffect) -> None:
    """Wait for an effect; one that is settled already is looked at right away."""
    fresh = step.effect_key != result.effect_key
    step.effect_key = result.effect_key
    _mark(step, state, result.detail)
    settled = [Effect.State.CONFIRMED, *FAILED_EFFECT]
    if fresh and Effect.objects.filter(key=result.effect_key, state__in=settled).exists():
        _go_on(process)


def _fail(process: Process, step: Step, failure: Failed) -> None:
    """A step failed for good: nothing more goes forward, everything before it is undone."""
    _mark(step, Step.State.FAILED, failure.message)
    _withdraw(step)
    process.failure = f"{failure.message} {failure.remedy}".strip()
    _move(process, State.COMPENSATING)
    _event("processes.process.failed", process, BY, failure.message, step=step.name, error_class=failure.kind)
    _go_on(process)


def _withdraw(step: Step) -> None:
    """Nobody may revive the refused effect of a step that is being undone."""
    refused = Effect.objects.filter(
        key=step.effect_key, state__in=[Effect.State.REJECTED, Effect.State.CONFLICT]
    ).first()
    if refused is not None:
        effects.cancel(effect_id=refused.pk, by=BY, reason="Its process is undone")


# --- backwards -----------------------------------------------------------------------------------------------------


def _backward(process: Process, definition: Definition) -> None:
    step = process.steps.filter(state__in=[Step.State.DONE, Step.State.UNDOING]).order_by("-number").first()
    if step is None:
        _move(process, State.UNDONE, finished_at=now())
        _event("processes.process.undone", process, BY, process.failure)
        _heal(process, "Everything was undone.", CODE)
        definition.undone(process, process.failure)
        return
    spec = _spec(definition, step)
    if spec.undo is None:
        _mark(step, Step.State.UNDONE, "Nothing to undo")
        _go_on(process)
        return
    try:
        result = _awaited(step) if step.state == Step.State.UNDOING and step.effect_key else _undo(process, step, spec)
    except Failed as failure:
        if failure.kind not in FOR_GOOD or isinstance(failure, Park):
            raise
        result = NeedsPerson(failure.message)
    _take_back(process, step, result)


def _undo(process: Process, step: Step, spec: StepSpec) -> Result:
    step.effect_key = ""
    return _run(process, step, spec.undo)


def _take_back(process: Process, step: Step, result: Result) -> None:
    if isinstance(result, Done):
        _mark(step, Step.State.UNDONE, result.detail)
        _event("processes.step.undone", process, BY, step=step.name, detail=result.detail)
        _go_on(process)
        failpoints.hit("step_noted")
    elif isinstance(result, NeedsPerson):
        _mark(step, Step.State.UNDOING, result.reason)
        _raise_case(process, f"{step.name} could not be undone: {result.reason}")
    else:
        _await(process, step, Step.State.UNDOING, result)


# --- news of effects, and giving up ---------------------------------------------------------------------------------


def heard(effect: Effect) -> None:
    """An effect that a process asked for was settled: look at the process again, in the same transaction."""
    process = Process.objects.filter(pk=effect.subject_id).first() if effect.subject_id.isdigit() else None
    if process is not None and process.state in (State.RUNNING, State.COMPENSATING):
        _go_on(process)


def parked(job: Job, failure: Failed) -> None:
    """The lane gave a step up: say so. Called in the transaction that parks the item."""
    process = Process.objects.get(pk=job.payload["process"])
    Process.objects.filter(pk=process.pk).update(failure=failure.message, updated_at=now())
    _raise_case(process, failure.message)


def _raise_case(process: Process, detail: str) -> None:
    cases.raise_case(
        code=CODE,
        root_cause=f"process:{process.pk}",
        title=f"{DEFINITIONS.title(process.definition)} is stuck: {process.label}",
        detail=detail,
        remedy="Mend what it names, then try again.",
        legal_entity=process.legal_entity,
        subject=(SUBJECT, process.pk, process.label),
        members=[cases.MemberIn(SUBJECT, str(process.pk), process.label)],
        by=BY,
    )


def _heal(process: Process, because: str, code: str) -> None:
    cases.heal(code=code, root_cause=f"process:{process.pk}", because=because, by=BY)


def escalate_overdue() -> int:
    """The tick: steps a person should have acted on by now; each is escalated once. How many."""
    late = Step.objects.filter(state=Step.State.RUNNING, overdue_at=None, due_at__lt=now())
    late = late.filter(process__state=State.WAITING)
    return sum(_escalate(pk) for pk in list(late.order_by("due_at").values_list("process_id", flat=True)))


@transaction.atomic
def _escalate(process_id: int) -> bool:
    process = Process.objects.select_for_update(no_key=True).get(pk=process_id)
    step = _next_step(process)
    if process.state != State.WAITING or step is None or step.overdue_at or not step.due_at or step.due_at > now():
        return False
    step.overdue_at = now()
    step.save(update_fields=["overdue_at"])
    cases.raise_case(
        code=OVERDUE,
        root_cause=f"process:{process.pk}",
        title=f"{DEFINITIONS.title(process.definition)} waits too long: {process.label}",
        detail=f"Somebody should have acted by {step.due_at:%Y-%m-%d %H:%M} UTC: {step.detail}",
        remedy="Do what it waits for, then try the step again; or give the process up.",
        legal_entity=process.legal_entity,
        subject=(SUBJECT, process.pk, process.label),
        members=[cases.MemberIn(SUBJECT, str(process.pk), process.label)],
        by=BY,
    )
    _event("processes.process.overdue", process, BY, step.detail, step=step.name, due=step.due_at)
    return True


# --- rows ----------------------------------------------------------------------------------------------------------


def _create(
    known: Definition, business_key: str, attempt: int, label: str, legal_entity: str, data: dict[str, Any]
) -> Process:
    process = Process.objects.create(
        definition=known.name,
        definition_version=known.version,
        business_key=business_key,
        attempt=attempt,
        legal_entity=legal_entity,
        label=label[:200],
        data=data,
        correlation_id=record.correlation(),
    )
    Step.objects.bulk_create(
        Step(process=process, number=number, name=spec.name) for number, spec in enumerate(known.steps, start=1)
    )
    return process


def _go_on(process: Process) -> None:
    items.enqueue(
        KIND,
        lane=f"process:{process.pk}",
        stage=STAGE,
        payload={"process": process.pk},
        dedupe="advance",
        legal_entity=process.legal_entity,
        correlation_id=process.correlation_id,
    )


def _next_step(process: Process) -> Step | None:
    return process.steps.filter(state__in=[Step.State.WAITING, Step.State.RUNNING]).order_by("number").first()


def _spec(definition: Definition, step: Step) -> StepSpec:
    for spec in definition.steps:
        if spec.name == step.name:
            return spec
    raise Park(
        FailureClass.BUG, f"{definition.title} has no step {step.name!r} any more.", remedy="Deploy a version that has."
    )


def _mark(step: Step, state: str, detail: str) -> None:
    step.state = state
    step.detail = detail
    if state in (Step.State.DONE, Step.State.FAILED, Step.State.UNDONE):
        step.finished_at = now()
    step.save()


def _move(process: Process, state: str, **changes: Any) -> None:
    PROCESS_MOVES.check(process.state, state)
    process.state = state
    process.version += 1
    for name, value in changes.items():
        setattr(process, name, value)
    process.save()


def _event(action: str, process: Process, by: Actor, reason: str = "", **data: Any) -> None:
    record.event(
        action,
        by=by,
        object_type=SUBJECT,
        object_id=process.pk,
        label=str(process),
        legal_entity=process.legal_entity,
        reason=reason,
        **data,
    )
