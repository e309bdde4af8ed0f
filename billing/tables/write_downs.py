"""Tables of write-downs and postponements."""

from typing import Any

from django.urls import reverse

from billing.tables.late import work_of
from billing.tables.words import contract_url
from integration_hub.console.tables import Column, Table


class WriteDownTable(Table):
    """What is set aside before it is billed, the newest first."""

    caption = "Write-downs"
    default_sort = "-created_at"
    columns = [
        Column("what", "What", accessor=str),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("amount", "Net", kind="money", sortable=True, hint="Exact, at the price when it was proposed"),
        Column("reason", "Reason", accessor=lambda row: row.get_reason_display() or "–"),
        Column("fault", "Whose doing", accessor=lambda row: row.fault or "–", hideable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("proposed_by", "By", accessor="proposed_by.label", hideable=True),
        Column("created_at", "Since", kind="ago", sortable=True),
        Column("until", "Until", kind="date", sortable=True, hideable=True),
        Column("note", "Why", hideable=True, hidden=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:writedown-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return "muted" if row.status in ("reversed", "refused", "withdrawn") else ""


class WriteDownPartTable(Table):
    """The works of one write-down."""

    caption = "Work it sets aside"
    page_size = 25
    columns = [
        Column("work", "Work", accessor=work_of),
        Column(
            "minutes", "Hours", kind="hours", accessor=lambda row: None if row.minutes is None else row.minutes / 60
        ),
        Column("open_value", "Open then", kind="money", currency="write_down.currency"),
        Column("amount", "Set aside, net", kind="money", currency="write_down.currency"),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.event_id])
