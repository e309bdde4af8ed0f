"""Tables of delivered work."""

from typing import Any

from django.urls import reverse

from billing.models import BillableEvent
from billing.naming import code_words
from billing.tables.words import contract_url, hours_of, rate_text
from integration_hub.console.tables import Column, Table


class WorkTable(Table):
    """Delivered work, one line per piece in one state."""

    caption = "Billable work"
    default_sort = "-event__service_date"
    columns = [
        Column("service_date", "Date", kind="date", accessor="event.service_date", sortable=True),
        Column("person", "Person", accessor=lambda row: who(row), sortable=True, order_by="event__resource__name"),
        Column("what", "What", accessor=lambda row: what(row), hideable=True),
        Column("contract.number", "Contract", sortable=True, url=contract_url),
        Column("project", "Project", accessor="event.project.code", sortable=True, hideable=True, hidden=True,
               order_by="event__project__code"),
        Column("hours", "Hours", kind="hours", accessor=hours_of, sortable=True, order_by="minutes"),
        Column("rate", "Rate", align="end", accessor=rate_text),
        Column("amount", "Net", kind="money", sortable=True, hint="Exact; rounded once, on the printed line"),
        Column("state", "State", kind="badge", sortable=True),
        Column("why", "Why", accessor=lambda row: ", ".join(map(code_words, row.codes))),
        Column("codes", "Code", kind="code", accessor=lambda row: " ".join(row.codes), hideable=True, hidden=True),
        Column("approval", "Approval", accessor="event.get_approval_display", hideable=True, hidden=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
        Column("work_key", "Source", kind="code", accessor="event.work_key", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.event_id])

    def row_tone(self, row: Any) -> str:
        return {"blocked": "danger", "held": "warning", "over_cap": "warning"}.get(row.state, "")


class ChosenWork(WorkTable):
    """Work to be ticked."""

    selectable = True


class HeldWork(WorkTable):
    """Work on the page of the hold that keeps it back: it stands in one state for one reason."""

    columns = [column for column in WorkTable.columns if column.name not in {"state", "why", "codes"}]


def who(row: Any) -> str:
    """The person of a piece of work, or what it is when nobody worked."""
    event: BillableEvent = row.event
    return event.resource.name if event.resource else event.get_kind_display()


def what(row: Any) -> str:
    """What was done, in short."""
    event: BillableEvent = row.event
    text: str = event.description or (row.line.name if row.line else "") or event.category or event.task_code
    role = event.role or (event.resource.role if event.resource else "")
    return text if len(text) <= 48 else text[:47].rstrip() + "…" if text else role


class BehindTable(Table):
    """The work behind the lines of one candidate."""

    caption = "Work behind the lines"
    default_sort = "event__service_date"
    page_size = 25
    columns = [
        Column("line", "Line", accessor="candidate_line.number", kind="number", align="start", sortable=True,
               order_by="candidate_line__number"),
        Column("date", "Date", kind="date", accessor="event.service_date", sortable=True,
               order_by="event__service_date"),
        Column("person", "Person", accessor=who, sortable=True, order_by="event__resource__name"),
        Column("what", "What", accessor=what),
        Column("hours", "Hours", kind="hours", accessor=hours_of),
        Column("rate", "Rate", align="end", accessor=rate_text),
        Column("amount", "Net, exact", kind="money"),
        Column("net", "Net on the line", kind="money", hint="Its share of the line, after rounding"),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.event_id])
