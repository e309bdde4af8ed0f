"""What a second system says of an agreement that the CRM keeps.

A contract is agreed in the CRM and executed in the CLM, and both know it by its number. The CRM owns its terms. The
CLM proves that it was signed, and when; where it says other than the CRM, that is refused if money hangs on it, and
noted on its reference if not.
"""

from django.db import models, transaction

from contracts.actions import agreements, amendments
from contracts.models import Amendment, Contract, Customer, ExternalReference, LegalEntity, Route
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor

REMEDY = "Correct the system that is wrong; then try again."


def kept_elsewhere(row: models.Model, connection: Connection, entity: str) -> bool:
    """Whether a CRM keeps this row, and the connection is none."""
    crm = Route.objects.filter(role=Route.Role.CRM)
    if crm.filter(connection=connection).exists():
        return False
    known = ExternalReference.objects.filter(object_type=row._meta.label_lower, object_id=row.pk, entity=entity)
    return known.filter(connection__in=crm.values("connection")).exists()


def refuse_second(row: models.Model, connection: Connection, entity: str, source_id: str, label: str) -> None:
    """Two records of one system cannot be the same agreement. Raises BadInput."""
    other = (
        ExternalReference.objects.filter(
            connection=connection, entity=entity, object_type=row._meta.label_lower, object_id=row.pk
        )
        .exclude(source_id=source_id)
        .first()
    )
    if other is not None:
        problem = Problem("number", f"is that of record {other.source_id} already.", "Give each record its own number.")
        raise BadInput(label, [problem])


@transaction.atomic
def contract(
    *, row: Contract, record: canonical.Contract, customer: Customer, legal_entity: LegalEntity, by: Actor
) -> str:
    """The executed contract: it signs ours, if it is the same. What differs without consequence; raises BadInput."""
    facts = (
        ("customer_id", row.customer.code, customer.code),
        ("legal_entity", row.legal_entity.code, legal_entity.code),
        ("currency", row.currency, record.currency),
    )
    problems = [
        Problem(name, f"is {theirs} in the executed contract and {ours} in the CRM.", REMEDY)
        for name, ours, theirs in facts
        if ours != theirs
    ]
    if problems:
        raise BadInput(f"Contract {row.number}", problems)
    if record.status == "signed" and row.status not in agreements.SIGNED_STATES:
        agreements.sign(contract=row, record=record, by=by)
    differs = []
    if record.payment_terms and record.payment_terms != row.payment_terms:
        differs.append(f"payment terms {record.payment_terms} there, {row.payment_terms or 'none'} in the CRM")
    if record.status == "terminated" and row.status in {"signed", "active", "suspended"}:
        differs.append("ended there")
    return "; ".join(differs)


@transaction.atomic
def amendment(*, row: Amendment, record: canonical.Amendment, by: Actor) -> Amendment:
    """The executed amendment: it puts ours in force, if it says the same. Raises BadInput."""
    row = Amendment.objects.select_for_update(of=("self",), no_key=True).select_related("contract").get(pk=row.pk)
    theirs = amendments.stated(record)
    facts = [("kind", row.kind, record.kind), ("effective_on", row.effective_on, record.effective_on)]
    facts += [(name, row.changes.get(name), value) for name, value in theirs.items()]
    problems = [
        Problem(name, f"is {said} in the executed amendment and {ours} in the CRM.", REMEDY)
        for name, ours, said in facts
        if said and ours and ours != said
    ]
    if problems:
        raise BadInput(f"Amendment {row.number} of contract {row.contract.number}", problems)
    if record.status == "signed" and row.status == Amendment.Status.DRAFT:
        row.signed_on = record.signed_on
        row.effective_on = row.effective_on or record.effective_on
        row.changes |= {name: value for name, value in theirs.items() if row.changes.get(name) in (None, "")}
        row.save()
        line = row.contract.lines.filter(number=row.changes.get("line")).first()
        amendments.apply(amendment=row, line=line, by=by)
    return row
