"""Activation: a signed contract becomes a project, a job, a billing schedule and a revenue plan, or nothing at all."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.db import transaction

from billing import policies
from billing.actions import revenue, schedules, status_out, work
from billing.workflows import master_data
from billing.workflows.agreements import BY, NAME, lacking
from contracts import events
from contracts.actions import delivery, references
from contracts.models import CONTRACT_MOVES, Contract, Project
from contracts.queries import reference_of, route
from contracts.receivers.delivery import reference_of as milestone_reference
from integration_hub.cases.actions import cases
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import User
from integration_hub.processes import engine
from integration_hub.processes.models import Process
from integration_hub.processes.registry import AwaitEffect, Definition, Done, NeedsPerson, Result, StepSpec
from integration_hub.trail.record import Actor, event

TERMINATED = "The contract was terminated before it was active."
MASTER_DATA_WITHIN = timedelta(days=3)
"""How long an activation may wait for master data before it escalates: work is booked to the contract already."""


def consider(*, contract_id: int) -> Process | None:
    """Start activation when a contract is signed, won and complete; do nothing otherwise. Safe to call any time.

    One under way is undone when its contract was terminated meanwhile.
    """
    contract = Contract.objects.select_related("opportunity", "legal_entity").get(pk=contract_id)
    if contract.status == Contract.Status.TERMINATED:
        for waiting in Process.objects.filter(
            definition=NAME, business_key=contract.number, state=Process.State.WAITING
        ):
            engine.resume(waiting.pk, by=BY, reason=TERMINATED)  # its step finds out, as those that run do
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


def _contract(process: Process) -> Contract:
    return Contract.objects.select_related("legal_entity", "customer", "opportunity").get(pk=process.data["contract"])


def _while_wanted(step: Callable[[Process], Result]) -> Callable[[Process], Result]:
    """A step that fails for good when the contract was terminated meanwhile, so that those before it are undone."""

    @wraps(step)
    def run(process: Process) -> Result:
        if _contract(process).status == Contract.Status.TERMINATED:
            raise Failed(FailureClass.DATA, TERMINATED)
        return step(process)

    return run


@_while_wanted
def _validate(process: Process) -> Result:
    """ERP master data: customer and its ancestors, legal entity, payment terms, jurisdiction."""
    contract = _contract(process)
    erp = route("erp", contract.legal_entity)
    if erp is None:
        return Done("No ERP is routed for this legal entity")
    wants = master_data.missing(contract, erp)
    for root_cause, (title, remedy) in wants.items():
        cases.raise_case(
            code="ERP_MAPPING",
            root_cause=root_cause,
            title=title,
            remedy=remedy,
            detail=f"Activation of {contract.number} waits for it.",
            legal_entity=contract.legal_entity.code,
            subject=("contracts.contract", str(contract.pk), contract.number),
            members=[cases.MemberIn("contracts.contract", str(contract.pk), contract.number)],
            by=BY,
        )
    if wants:
        return NeedsPerson("; ".join(title for title, _ in wants.values()), within=MASTER_DATA_WITHIN)
    master_data.check_terms(contract)
    return Done("Customer, legal entity, currency, jurisdiction and terms agree")


@_while_wanted
def _create_project(process: Process) -> Result:
    contract = _contract(process)
    project = delivery.save_shell(contract=contract, by=BY)
    psa = route("psa", contract.legal_entity)
    if psa is None:
        return Done("No PSA is routed for this legal entity")
    if not CONNECTORS.get(psa.vendor).manifest.does("project.create"):
        return Done(f"{psa} opens no projects: people open them there, under the contract's number")
    known = reference_of(project, psa, "project")
    if known is not None and not _is_archived(psa, known.source_id):
        return Done("The PSA has the project")
    milestones = [
        {
            "reference": milestone_reference(milestone),
            "name": milestone.name,
            "due_on": milestone.due_on.isoformat() if milestone.due_on else None,
        }
        for line in contract.lines.order_by("number")
        for milestone in line.milestones.order_by("sequence")
    ]
    effect = effects.plan(
        effect_type=f"{psa.vendor}.project.create",
        connection=psa,
        business_key=_key(process, contract),
        payload={
            "reference": contract.number,
            "title": f"{contract.number} {contract.name}",
            "currency": contract.currency,
            "starts_on": contract.starts_on.isoformat() if contract.starts_on else None,
            "ends_on": contract.ends_on.isoformat() if contract.ends_on else None,
            "customer": contract.customer.name,
            "milestones": milestones,
        },
        legal_entity=contract.legal_entity.code,
        subject=("process", str(process.pk)),
        by=BY,
    )
    return AwaitEffect(effect.key)


def _is_archived(psa: Connection, remote_id: str) -> bool:
    """Whether an activation that was undone archived this project: it is not used again."""
    archived = Effect.objects.filter(connection=psa, effect_type__endswith=".project.archive")
    return archived.filter(payload__remote_id=remote_id, state=Effect.State.CONFIRMED).exists()


def _key(process: Process, contract: Contract) -> str:
    """A second activation after an undone one is another intent."""
    return contract.number if process.attempt == 1 else f"{contract.number}-{process.attempt}"


def _archive_project(process: Process) -> Result:
    contract = _contract(process)
    psa = route("psa", contract.legal_entity)
    delivery.close_shell(contract=contract, reason="Activation undone", by=BY)
    created = _confirmed(process, contract, "project.create", psa)
    if psa is None or created is None:
        return Done("Nothing to archive")
    effect = effects.plan(
        effect_type=f"{psa.vendor}.project.archive",
        connection=psa,
        business_key=_key(process, contract),
        payload={"remote_id": created.remote_id, "reference": contract.number},
        legal_entity=contract.legal_entity.code,
        subject=("process", str(process.pk)),
        by=BY,
        reverses=created,
    )
    return AwaitEffect(effect.key)


def _confirmed(process: Process, contract: Contract, what: str, connection: Connection | None) -> Effect | None:
    return Effect.objects.filter(
        connection=connection,
        effect_type__endswith=what,
        business_key=_key(process, contract),
        state=Effect.State.CONFIRMED,
    ).first()


def job_payload(contract: Contract, erp: Connection) -> dict[str, object]:
    """The contract as the ERP's job."""
    entity = reference_of(contract.legal_entity, erp, "legal_entity")
    version = contract.versions.order_by("-number").first()
    return {
        "reference": contract.number,
        "name": contract.name,
        "customer_code": contract.customer.code,
        "legal_entity_id": entity.source_id if entity else contract.legal_entity.code,
        "currency": contract.currency,
        "starts_on": contract.starts_on.isoformat() if contract.starts_on else None,
        "ends_on": contract.ends_on.isoformat() if contract.ends_on else None,
        "version_note": f"Contract version {version.number}: {version.reason}" if version else "",
    }


