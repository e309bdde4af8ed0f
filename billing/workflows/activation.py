"""Activation: a signed contract becomes a project, a job, a billing schedule and a revenue plan, or nothing at all."""

from collections.abc import Collection

from django.db import transaction

from billing import policies
from billing.actions import work
from billing.workflows import activation_steps as steps
from billing.workflows.agreements import BY, NAME, lacking
from contracts import events
from contracts.models import CONTRACT_MOVES, Contract, Project
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Stale
from integration_hub.people.models import User
from integration_hub.processes import engine
from integration_hub.processes.models import Process
from integration_hub.processes.registry import Definition, StepSpec
from integration_hub.trail.record import Actor, event


def consider(*, contract_id: int) -> Process | None:
    """Start activation when a contract is signed, won and complete; do nothing otherwise. Safe to call any time.

    One under way is undone when its contract was terminated meanwhile.
    """
    contract = Contract.objects.select_related("opportunity", "legal_entity").get(pk=contract_id)
    if contract.status == Contract.Status.TERMINATED:
        for waiting in Process.objects.filter(
            definition=NAME, business_key=contract.number, state=Process.State.WAITING
        ):
            engine.resume(waiting.pk, by=BY, reason=steps.TERMINATED)  # its step finds out, as those that run do
    if contract.status != Contract.Status.SIGNED or lacking(contract):
        return None
    if (
        Process.objects.filter(definition=NAME, business_key=contract.number)
        .exclude(state=Process.State.UNDONE)
        .exists()
    ):
        return None
    if Process.objects.filter(definition=NAME, business_key=contract.number, state=Process.State.UNDONE).exists():
        return None  # undone for good: a person starts it again from the case
    return _start(contract, BY)


@transaction.atomic
def restart(*, contract_id: int, by: User, seen_version: int, note: str = "") -> Process:
    """Start an activation that was undone again, as a new attempt. Raises Denied, or Stale."""
    contract = (
        Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity").get(pk=contract_id)
    )
    policies.can_restart_activation(contract, by).or_raise()
    if contract.version != seen_version:
        raise Stale
    event(
        "contracts.contract.activation_restarted",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
        reason=note,
    )
    return _start(contract, by)


def last(contract: Contract) -> Process | None:
    """The latest attempt to activate a contract."""
    return Process.objects.filter(definition=NAME, business_key=contract.number).order_by("-attempt").first()


def _start(contract: Contract, by: Actor) -> Process:
    return engine.start(
        NAME,
        business_key=contract.number,
        label=f"{contract.number} {contract.name}",
        legal_entity=contract.legal_entity.code,
        data={"contract": contract.pk},
        by=by,
    )


def _activate(contract: Contract) -> None:
    contract = (
        Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity").get(pk=contract.pk)
    )
    if contract.status != Contract.Status.SIGNED:
        return
    CONTRACT_MOVES.check(contract.status, Contract.Status.ACTIVE)
    contract.status = Contract.Status.ACTIVE
    contract.activated_at = now()
    contract.version += 1
    contract.save()
    Project.objects.filter(contract=contract, status=Project.Status.PLANNED).update(status=Project.Status.OPEN)
    event(
        "contracts.contract.activated",
        by=BY,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=contract.number,
        legal_entity=contract.legal_entity.code,
    )


def _finished(process: Process) -> None:
    contract = steps.contract_of(process)
    if contract.status == Contract.Status.TERMINATED:
        _raise_case(
            contract,
            f"{contract.number} was terminated while it was activated",
            f"{steps.TERMINATED} Everything had been set up by then.",
            "Archive its project in the PSA and inactivate its job in the ERP, then close this case.",
        )
        return
    _activate(contract)
    contract.refresh_from_db()
    cases.heal(code="PROCESS_FAILED", root_cause=f"{NAME}:{contract.number}", because="activated", by=BY)
    work.adopt(contract=contract, by=BY)
    events.agreement_changed(contract, "activated")


def _undone(process: Process, reason: str) -> None:
    contract = steps.contract_of(process)
    if contract.status != Contract.Status.TERMINATED:
        _raise_case(
            contract,
            f"Activation of {contract.number} failed and was undone",
            reason,
            "Correct what the reason names, then start the activation again from the contract's page.",
        )


def _raise_case(contract: Contract, title: str, detail: str, remedy: str) -> None:
    cases.raise_case(
        code="PROCESS_FAILED",
        root_cause=f"{NAME}:{contract.number}",
        title=title,
        detail=detail,
        remedy=remedy,
        legal_entity=contract.legal_entity.code,
        subject=("contracts.contract", str(contract.pk), contract.number),
        members=[cases.MemberIn("contracts.contract", str(contract.pk), contract.number)],
        by=BY,
    )


DEFINITION = Definition(
    name=NAME,
    title="Contract activation",
    version=1,
    steps=(
        StepSpec("validate", "Validate against ERP master data", steps.validate),
        StepSpec(
            "create_project",
            "Create the project in the PSA",
            steps.create_project,
            steps.archive_project,
            lane="psa",
        ),
        StepSpec("create_job", "Create the job in the ERP", steps.create_job, steps.inactivate_job, lane="erp"),
        StepSpec("billing_schedule", "Make the billing schedule", steps.make_schedule, steps.withdraw_schedule),
        StepSpec("revenue_plan", "Plan the revenue", steps.plan_revenue, steps.withdraw_revenue),
        StepSpec("references", "Store the references", steps.store_references, steps.forget_references),
        StepSpec("write_back", "Write the status to the CRM", steps.write_back, lane="crm"),
    ),
    finished=_finished,
    undone=_undone,
)


@transaction.atomic
def resume_waiting(*, arrived: Collection[str]) -> int:
    """What the ERP lacked is there now: heal its cases and let waiting activations go on."""
    missed = Case.objects.filter(code="ERP_MAPPING", root_cause__in=arrived, status__in=Case.OPEN_STATES)
    for root_cause in missed.order_by("pk").values_list("root_cause", flat=True):
        cases.heal(code="ERP_MAPPING", root_cause=root_cause, because=f"{root_cause} arrived", by=BY)
    waiting = Process.objects.filter(definition=NAME, state=Process.State.WAITING)
    for process in waiting:
        engine.resume(process.pk, by=BY)
    return len(waiting)
