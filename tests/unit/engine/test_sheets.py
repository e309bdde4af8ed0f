"""The billing status of time: by value, by hours where a price lacks, never billed while something is open."""

from decimal import Decimal

import pytest

from billing.engine.sheets import Part, Status, standing


def part(state, amount=0, hours=0, unpriced=0):
    return Part(state, Decimal(amount), Decimal(hours) * 60, unpriced)


@pytest.mark.parametrize(
    ("parts", "percent", "status"),
    [
        ([], 0, Status.UNBILLED),
        ([part("non_billable", 400, 4), part("included", 90, 1), part("written_off", 50, 1)], 0, Status.UNBILLED),
        ([part("billable", 300, 2), part("reserved", 100, 1)], 0, Status.UNBILLED),
        ([part("posted", 300, 2), part("held", 100, 3)], 75, Status.PARTIALLY_BILLED),
        ([part("posted", 300, 2), part("over_cap", 100, 1)], 75, Status.PARTIALLY_BILLED),
        ([part("posted", 300, 2), part("written_off", 100, 1)], 100, Status.BILLED),
        ([part("corrected", 300, 2), part("posted", -300, -2), part("billable", 330, 2)], 0, Status.UNBILLED),
        ([part("posted", 300, 3), part("blocked", 0, 1, unpriced=1)], 75, Status.PARTIALLY_BILLED),
        ([part("posted", 0, 2)], 100, Status.BILLED),
    ],
)
def test_what_is_billed_of_what_is_billable(parts, percent, status):
    found = standing(parts)
    assert (found.percent, found.status) == (percent, status)