def keeps_jobs(erp: Connection) -> bool:
    """Whether an ERP has something to carry a contract's work; a plain ledger or a billing platform has not."""
    return CONNECTORS.get(erp.vendor).manifest.does("job.upsert")


@_while_wanted
def _create_job(process: Process) -> Result:
    contract = _contract(process)
    erp = route("erp", contract.legal_entity)
    if erp is None:
        return Done("No ERP is routed for this legal entity")
    if not keeps_jobs(erp):
        return Done(f"{erp} keeps no jobs")
    effect = effects.plan(
        effect_type=f"{erp.vendor}.job.upsert",
        connection=erp,
        business_key=_key(process, contract),
        payload=job_payload(contract, erp),
        legal_entity=contract.legal_entity.code,
        subject=("process", str(process.pk)),
        by=BY,
    )
    return AwaitEffect(effect.key)


def _inactivate_job(process: Process) -> Result:
    contract = _contract(process)
    erp = route("erp", contract.legal_entity)
    created = _confirmed(process, contract, "job.upsert", erp)
    if erp is None or created is None:
        return Done("Nothing to inactivate")
    effect = effects.plan(
        effect_type=f"{erp.vendor}.job.inactivate",
        connection=erp,
        business_key=_key(process, contract),
        payload={"reference": contract.number, "remote_id": created.remote_id},
        legal_entity=contract.legal_entity.code,
        subject=("process", str(process.pk)),
        by=BY,
        reverses=created,
    )
    return AwaitEffect(effect.key)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun}s'}"


@_while_wanted
def _schedule(process: Process) -> Result:
    made = schedules.make(contract=_contract(process), by=BY)
    return Done(_count(made, "item"))


