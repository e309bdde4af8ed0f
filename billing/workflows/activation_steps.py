"""The steps of an activation in PSA, ERP and CRM and here, and how each is taken back."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from billing.actions import revenue, schedules, status_out
from billing.workflows import master_data
from billing.workflows.agreements import BY
from billing.workflows.carrying import carry, carry_job
from contracts.actions import delivery, references
from contracts.models import Contract, Project
from contracts.queries import reference_of, route
from contracts.receivers.delivery import reference_of as milestone_reference
from integration_hub.cases.actions import cases
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.models import Effect
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.processes.models import Process
from integration_hub.processes.registry import AwaitEffect, Done, NeedsPerson, Result

TERMINATED = "The contract was terminated before it was active."
MASTER_DATA_WITHIN = timedelta(days=3)
"""How long an activation may wait for master data before it escalates: work is booked to the contract already."""


def contract_of(process: Process) -> Contract:
    """The contract a process is about."""
    return Contract.objects.select_related("legal_entity", "customer", "opportunity").get(pk=process.data["contract"])


def while_wanted(step: Callable[[Process], Result]) -> Callable[[Process], Result]:
    """A step that fails for good when the contract was terminated meanwhile, so that those before it are undone."""

    @wraps(step)
    def run(process: Process) -> Result:
        if contract_of(process).status == Contract.Status.TERMINATED:
            raise Failed(FailureClass.DATA, TERMINATED)
        return step(process)

    return run


@while_wanted
def validate(process: Process) -> Result:
    """ERP master data: customer and its ancestors, legal entity, payment terms, jurisdiction."""
    contract = contract_of(process)
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


@while_wanted
def create_project(process: Process) -> Result:
    """Open the project in the PSA, with its milestones; an archived one is not used again."""
    contract = contract_of(process)
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
    return carry(
        process,
        contract,
        psa,
        "project.create",
        key=_key(process, contract),
        by=BY,
        payload={
            "reference": contract.number,
            "title": f"{contract.number} {contract.name}",
            "currency": contract.currency,
            "starts_on": contract.starts_on.isoformat() if contract.starts_on else None,
            "ends_on": contract.ends_on.isoformat() if contract.ends_on else None,
            "customer": contract.customer.name,
            "customer_code": contract.customer.code,
            "milestones": milestones,
        },
    )


def _is_archived(psa: Connection, remote_id: str) -> bool:
    """Whether an activation that was undone archived this project: it is not used again."""
    archived = Effect.objects.filter(connection=psa, effect_type__endswith=".project.archive")
    return archived.filter(payload__remote_id=remote_id, state=Effect.State.CONFIRMED).exists()


def _key(process: Process, contract: Contract) -> str:
    """A second activation after an undone one is another intent."""
    return contract.number if process.attempt == 1 else f"{contract.number}-{process.attempt}"


def archive_project(process: Process) -> Result:
    """Close the project here and archive what was opened in the PSA."""
    contract = contract_of(process)
    psa = route("psa", contract.legal_entity)
    delivery.close_shell(contract=contract, reason="Activation undone", by=BY)
    created = _confirmed(process, contract, "project.create", psa)
    if psa is None or created is None:
        return Done("Nothing to archive")
    payload = {"remote_id": created.remote_id, "reference": contract.number}
    key = _key(process, contract)
    return carry(process, contract, psa, "project.archive", key=key, payload=payload, by=BY, reverses=created)


def _confirmed(process: Process, contract: Contract, what: str, connection: Connection | None) -> Effect | None:
    return Effect.objects.filter(
        connection=connection,
        effect_type__endswith=what,
        business_key=_key(process, contract),
        state=Effect.State.CONFIRMED,
    ).first()


@while_wanted
def create_job(process: Process) -> Result:
    """Tell the ERP of the contract as its job, where it keeps jobs."""
    contract = contract_of(process)
    return carry_job(process, contract, route("erp", contract.legal_entity), key=_key(process, contract), by=BY)


def inactivate_job(process: Process) -> Result:
    """Take the job out of use in the ERP."""
    contract = contract_of(process)
    erp = route("erp", contract.legal_entity)
    created = _confirmed(process, contract, "job.upsert", erp)
    if erp is None or created is None:
        return Done("Nothing to inactivate")
    payload = {"reference": contract.number, "remote_id": created.remote_id}
    key = _key(process, contract)
    return carry(process, contract, erp, "job.inactivate", key=key, payload=payload, by=BY, reverses=created)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun}s'}"


@while_wanted
def make_schedule(process: Process) -> Result:
    """What falls due by terms and dates."""
    made = schedules.make(contract=contract_of(process), by=BY)
    return Done(_count(made, "item"))


def withdraw_schedule(process: Process) -> Result:
    """Skip what has not fallen due."""
    skipped = schedules.withdraw(contract=contract_of(process), reason="Activation undone", by=BY)
    return Done(f"{_count(skipped, 'item')} skipped")


@while_wanted
def plan_revenue(process: Process) -> Result:
    """How the contract's lines earn."""
    return Done(_count(revenue.plan(contract=contract_of(process), by=BY), "plan"))


def withdraw_revenue(process: Process) -> Result:
    """Take the plans back."""
    return Done(f"{_count(revenue.withdraw(contract=contract_of(process), by=BY), 'plan')} withdrawn")


@while_wanted
def store_references(process: Process) -> Result:
    """Remember under which ids PSA and ERP know the contract now."""
    contract = contract_of(process)
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


def forget_references(process: Process) -> Result:
    """Forget under which ids PSA and ERP knew the contract."""
    contract = contract_of(process)
    psa, erp = route("psa", contract.legal_entity), route("erp", contract.legal_entity)
    if psa is not None and (project := Project.objects.filter(code=contract.number).first()) is not None:
        references.forget(row=project, connection=psa, entity="project")
    if erp is not None:
        references.forget(row=contract, connection=erp, entity="job")
    return Done("Forgotten")


@while_wanted
def write_back(process: Process) -> Result:
    """Tell the CRM that the contract is active; it is, as soon as the CRM has it."""
    contract = contract_of(process)
    crm = route("crm", contract.legal_entity)
    reference = reference_of(contract, crm, "contract") if crm else None
    if crm is None or reference is None:
        return Done("No CRM knows the contract")
    contract.status = Contract.Status.ACTIVE  # what it will be; stored when everything has arrived
    effect = status_out.tell_crm(
        contract=contract, crm=crm, remote_id=reference.source_id, subject=("process", str(process.pk))
    )
    return AwaitEffect(effect.key)
