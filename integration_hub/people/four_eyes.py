"""What one person may do alone: above these limits a second person decides."""

from collections.abc import Mapping
from decimal import Decimal

from django.conf import settings


def needs_second(*, items: int = 1, money: Mapping[str, Decimal], alone: Decimal | None = None) -> str:
    """Why a second person has to approve this, or an empty string. `money` is per currency and never summed across.

    `alone` is the amount one person may decide on where it is not the usual one.
    """
    limit = settings.ALONE_AMOUNT if alone is None else alone
    if items > settings.ALONE_ITEMS:
        return f"{items:,} items are more than one person may have done alone ({settings.ALONE_ITEMS:,})."
    for currency, amount in sorted(money.items()):
        if abs(amount) > limit:
            return f"{abs(amount):,.2f} {currency} is more than one person may decide alone ({limit:,})."
    return ""
