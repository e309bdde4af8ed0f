"""Tell CRM and PSA where invoicing and payment of a contract stand: one revision per change, never twice the same."""

from decimal import Decimal
from typing import Any

from django.db.models import Max, Sum

from billing.models import Invoice
from contracts.models import Contract
from contracts.queries import reference_of, route
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.ids import content_hash

BY = "system:billing"


def tell(*, invoice: Invoice) -> None:
    """Write the state after this invoice moved to CRM and PSA, where they know the contract."""
    contract = invoice.contract
    crm = route("crm", contract.legal_entity)
    if crm is not None and (reference := reference_of(contract, crm, "contract")) is not None:
        tell_crm(contract=contract, crm=crm, remote_id=reference.source_id)
    psa = route("psa", contract.legal_entity)
    project = contract.projects.order_by("id").first()
    if psa is None or project is None or (shell := reference_of(project, psa, "project")) is None:
        return
    if not CONNECTORS.get(psa.vendor).manifest.does("invoice_status.write"):
        return
    payload = {
        "reference": invoice.number,
        "invoice_date": invoice.invoice_date.isoformat(),
        "project_remote_id": shell.source_id,
        "status": invoice.status,
        "amount": f"{invoice.gross:f}",
        "currency": invoice.currency,
    }
    _next_revision(psa, f"{psa.vendor}.invoice_status.write", f"{contract.number}-{invoice.number}", contract, payload)


def tell_crm(
    *, contract: Contract, crm: Connection, remote_id: str, subject: tuple[str, object] | None = None
) -> Effect:
    """Write where the contract stands to the CRM; `subject` is who waits for it. The effect that says so."""
    payload = crm_payload(contract, remote_id)
    return _next_revision(crm, f"{crm.vendor}.contract.status", contract.number, contract, payload, subject)


def crm_payload(contract: Contract, remote_id: str) -> dict[str, Any]:
    """What the CRM shows on a contract."""
    sums = contract.invoices.aggregate(invoiced=Sum("gross"), paid=Sum("paid"))
    last = contract.invoices.order_by("-invoice_date", "-pk").first()
    project = contract.projects.order_by("id").first()
    return {
        "remote_id": remote_id,
        "status": contract.get_status_display(),
        "project_ref": project.code if project else "",
        "erp_job": contract.number,
        "invoiced_amount": f"{sums['invoiced'] or Decimal(0):f}",
        "paid_amount": f"{sums['paid'] or Decimal(0):f}",
        "last_invoice": last.number if last else "",
        "invoice_status": last.get_status_display() if last else "",
    }


def _next_revision(
    connection: Connection,
    effect_type: str,
    key: str,
    contract: Contract,
    payload: dict[str, Any],
    subject: tuple[str, object] | None = None,
) -> Effect:
    """The effect that says this, planned unless the last one says the same and was not withdrawn."""
    known = Effect.objects.filter(connection=connection, effect_type=effect_type, business_key=key)
    last = known.order_by("-revision").first()
    if last is not None and last.payload_hash == content_hash(payload) and last.state != Effect.State.CANCELLED:
        return last
    return effects.plan(
        effect_type=effect_type,
        connection=connection,
        business_key=key,
        payload=payload,
        legal_entity=contract.legal_entity.code,
        subject=subject or ("contracts.contract", str(contract.pk)),
        by=BY,
        revision=(known.aggregate(last=Max("revision"))["last"] or 0) + 1,
        lane=f"status:{connection.code}:{contract.number}",
    )
