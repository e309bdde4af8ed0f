"""The time and expenses behind one document, entry by entry: as it is printed, and as a file."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from billing.tables.words import hours_of, rate_text
from integration_hub.console.tables import Column, Table


class EntryTable(Table):
    """Entries in the order of the lines they are on."""

    caption = "Time and expenses"
    default_sort = "candidate_line__number"
    page_size = 100
    columns = [
        Column("line", "Line", accessor="candidate_line.number", kind="number", align="start", sortable=True,
               order_by="candidate_line__number"),
        Column("line_text", "Line text", accessor="candidate_line.description", hideable=True, hidden=True),
        Column("date", "Date", kind="date", accessor="event.service_date", sortable=True,
               order_by="event__service_date"),
        Column("person", "Person", accessor="event.resource.name", sortable=True, order_by="event__resource__name"),
        Column("role", "Role", accessor=lambda row: role_of(row), hideable=True),
        Column("worked", "Hours worked", kind="hours", accessor=lambda row: worked(row), sortable=True,
               order_by="event__minutes"),
        Column("billed", "Hours billed", kind="hours", accessor=hours_of, sortable=True, order_by="minutes"),
        Column("rate", "Rate", align="end", accessor=rate_text),
        Column("net", "Net", kind="money", sortable=True, hint="Its share of the line, after rounding"),
        Column("narrative", "Narrative", accessor=lambda row: narrative(row)),
        Column("work_key", "Source", kind="code", accessor="event.work_key", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.event_id])


def role_of(row: Any) -> str:
    """The role the work was done in."""
    return row.event.role or (row.event.resource.role if row.event.resource else "")


def worked(row: Any) -> Decimal | None:
    """Hours of the whole entry, of which this may be a part."""
    return None if row.event.minutes is None else row.event.minutes / 60


def narrative(row: Any) -> str:
    """What was written about it, else what it is."""
    return row.event.description or row.event.category or (row.line.name if row.line else "")
