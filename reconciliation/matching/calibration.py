"""How sure a way of matching is: the lower bound of its precision, measured from what people decided."""

from decimal import ROUND_DOWN, Decimal
from math import sqrt

Z = 1.96
"""Of a bound that the true precision is below in one of forty cases."""
PLACES = Decimal("0.00001")


def lower_bound(right: int, wrong: int) -> Decimal:
    """The lower end of Wilson's interval for `right` of `right + wrong`; 0 where nobody has decided anything.

    >>> lower_bound(10, 0), lower_bound(1000, 0), lower_bound(1000, 10)
    (Decimal('0.72245'), Decimal('0.99617'), Decimal('0.98187'))
    """
    n = right + wrong
    if not n:
        return Decimal(0)
    share = right / n
    middle = share + Z * Z / (2 * n)
    reach = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return Decimal(max(0.0, (middle - reach) / (1 + Z * Z / n))).quantize(PLACES, ROUND_DOWN)
