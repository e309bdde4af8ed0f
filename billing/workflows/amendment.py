"""A signed amendment reaches PSA, ERP and CRM; billing of the contract waits until it has arrived everywhere."""

from django.db import transaction

from billing import policies
from billing.actions import holds
from billing.models import Hold
from billing.workflows.carrying import carry, carry_job
from contracts.models import Amendment, Contract, RateRow
from contracts.queries import reference_of, route
from integration_hub.cases.actions import cases
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Stale
from integration_hub.people.models import User
from integration_hub.processes import engine
from integration_hub.processes.models import Process
from integration_hub.processes.registry import Definition, Done, Result, StepSpec
from integration_hub.trail.record import Actor, event

BY = "system:amendment"
NAME = "contract.amendment"
HOLD = "AMENDMENT_PROPAGATING"


def propagate(amendment: Amendment) -> None:
    """Hold billing of the contract and carry the amendment to the other systems."""
    contract = amendment.contract
    if not Hold.objects.filter(scope="contract", target_id=str(contract.pk), code=HOLD, status="open").exists():
        holds.place(
            scope="contract",
            target=str(contract.pk),
            code=HOLD,
            by=BY,
            reason=f"Amendment {amendment.number} is on its way to PSA, ERP and CRM.",
        )
    _start(amendment, BY)


@transaction.atomic
def carry_again(*, amendment_id: int, by: User, seen_version: int, note: str = "") -> Process:
    """Carry an amendment that did not arrive to the other systems again, as a new attempt. Raises Denied, or Stale.

    `seen_version` is the contract's: an amendment has none of its own.
    """
    amendment = Amendment.objects.select_related("contract__legal_entity").get(pk=amendment_id)
    contract = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=amendment.contract_id)
    policies.can_carry_again(amendment, by).or_raise()
    if contract.version != seen_version:
        raise Stale
    event(
        "contracts.amendment.carried_again",
        by=by,
        object_type="contracts.amendment",
        object_id=amendment.pk,
        label=f"{contract.number} {amendment.number}",
        legal_entity=amendment.contract.legal_entity.code,
        reason=note,
    )
    return _start(amendment, by)


def _start(amendment: Amendment, by: Actor) -> Process:
    contract = amendment.contract
    return engine.start(
        NAME,
        business_key=f"{contract.number}/{amendment.number}",
        label=f"{contract.number} amendment {amendment.number}",
        legal_entity=contract.legal_entity.code,
        data={"amendment": amendment.pk},
        by=by,
    )


def _amendment(process: Process) -> Amendment:
    return Amendment.objects.select_related("contract__legal_entity", "contract__customer").get(
        pk=process.data["amendment"]
    )


def _key(amendment: Amendment, process: Process) -> str:
    """A second attempt after one that did not arrive is another intent."""
    key = f"{amendment.contract.number}-A{amendment.number}"
    return key if process.attempt == 1 else f"{key}-{process.attempt}"


def _psa(process: Process) -> Result:
    amendment = _amendment(process)
    contract = amendment.contract
    psa = route("psa", contract.legal_entity)
    if psa is None:
        return Done("No PSA is routed for this legal entity")
    if not CONNECTORS.get(psa.vendor).manifest.does("ratecard.upsert"):
        return Done(f"{psa} keeps no rate cards")
    rows = (
        RateRow.objects.filter(card__contract=contract, withdrawn_in__isnull=True)
        .exclude(role="")
        .order_by("role", "validity")
    )
    return carry(
        process,
        contract,
        psa,
        "ratecard.upsert",
        key=_key(amendment, process),
        by=BY,
        payload={
            "reference": contract.number,
            "currency": contract.currency,
            "effective_on": amendment.effective_on.isoformat() if amendment.effective_on else None,
            "roles": [
                {"role": row.role, "rate": f"{row.rate.normalize():f}", "from": row.validity.lower.isoformat()}
                for row in rows
            ],
        },
    )


def _erp(process: Process) -> Result:
    amendment = _amendment(process)
    erp = route("erp", amendment.contract.legal_entity)
    return carry_job(process, amendment.contract, erp, key=_key(amendment, process), by=BY)


def _crm(process: Process) -> Result:
    amendment = _amendment(process)
    crm = route("crm", amendment.contract.legal_entity)
    reference = reference_of(amendment, crm, "amendment") if crm else None
    if crm is None or reference is None:
        return Done("No CRM knows the amendment")
    payload = {"remote_id": reference.source_id, "status": "Applied"}
    key = _key(amendment, process)
    return carry(process, amendment.contract, crm, "amendment.status", key=key, payload=payload, by=BY)


def _finished(process: Process) -> None:
    """Everywhere now: release the hold, unless another amendment of the contract is still on its way."""
    amendment = _amendment(process)
    # Two that arrive at once would each take the other for still on its way.
    contract = (
        Contract.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity")
        .get(pk=amendment.contract_id)
    )
    Amendment.objects.filter(pk=amendment.pk).update(propagated_at=now())
    event(
        "contracts.amendment.propagated",
        by=BY,
        object_type="contracts.amendment",
        object_id=amendment.pk,
        label=f"{contract.number} {amendment.number}",
        legal_entity=contract.legal_entity.code,
    )
    cases.heal(code="PROCESS_FAILED", root_cause=f"{NAME}:{process.business_key}", because="arrived everywhere", by=BY)
    others = Amendment.objects.filter(contract=contract, status="applied", propagated_at__isnull=True)
    if others.exists():
        return
    for hold in Hold.objects.filter(scope="contract", target_id=str(contract.pk), code=HOLD, status="open"):
        holds.release(
            hold_id=hold.pk, by=BY, seen_version=hold.version, note=f"Amendment {amendment.number} arrived everywhere"
        )


def _undone(process: Process, reason: str) -> None:
    """The terms stand, so nothing is undone elsewhere; the hold stays and a person decides."""
    amendment = _amendment(process)
    cases.raise_case(
        code="PROCESS_FAILED",
        root_cause=f"{NAME}:{process.business_key}",
        title=f"Amendment {amendment.number} of {amendment.contract.number} did not reach every system",
        detail=reason,
        remedy="Correct what the reason names, then carry the amendment again from the contract's page.",
        legal_entity=amendment.contract.legal_entity.code,
        subject=("contracts.contract", str(amendment.contract_id), amendment.contract.number),
        members=[cases.MemberIn("contracts.amendment", str(amendment.pk), amendment.number)],
        by=BY,
    )


DEFINITION = Definition(
    name=NAME,
    title="Amendment to all systems",
    version=1,
    steps=(
        StepSpec("psa", "Rates to the PSA", _psa, lane="psa"),
        StepSpec("erp", "Job in the ERP", _erp, lane="erp"),
        StepSpec("crm", "Status to the CRM", _crm, lane="crm"),
    ),
    finished=_finished,
    undone=_undone,
)
