"""What stops a reimbursement until somebody accepts it: the rules of its legal entity, and duties that met."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.models import LegalEntity
from contracts.queries import quote_of
from costs.models import Reimbursement, ReimbursementItem
from integration_hub.kernel.money import Money

CODE = "REIMBURSEMENT_STOPPED"


def root(row: Reimbursement) -> str:
    """The root cause of its case."""
    return f"reimbursement:{row.pk}"


def standing(row: Reimbursement) -> list[str]:
    """What stops it, in sentences; nothing of it where a person accepted it."""
    return [] if row.accepted_by else found(row)


def found(row: Reimbursement) -> list[str]:
    """What is to be accepted of it, whether or not somebody did."""
    entity, said = row.legal_entity, []
    for item in row.items.select_related("claim__approver", "claim__resource"):
        if not item.has_receipt and _needs_receipt(item, entity):
            said.append(f"{item} has no receipt.")
        if _is_late(item, entity):
            said.append(f"{item} was approved more than {entity.expenses_within_days} days after its day.")
        if item.claim.approver_id == row.resource_id:
            said.append(f"{item} was approved by {row.resource}, whose it is.")
    if row.amount <= 0:
        said.append(f"There is nothing to pay: its expenses add up to {Money(row.amount, row.currency)}.")
    return said


def _needs_receipt(item: ReimbursementItem, entity: LegalEntity) -> bool:
    """Whether it is above what the legal entity pays without one. Without a rate of its day it is taken to be."""
    if entity.receipt_above is None:
        return False
    amount: Decimal | None = item.amount
    if item.currency != entity.currency:
        quote = quote_of(item.currency, entity.currency, item.spent_on)
        amount = quote.convert(item.amount) if quote else None
    return amount is None or amount > entity.receipt_above


def _is_late(item: ReimbursementItem, entity: LegalEntity) -> bool:
    known = item.claim.approved_at
    if entity.expenses_within_days is None or known is None:
        return False
    return (known.astimezone(ZoneInfo(entity.zone)).date() - item.spent_on).days > entity.expenses_within_days


def still_stopped(root_cause: str) -> bool:
    """Whether the condition of a case stands."""
    row = Reimbursement.objects.select_related("legal_entity", "resource").filter(
        pk=int(root_cause.partition(":")[2]), status=Reimbursement.Status.DUE
    ).first()  # fmt: skip
    return row is not None and bool(standing(row))
