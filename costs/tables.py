"""Tables of costs and of their journals."""

from typing import Any

from contracts.lineage import link
from contracts.tables import rate_of
from costs.models import Cost
from integration_hub.console.badges import Badge, badge
from integration_hub.console.tables import Column, Table


def _state(row: Cost) -> Badge:
    if row.posting:
        return badge(row.posting.status, row.posting.get_status_display())
    return badge("waiting", "To post") if row.is_current or row.reverses_id else badge("superseded")


class CostTable(Table):
    """What work cost."""

    caption = "Costs of work"
    default_sort = "-service_date"
    columns = [
        Column(
            "service_date", "Day", kind="date", sortable=True, url=lambda row: link("billing:work-detail", row.event_id)
        ),
        Column("resource.name", "Person"),
        Column("role", "Role", hideable=True),
        Column("vendor", "Subcontractor", hideable=True, hidden=True),
        Column("project.code", "Project", url=lambda row: link("contracts:project-detail", row.project_id)),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("hours", "Hours", kind="hours", accessor=lambda row: row.minutes / 60),
        Column("rate", "Cost rate", kind="text", align="end", accessor=lambda row: rate_of(row)),
        Column("amount", "Cost", kind="money"),
        Column("state", "State", kind="badge", accessor=_state),
        Column("posting.number", "Journal", kind="code", hideable=True),
        Column("caused_by", "Counted because of", hideable=True, hidden=True),
    ]

    def row_tone(self, row: Any) -> str:
        return "" if row.is_current or row.reverses_id else "muted"


class CostPostingTable(Table):
    """Journals of costs."""

    caption = "Cost journals"
    default_sort = "-created_at"
    columns = [
        Column("number", "Number", url=lambda row: f"{link('costs:cost-list')}?posting={row.number}"),
        Column("project.code", "Project", url=lambda row: link("contracts:project-detail", row.project_id)),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("month", "Month of work", kind="date"),
        Column("accounting_date", "Accounting date", kind="date"),
        Column("amount", "Amount", kind="money"),
        Column("status", "Status", kind="badge"),
        Column("remote_number", "Number in the ERP", kind="code"),
        Column("created_at", "Sent", kind="datetime", sortable=True),
    ]


class PurchaseTable(Table):
    """Lines of vendors' bills."""

    caption = "Purchases"
    default_sort = "-delivered_on"
    columns = [
        Column("bill_number", "Bill", kind="code", accessor=lambda row: f"{row.bill_number}/{row.line_number}",
               url=lambda row: link("costs:purchase-decide", row.pk)),
        Column("vendor", "Vendor"),
        Column("delivered_on", "Day", kind="date", sortable=True),
        Column("project.code", "Project", url=lambda row: link("contracts:project-detail", row.project_id)),
        Column("category", "Category"),
        Column("amount", "Net", kind="money"),
        Column("handling", "What becomes of it", kind="badge"),
        Column("decided_by", "Decided by", hideable=True),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("description", "Description", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_tone(self, row: Any) -> str:
        return "muted" if row.is_deleted else ""


class ReimbursementTable(Table):
    """What people are owed."""

    caption = "Reimbursements"
    default_sort = "-approved_at"
    columns = [
        Column("number", "Number", kind="code"),
        Column("resource.name", "Person"),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("connection.name", "From", hideable=True, hidden=True),
        Column("report", "Expense report", kind="code", hideable=True),
        Column("amount", "Owed", kind="money", accessor=lambda row: row.amount - row.taken_back),
        Column("status", "State", kind="badge"),
        Column("approved_at", "Approved", kind="datetime", sortable=True),
        Column("posted_by", "Posted by", hideable=True, hidden=True),
        Column("paid_at", "Known as paid", kind="datetime", sortable=True,
               hint="When the ERP showed it as paid; not every ERP tells the day of the payment"),
        Column("paid_on", "Paid on", kind="date", sortable=True, hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return link("costs:reimbursement-detail", row.pk)

    def row_tone(self, row: Any) -> str:
        return "muted" if row.status in ("withdrawn", "reversed") else ""
