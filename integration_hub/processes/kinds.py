"""The exception of processes: one is stuck."""

from django.db import transaction

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.people.models import Role
from integration_hub.processes import engine
from integration_hub.processes.models import Process, Step
from integration_hub.work.actions import items
from integration_hub.work.models import Item

CODE = engine.CODE


def _process(root_cause: str) -> Process | None:
    """The process of `process:<id>`; a root cause `<definition>:<business key>` is about what was undone."""
    kind, _, key = root_cause.partition(":")
    return Process.objects.filter(pk=key).first() if kind == "process" else None


def _still_stuck(root_cause: str) -> bool:
    process = _process(root_cause)
    if process is not None:
        return process.state not in (Process.State.DONE, Process.State.UNDONE)
    definition, _, key = root_cause.partition(":")
    last = Process.objects.filter(definition=definition, business_key=key).order_by("pk").last()
    return last is not None and last.state != Process.State.DONE


def _still_waits(root_cause: str) -> bool:
    process = _process(root_cause)
    return process is not None and process.state == Process.State.WAITING


@transaction.atomic
def _retry(root_cause: str) -> int:
    """Work the parked step again, or the refused effect of a step that is being undone."""
    process = _process(root_cause)
    if process is None or not _still_stuck(root_cause):
        return 0
    parked = Item.objects.filter(lane__key=f"process:{process.pk}", state=Item.State.PARKED).order_by("pk").first()
    if parked is not None:
        items.retry(item_id=parked.pk, by=engine.BY, reason="Retried from its case")
        return 1
    keys = process.steps.filter(state=Step.State.UNDOING).exclude(effect_key="").values_list("effect_key", flat=True)
    refused = Effect.objects.filter(key__in=list(keys), state=Effect.State.REJECTED).first()
    if refused is not None:
        effects.retry(effect_id=refused.pk, by=engine.BY, reason="Retried from its case")
        return 1
    engine.resume(process.pk, by=engine.BY, reason="Retried from its case")
    return 1


def register() -> None:
    """Fill the registry; called once by the app."""
    kind = CaseKind(
        code=CODE,
        title="A process is stuck",
        owner_role=str(Role.INTEGRATION_ADMIN),
        severity=2,
        closes_when="the process is done or fully undone",
        suggestions=(Suggestion("Mend what it names and try again"),),
        still_holds=_still_stuck,
        retry=_retry,
    )
    KINDS.register(CODE, kind)
    overdue = CaseKind(
        code=engine.OVERDUE,
        title="A process waits too long for a person",
        owner_role=str(Role.PMO),
        severity=1,
        closes_when="the step goes on, or the process is given up",
        suggestions=(Suggestion("Do what it waits for and try the step again"), Suggestion("Give it up")),
        still_holds=_still_waits,
    )
    KINDS.register(overdue.code, overdue)
