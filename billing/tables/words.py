"""What several tables say in the same words."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from billing.queries import Total
from integration_hub.console.wording import hours, number
from integration_hub.kernel.money import show


def contract_url(row: Any) -> str:
    """The page of a row's contract."""
    return reverse("contracts:contract-detail", args=[row.contract_id]) if row.contract_id else ""


def rate_text(row: Any) -> str | None:
    """A rate with every digit it has, at least two."""
    if row.rate is None:
        return None
    return show(row.rate, row.currency).rpartition(" ")[0] if row.rate == round(row.rate, 2) else number(row.rate)


def hours_of(row: Any) -> Decimal | None:
    """Hours of a piece, from its minutes."""
    return row.minutes / 60 if row.minutes is not None else None


def sum_words(found: Total) -> str:
    """What a sum is made of: `12 pieces, 34.50 h, 2 without a price`."""
    words = [f"{found.count:,} {'piece' if found.count == 1 else 'pieces'}"]
    if found.hours:
        words.append(hours(found.hours))
    if found.unpriced:
        words.append(f"{found.unpriced:,} without a price")
    return ", ".join(words)


def work_list_url(**filters: Any) -> str:
    """The list of work with filters."""
    query = urlencode({key: value for key, value in filters.items() if value not in (None, "")}, doseq=True)
    return f"{reverse('billing:work-list')}?{query}"


def role_name(role: str) -> str:
    """A role as people say it."""
    words = role.replace("_", " ")
    return "PMO" if words == "pmo" else words.capitalize()


def half_open(row: Any) -> str:
    """A half-open period [from, to) as people say it: first day to last day."""
    first, last = row.period_from, row.period_to - timedelta(days=1)
    return f"{first.day} {first:%b %Y}" if first == last else f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
