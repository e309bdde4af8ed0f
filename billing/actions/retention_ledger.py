"""What is withheld of a payer, kept true to its documents (billing.md R18).

The sums follow from the documents and are computed anew under the account's lock whenever one of these takes its place,
is posted or goes: the same twice moves nothing, and the database refuses what would take more than is withheld.
"""

from django.db.models import F, Q, Sum

from billing.models import Candidate, RetentionAccount
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import ZERO


def settle(candidate: Candidate, *, is_gone: bool = False) -> None:
    """Bring the account of a document up to date; one that `is_gone` counts no more.

    IntegrityError where more would be taken than is left. The caller holds the row of the contract or of the candidate.
    """
    if not candidate.retained:
        return
    held = RetentionAccount.objects.select_for_update(no_key=True)
    account = held.get(contract=candidate.contract_id, bill_to=candidate.bill_to_id)
    rows = Candidate.objects.filter(contract=account.contract_id, bill_to=account.bill_to_id).exclude(retained=0)
    rows = rows.exclude(status=Candidate.Status.DISSOLVED)
    if is_gone:
        rows = rows.exclude(pk=candidate.pk)
    posted, taking = Q(status=Candidate.Status.POSTED), Q(retained__lt=0)
    sums = rows.aggregate(
        withheld=Sum("retained", filter=posted & ~taking),
        credited=-Sum("retained", filter=posted & taking & Q(is_release=False)),
        released=-Sum("retained", filter=posted & taking & Q(is_release=True)),
        reserved=-Sum("retained", filter=~posted & taking),
    )
    moved = {name: total or ZERO for name, total in sums.items()}
    RetentionAccount.objects.filter(pk=account.pk).update(version=F("version") + 1, updated_at=now(), **moved)
