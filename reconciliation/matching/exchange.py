"""Exchange rates that a comparison needs: of references whose sides are in different currencies, of their days."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from contracts.queries import quotes_into
from reconciliation.matching.staging import table_of

_NEEDED = """
SELECT DISTINCT a.currency, b.currency, a.on_date
  FROM recon_a AS a JOIN recon_b AS b USING (ref)
 WHERE a.ref <> '' AND a.currency <> b.currency AND a.currency <> '' AND b.currency <> '' AND a.on_date IS NOT NULL
 ORDER BY 1, 2, 3
"""


ONE = Decimal(1)


class Factor(NamedTuple):
    """An amount of `base` `times` and divided by `over` is one of `quote` on a day: by the number that was quoted."""

    base: str
    quote: str
    day: date
    times: Decimal
    over: Decimal


def known() -> list[Factor]:
    """The corporate rates in force on the days of what is staged; where none is known there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_NEEDED)
        needed: list[tuple[str, str, date]] = cursor.fetchall()
    quotes = quotes_into({(base, quote) for base, quote, _ in needed})
    found = []
    for base, quote, day in needed:
        last = next((one for one in reversed(quotes[base, quote]) if one.on <= day), None)
        if last is not None:
            times, over = (ONE, last.rate) if last.divides else (last.rate, ONE)
            found.append(Factor(base, quote, day, times, over))
    return found


def stage(factors: Sequence[Factor]) -> None:
    """Put them beside the sides."""
    table_of(
        "recon_rate", {"base": "text", "quote": "text", "day": "date", "times": "numeric", "over": "numeric"}, factors
    )
