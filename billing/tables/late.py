"""Tables of changes of billed work."""

from typing import Any

from django.urls import reverse

from billing.late_words import in_short
from billing.tables.words import contract_url
from integration_hub.console.tables import Column, Table


class LateChangeTable(Table):
    """Changes of billed work, the newest first."""

    caption = "Changes of billed work"
    default_sort = "-created_at"
    columns = [
        Column("what", "Work", accessor=lambda row: work_of(row)),
        Column("changed", "What changed", accessor=in_short),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("billed", "Billed, net", kind="money", sortable=True, hint="What stood billed of the work, exact"),
        Column("created_at", "Since", kind="ago", sortable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("decided_by", "Decided by", hideable=True, hidden=True),
        Column("reason", "Reason", hideable=True, hidden=True),
        Column("work_key", "Source", kind="code", hideable=True, hidden=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:latechange-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return "" if row.status == "open" else "muted"


def work_of(row: Any) -> str:
    """Whose work of which day."""
    event = row.event
    who = event.resource.name if event.resource else event.category or ""
    day = f"{event.service_date.day} {event.service_date:%b %Y}"
    return " · ".join(part for part in (event.get_kind_display(), who, day) if part)
