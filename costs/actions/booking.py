"""Book a reimbursement in the ERP: expenses by category against what is owed to the person, or the other way round."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from billing.actions import journals
from billing.actions.journals import Entry, Payee
from costs.models import Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User

EXPENSE, OWED = "expense", "employee_payable"
"""Charge codes; the connection's value map says which accounts they are. `expense:Travel` is that of one category,
where the map names it."""


def book(
    row: Reimbursement, items: Sequence[ReimbursementItem], *, sign: int, on: date, by: User
) -> ReimbursementJournal:
    """Plan the journal of items of one reimbursement; `sign` is -1 to take them back."""
    amount = sign * sum((item.amount for item in items), ZERO)
    journal = ReimbursementJournal.objects.create(
        number=f"{row.number}-{row.journals.count() + 1}",
        reimbursement=row,
        legal_entity=row.legal_entity,
        connection=journals.erp_of(row.legal_entity),
        month=max(item.spent_on for item in items).replace(day=1),
        accounting_date=on,
        currency=row.currency,
        amount=amount,
        prepared_by=by,
    )
    said = "Expenses" if sign > 0 else "Expenses taken back"
    journals.plan(
        journal,
        _entries(row, items, sign),
        memo=f"{said} {row.number}, {row.resource}",
        job_reference=_job(items),
        lane=f"reimburse:{journal.connection.code}:{row.number}",
        by=by,
    )
    return journal


def _entries(row: Reimbursement, items: Sequence[ReimbursementItem], sign: int) -> list[Entry]:
    """What was spent, by category and project, and in one line what is owed for it: that one is settled as a whole."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for item in items:
        sums[item.category, item.claim.project.code] += sign * item.amount
    person = row.resource
    entries = [
        Entry(f"{EXPENSE}:{category}" if category else EXPENSE, amount, project, person.cost_centre)
        for (category, project), amount in sorted(sums.items())
        if amount
    ]
    total = sum((entry.amount for entry in entries), ZERO)
    return [*entries, Entry(OWED, -total, row.number, "", Payee(person.code, person.name, person.email))]


def _job(items: Sequence[ReimbursementItem]) -> str:
    """The contract they were all spent for; empty where there are several."""
    numbers = {contract.number if (contract := item.claim.project.contract) else "" for item in items}
    return numbers.pop() if len(numbers) == 1 else ""
