"""What is left of deposits, kept true to their documents (billing.md R13).

As with retention, the sums follow from the lines of documents and are computed anew under the account's lock whenever a
document takes its place, is posted or goes; the database refuses what would take more than was billed.
"""

from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum

from billing.models import Candidate, CandidateLine, DepositAccount
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import ZERO

KIND = "deposit"
"""Lines of documents that bill a deposit, take it off, or give it back."""


def settle(candidate: Candidate, *, is_gone: bool = False) -> None:
    """Bring the accounts of a document up to date; one that `is_gone` counts no more.

    IntegrityError where more would be taken than is left. The caller holds the row of the contract or of the candidate.
    """
    lines = set(candidate.lines.filter(kind=KIND).values_list("contract_line", flat=True))
    if not lines:
        return
    held = DepositAccount.objects.select_for_update(no_key=True).filter(line__in=lines, bill_to=candidate.bill_to_id)
    for account in held.order_by("pk"):
        rows = CandidateLine.objects.filter(
            kind=KIND, contract_line=account.line_id, candidate__bill_to=account.bill_to_id
        ).exclude(candidate__status=Candidate.Status.DISSOLVED)
        if is_gone:
            rows = rows.exclude(candidate=candidate)
        sums = _sums(rows)
        DepositAccount.objects.filter(pk=account.pk).update(version=F("version") + 1, updated_at=now(), **sums)


def _sums(rows: "QuerySet[CandidateLine]") -> dict[str, Decimal]:
    posted, ahead = Q(candidate__status=Candidate.Status.POSTED), Q(candidate__is_deposit=True)
    credit, taking = Q(candidate__kind=Candidate.Kind.CREDIT_MEMO), Q(net__lt=0)
    sums = rows.aggregate(
        billed=Sum("net", filter=posted & ahead),
        off=-Sum("net", filter=posted & taking & ~credit),
        back=Sum("net", filter=posted & ~taking & credit),
        refunded=-Sum("net", filter=posted & taking & credit),
        reserved=-Sum("net", filter=~posted & taking),
    )
    found = {name: total or ZERO for name, total in sums.items()}
    found["applied"] = found.pop("off") - found.pop("back")
    return found