def _withdraw_schedule(process: Process) -> Result:
    skipped = schedules.withdraw(contract=_contract(process), reason="Activation undone", by=BY)
    return Done(f"{_count(skipped, 'item')} skipped")


@_while_wanted
def _revenue(process: Process) -> Result:
    return Done(_count(revenue.plan(contract=_contract(process), by=BY), "plan"))


def _withdraw_revenue(process: Process) -> Result:
    return Done(f"{_count(revenue.withdraw(contract=_contract(process), by=BY), 'plan')} withdrawn")


@_while_wanted
def _store_references(process: Process) -> Result:
    """Remember under which ids PSA and ERP know the contract now."""
    contract = _contract(process)
    project = Project.objects.filter(code=contract.number).first()
    stored = []
    psa, erp = route("psa", contract.legal_entity), route("erp", contract.legal_entity)
    created = _confirmed(process, contract, "project.create", psa)
    if psa and project and created:
        references.forget(row=project, connection=psa, entity="project")
        references.note(
            connection=psa, entity="project", source_id=created.remote_id, row=project, number=created.remote_number
        )
        stored.append(psa.name)
    job = _confirmed(process, contract, "job.upsert", erp)
    if erp and job:
        references.note(connection=erp, entity="job", source_id=job.remote_id, row=contract, number=contract.number)
        stored.append(erp.name)
    return Done(", ".join(stored))


def _forget_references(process: Process) -> Result:
    contract = _contract(process)
    psa, erp = route("psa", contract.legal_entity), route("erp", contract.legal_entity)
    if psa is not None and (project := Project.objects.filter(code=contract.number).first()) is not None:
        references.forget(row=project, connection=psa, entity="project")
    if erp is not None:
        references.forget(row=contract, connection=erp, entity="job")
    return Done("Forgotten")


@_while_wanted
def _write_back(process: Process) -> Result:
    """Tell the CRM that the contract is active; it is, as soon as the CRM has it."""
    contract = _contract(process)
    crm = route("crm", contract.legal_entity)
    reference = reference_of(contract, crm, "contract") if crm else None
    if crm is None or reference is None:
        return Done("No CRM knows the contract")
    contract.status = Contract.Status.ACTIVE  # what it will be; stored when everything has arrived
    effect = status_out.tell_crm(
        contract=contract, crm=crm, remote_id=reference.source_id, subject=("process", str(process.pk))
    )
    return AwaitEffect(effect.key)


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
    contract = _contract(process)
    if contract.status == Contract.Status.TERMINATED:
        _raise_case(
            contract,
            f"{contract.number} was terminated while it was activated",
            f"{TERMINATED} Everything had been set up by then.",
            "Archive its project in the PSA and inactivate its job in the ERP, then close this case.",
        )
        return
    _activate(contract)
    contract.refresh_from_db()
    cases.heal(code="PROCESS_FAILED", root_cause=f"{NAME}:{contract.number}", because="activated", by=BY)
    work.adopt(contract=contract, by=BY)
    events.agreement_changed(contract, "activated")


def _undone(process: Process, reason: str) -> None:
    contract = _contract(process)
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
        StepSpec("validate", "Validate against ERP master data", _validate),
        StepSpec(
            "create_project",
            "Create the project in the PSA",
            _create_project,
            _archive_project,
            lane="psa",
        ),
        StepSpec("create_job", "Create the job in the ERP", _create_job, _inactivate_job, lane="erp"),
        StepSpec("billing_schedule", "Make the billing schedule", _schedule, _withdraw_schedule),
        StepSpec("revenue_plan", "Plan the revenue", _revenue, _withdraw_revenue),
        StepSpec("references", "Store the references", _store_references, _forget_references),
        StepSpec("write_back", "Write the status to the CRM", _write_back, lane="crm"),
    ),
    finished=_finished,
    undone=_undone,
)


@transaction.atomic
def resume_waiting(*, arrived: str) -> int:
    """Something the ERP lacked is there now: heal its case and let waiting activations go on."""
    cases.heal(code="ERP_MAPPING", root_cause=arrived, because=f"{arrived} arrived", by=BY)
    waiting = Process.objects.filter(definition=NAME, state=Process.State.WAITING)
    for process in waiting:
        engine.resume(process.pk, by=BY)
    return len(waiting)
