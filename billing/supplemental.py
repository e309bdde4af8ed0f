"""Late work that goes on an invoice of its own, where that is agreed (R10, `late_policy: supplemental`).

Late is what comes to be billed once an invoice has covered its day: the client has closed that period, and asks what is
new in it rather than to find it among the next one's work.
"""

from datetime import date

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from billing.models import BillableEvent, Candidate, Piece
from contracts.models import Contract
from contracts.queries import policy_of

SENT = (Candidate.Status.POSTING, Candidate.Status.POSTED)
OF_THE_CONTRACT = (BillableEvent.Kind.MILESTONE, BillableEvent.Kind.FEE)
"""What comes from the contract itself, and is due when it says."""


def covered(contract: Contract) -> dict[int, date]:
    """Through which day each payer (by its bill-to) was invoiced by billing runs; nothing unless it is agreed.

    An invoice of late work covers no more days than those before it did.
    """
    if policy_of(contract).late_policy != "supplemental":
        return {}
    regular = Candidate.objects.filter(
        contract=contract, kind=Candidate.Kind.INVOICE, run__isnull=False, is_supplemental=False, status__in=SENT
    )
    return dict(regular.order_by().values_list("bill_to").annotate(Max("through")))


def came_late(charges: QuerySet[Piece]) -> set[int]:
    """Those of the pieces to charge, by id, that are work which was never billed before.

    What replaces something that is credited, and differences in price, belong to what was billed in time.
    """
    taken_back = Piece.objects.filter(
        event__work_key=OuterRef("event__work_key"), corrects__isnull=False, is_current=True
    )
    again = Q(corrects__isnull=False) | Q(adjusts__isnull=False) | Exists(taken_back)
    rows = charges.exclude(again).exclude(event__kind__in=OF_THE_CONTRACT)
    return set(rows.order_by().values_list("pk", flat=True))
