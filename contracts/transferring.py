"""Who lends whom, and at which price, on a day. Pure once the rows are read."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import QuerySet

from contracts.models import Capacity, TransferPrice
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q


class TransferPrices:
    """The prices at which legal entities borrow."""

    def __init__(self, rows: Iterable[TransferPrice]) -> None:
        self._rows: dict[tuple[int, int], list[TransferPrice]] = defaultdict(list)
        for row in rows:
            self._rows[row.lender_id, row.borrower_id].append(row)

    def of(self, *, lender: int, borrower: int, on: date) -> TransferPrice | None:
        """The price of a pair on a service date."""
        return next((row for row in self._rows[lender, borrower] if on in row.validity), None)


def transfer_prices(borrower: int) -> TransferPrices:
    """The approved prices at which a legal entity borrows, as they hold now."""
    rows = TransferPrice.objects.filter(TransferPrice.IN_FORCE, borrower=borrower)
    return TransferPrices(rows.select_related("lender", "borrower"))


class Homes:
    """Whom people work for, by the days of their capacity."""

    def __init__(self, rows: Iterable[Capacity]) -> None:
        self._rows: dict[int, list[Capacity]] = defaultdict(list)
        for row in rows:
            self._rows[row.resource_id].append(row)

    def of(self, *, resource: int, on: date) -> Capacity | None:
        """Where a person worked on a day; None where nobody says so, as of subcontractors' people."""
        return next((row for row in self._rows[resource] if on in row.validity), None)


def homes(resources: Collection[int]) -> Homes:
    """Whom these people work for; one statement."""
    return Homes(Capacity.objects.filter(resource__in=resources).select_related("legal_entity"))


def prices_for(user: User) -> "QuerySet[TransferPrice]":
    """The prices a person may see: who works for the lender or the borrower does."""
    either = scope_q(user, "lender__code") | scope_q(user, "borrower__code")
    return TransferPrice.objects.filter(either).select_related("lender", "borrower")
