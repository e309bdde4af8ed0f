"""Invoices, payments and credit memos from the ERP."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import cast

from billing.actions import cash, posting
from billing.models import Candidate, Invoice
from contracts.models import Customer, LegalEntity
from contracts.queries import referenced, referenced_one
from contracts.receivers.each import each, waits
from integration_hub import canonical
from integration_hub.cases.actions import cases
from integration_hub.intake.registry import Arrival, Receipt
from integration_hub.kernel.errors import Problem


def _invoice(arrival: Arrival) -> Receipt | None:
    """The ERP's own copy of an invoice: ours is recognised by our reference and compared, all else is an orphan."""
    record = cast(canonical.Invoice, arrival.record)
    entity = referenced_one(LegalEntity, arrival.connection, "legal_entity", record.legal_entity_id)
    if entity is None:
        return waits("legal_entity", record.legal_entity_id)
    root_cause = f"erp-invoice:{arrival.connection.code}:{record.source_id}"
    if record.external_ref and Candidate.objects.filter(number=record.external_ref).exists():
        cases.heal(code="ERP_ORPHAN", root_cause=root_cause, because="linked to our candidate", by="system:billing")
        _compare(record, arrival.connection.code)
        return None
    if record.status == "voided" or record.deleted:
        cases.heal(code="ERP_ORPHAN", root_cause=root_cause, because="voided in the ERP", by="system:billing")
        return None
    cases.raise_case(
        code="ERP_ORPHAN",
        root_cause=root_cause,
        title=f"Invoice {record.number} in {arrival.connection.name} was not sent by us",
        detail=f"External reference there: {record.external_ref or 'none'}",
        remedy="Link it to the work it charges, void it, or explain it.",
        legal_entity=entity.code,
        subject=("hub_intake.sourceversion", str(arrival.source_version_id), record.number),
        members=[
            cases.MemberIn("erp.invoice", record.source_id, record.number, record.gross, record.currency, "gross")
        ],
        by=arrival.connection.code,
    )
    return None


def _compare(record: canonical.Invoice, by: str) -> None:
    """What the ERP shows of a posted invoice against what we posted; one on its way is compared when confirmed."""
    rows = Invoice.objects.select_related("legal_entity", "effect__connection")
    invoice = rows.filter(candidate__number=record.external_ref).first()
    if invoice is None:
        return
    theirs = {
        "net": record.net,
        "tax": record.tax,
        "gross": record.gross,
        "currency": record.currency,
        "issued_on": record.issued_on,
        "voided": record.deleted or record.status == "voided",
    }
    posting.compare_again(invoice=invoice, theirs=theirs, by=by)


def _payment(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Payment, arrival.record)
    applied = _applied(arrival, record.applications)
    if isinstance(applied, Receipt):
        return applied
    entity = referenced_one(LegalEntity, arrival.connection, "legal_entity", record.legal_entity_id)
    entity = entity or next((invoice.legal_entity for invoice, _ in applied), None)
    if entity is None:
        return waits("legal_entity", record.legal_entity_id or "unknown")
    cash.receive(
        record=record,
        connection=arrival.connection,
        source_version_id=arrival.source_version_id,
        applied=applied,
        legal_entity=entity,
        customer=referenced_one(Customer, arrival.connection, "customer_account", record.customer_id),
    )
    return None


def _credit_memo(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.CreditMemo, arrival.record)
    entity = referenced_one(LegalEntity, arrival.connection, "legal_entity", record.legal_entity_id)
    if entity is None:
        return waits("legal_entity", record.legal_entity_id)
    applied = _applied(arrival, record.applications)
    if isinstance(applied, Receipt):
        return applied
    cash.receive_credit(
        record=record,
        connection=arrival.connection,
        source_version_id=arrival.source_version_id,
        applied=applied,
        legal_entity=entity,
    )
    return None


def _applied(
    arrival: Arrival, parts: Sequence[canonical.PaymentApplication]
) -> list[tuple[Invoice, Decimal]] | Receipt:
    """The invoices behind the ERP's applications; parked when one of them is unknown here."""
    known = referenced(arrival.connection, "invoice", (part.invoice_id for part in parts))
    invoices = Invoice.objects.select_related("legal_entity").in_bulk(known.values())
    missing = [part.invoice_id for part in parts if part.invoice_id not in known]
    if missing:
        return waits("invoice", missing[0])
    return [(invoices[known[part.invoice_id]], part.amount) for part in parts]


def bank_line(batch: Sequence[Arrival]) -> list[Receipt]:
    """What the bank booked settles nothing: it is compared with the payments (`reconciliation.books.bank`)."""
    known = set(LegalEntity.objects.values_list("code", flat=True))
    return [_of_ours(cast(canonical.BankLine, arrival.record), known) for arrival in batch]


def _of_ours(record: canonical.BankLine, known: Collection[str]) -> Receipt:
    if record.legal_entity in known:
        return Receipt.applied()
    message = f"{record.legal_entity} is no legal entity here."
    remedy = f"Say in the mapping whose the account {record.account} is."
    return Receipt.refused(Problem("legal_entity", message, remedy))


invoice = each(_invoice)
payment = each(_payment)
credit_memo = each(_credit_memo)
