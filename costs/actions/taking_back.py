"""Take back what was posted and is not owed any more: a journal of the same figures, the other way round."""

from datetime import date

from billing.actions import journals
from contracts.periods import open_period
from costs.actions import moves
from costs.actions.booking import book
from costs.models import Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.cases.actions import cases
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.money import ZERO, Money

PAID_BACK = "REIMBURSED_WITHDRAWN"
PAID = (Reimbursement.Status.PAID, Reimbursement.Status.TOLD)


def take_back(row: Reimbursement, *, on: date | None = None) -> ReimbursementJournal | None:
    """Send the journal that takes back what of a posted reimbursement does not stand and none took back yet.

    It is dated as what it takes back, or on the first open day after that. The caller holds the reimbursement. Raises
    NotReady where no period is open.
    """
    items = list(row.items.filter(is_live=False, taken_back_by__isnull=True).select_related("claim__project__contract"))
    if not items:
        return None
    payable = row.journals.filter(amount__gt=0).exclude(status="withdrawn").select_related("prepared_by").get()
    on = on or open_period(row.legal_entity, payable.accounting_date)
    if on is None:
        raise NotReady(f"No accounting period of {row.legal_entity.code} from {payable.accounting_date} on is open.")
    journal = book(row, items, sign=-1, on=on, by=payable.prepared_by)
    ReimbursementItem.objects.filter(pk__in=[item.pk for item in items]).update(taken_back_by=journal)
    was_paid = row.status in PAID
    taken_back = sum((item.amount for item in row.items.filter(is_live=False)), ZERO)
    if row.status != Reimbursement.Status.REVERSED and not row.items.filter(is_live=True).exists():
        moves.move(row, Reimbursement.Status.REVERSED, taken_back=taken_back)
    else:
        moves.keep(row, taken_back=taken_back)
    amount = journals.text(-journal.amount)
    moves.told("taken_back", row, moves.BY, journal=journal.number, amount=amount, currency=row.currency)
    if was_paid:
        _ask_back(row, journal)
    return journal


def _ask_back(row: Reimbursement, journal: ReimbursementJournal) -> None:
    """The money has left the house: a person gets it back, or offsets it."""
    cases.raise_case(
        code=PAID_BACK,
        root_cause=f"reimbursement:{row.pk}:{journal.pk}",
        title=f"{Money(-journal.amount, row.currency)} were paid to {row.resource}, and are not owed any more",
        detail=f"The approval of expenses in {row} was withdrawn, or they were changed, after they were paid.",
        remedy=f"Get it back from {row.resource}, or offset it in the ERP against {journal.number}.",
        legal_entity=row.legal_entity.code,
        subject=("costs.reimbursement", str(row.pk), row.number),
        members=[cases.MemberIn("costs.reimbursement", str(row.pk), row.number, -journal.amount, row.currency)],
        by=moves.BY,
    )
