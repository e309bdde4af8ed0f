"""What a process has other systems do: one effect of the process, which it waits for."""

from typing import Any

from contracts.models import Contract
from contracts.queries import reference_of
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.processes.models import Process
from integration_hub.processes.registry import AwaitEffect, Done, Result
from integration_hub.trail.record import Actor


def carry(
    process: Process, contract: Contract, there: Connection, what: str, *, key: str, payload: dict[str, Any], by: Actor,
    reverses: Effect | None = None,
) -> AwaitEffect:  # fmt: skip
    """Have a system do `what`, such as `project.create`, once under `key`."""
    effect = effects.plan(
        effect_type=f"{there.vendor}.{what}",
        connection=there,
        business_key=key,
        payload=payload,
        legal_entity=contract.legal_entity.code,
        subject=("process", str(process.pk)),
        by=by,
        reverses=reverses,
    )
    return AwaitEffect(effect.key)


def carry_job(process: Process, contract: Contract, erp: Connection | None, *, key: str, by: Actor) -> Result:
    """Tell the ERP of the contract as its job; a plain ledger or a billing platform keeps none."""
    if erp is None:
        return Done("No ERP is routed for this legal entity")
    if not CONNECTORS.get(erp.vendor).manifest.does("job.upsert"):
        return Done(f"{erp} keeps no jobs")
    return carry(process, contract, erp, "job.upsert", key=key, payload=_job(contract, erp), by=by)


def _job(contract: Contract, erp: Connection) -> dict[str, object]:
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
