"""The ledger of retainers as a contract's page shows it."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.models import RetainerAccount, RetainerEntry
from integration_hub.console.tables import Column, Table
from integration_hub.console.wording import money_html

MINUTES = Decimal(60)


def amount_of(account: RetainerAccount, amount: Decimal) -> SafeString | str:
    """Money of a prepaid retainer; hours of an hour retainer, whose ledger is in minutes."""
    if account.month is None:
        return money_html(amount, account.line.contract.currency)
    return f"{amount / MINUTES:,.2f} h"


def name_of(account: RetainerAccount) -> str:
    """The line, and the month of an hour retainer."""
    return f"{account.line.name}, {account.month:%B %Y}" if account.month else account.line.name


def _cause(row: RetainerEntry) -> SafeString | str:
    """Why it moved, leading to the candidate or the work."""
    if row.candidate_id:
        url = reverse("billing:candidate-detail", args=[row.candidate_id])
    elif row.event_id:
        url = reverse("billing:work-detail", args=[row.event_id])
    else:
        return row.cause
    return format_html('<a href="{}">{}</a>', url, row.cause)


class RetainerMoves(Table):
    """Every movement of a contract's retainers with its cause, the latest first."""

    caption = "Movements of the retainers"
    default_sort = "-pk"
    page_size = 25
    columns = [
        Column("at", "When", kind="datetime"),
        Column("account", "Retainer", accessor=lambda row: name_of(row.account)),
        Column("kind", "Movement", accessor="get_kind_display"),
        Column("amount", "Amount", align="end", accessor=lambda row: amount_of(row.account, row.amount)),
        Column("after", "Left after it", align="end", accessor=lambda row: amount_of(row.account, row.after)),
        Column("cause", "Because", accessor=_cause),
    ]

    def row_tone(self, row: Any) -> str:
        return "muted" if row.kind == RetainerEntry.Kind.FORFEIT else ""
