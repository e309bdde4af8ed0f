"""People who spent money on a contract's project, in a landscape whose systems keep what they are given."""

from datetime import date
from decimal import Decimal
from typing import Any

from contracts.actions import references
from contracts.models import Contract, LegalEntity, Resource
from costs.actions import reimbursing
from costs.models import Reimbursement
from integration_hub import canonical
from integration_hub.people.models import User
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.vendors import Landscape

DAY = date(2026, 3, 9)


def known(landscape: Landscape, contract: Contract) -> Contract:
    """The PSA knows the project, and Ann who spends and Bob who approves; the legal entity pays back what is spent."""
    psa = landscape.connections["psa"]
    references.note(connection=psa, entity="project", source_id="P", row=factories.project_of(contract))
    for source_id, name in (("ann", "Ann Lee"), ("bob", "Bob Ray")):
        person = factories.resource(name)
        Resource.objects.filter(pk=person.pk).update(email=f"{source_id}@firm.example", cost_centre="US-10")
        references.note(connection=psa, entity="resource", source_id=source_id, row=person)
    LegalEntity.objects.update(reimburse_from=date(2026, 1, 1))
    return contract


def expense(key: str = "E-1", **more: Any) -> canonical.Expense:
    """A hotel of Ann's, approved by Bob, that she is to get back and the client is charged for."""
    given = {
        "project_id": "P", "resource_id": "ann", "spent_on": DAY, "category": "Travel", "amount": Decimal(120),
        "currency": "USD", "approval": "approved", "reimbursable": True, "report_id": "R-1", "approved_by_id": "bob",
        "version": "1", **more,
    }  # fmt: skip
    return canonical.Expense(source_id=key, **given)


def spend(landscape: Landscape, *expenses: canonical.Expense) -> None:
    """They arrive from the PSA, and the lanes see to them."""
    assert {receipt.status for receipt in landscape.arrive("psa", *expenses)} == {"applied"}
    drain_once(factories.LOCAL)


def owed() -> Reimbursement:
    """The only reimbursement that is still of any consequence."""
    return Reimbursement.objects.exclude(status="withdrawn").get()


def post(row: Reimbursement | None = None, *, by: User | None = None, sent: bool = True) -> Reimbursement:
    """A person of finance sends it to the ERP."""
    row = row or owed()
    reimbursing.post(reimbursement=row, version=row.version, by=by or factories.user())
    if sent:
        drain_once()
    row.refresh_from_db()
    return row


def pays(landscape: Landscape, row: Reimbursement, amount: str, *, on: date = date(2026, 4, 2)) -> Reimbursement:
    """The ERP tells how much of it is settled."""
    journal = row.journals.filter(amount__gt=0).latest("pk")
    record = canonical.Payable(
        source_id=f"J-{journal.pk}", version="1", number=f"JE-{journal.pk}", external_ref=journal.number,
        amount=journal.amount, paid=Decimal(amount), paid_on=on,
    )  # fmt: skip
    assert [receipt.status for receipt in landscape.arrive("erp", record)] == ["applied"]
    drain_once()
    row.refresh_from_db()
    return row
