"""Tables of what falls due, what will be earned, and what months took of their limits."""

from typing import Any

from billing.engine.obligations import position
from billing.tables.words import half_open
from contracts.lineage import link
from integration_hub.console.tables import Column, Table
from integration_hub.kernel.money import ZERO


class ScheduleTable(Table):
    """What falls due when."""

    caption = "Billing schedule"
    default_sort = "due_on"
    page_size = 36
    columns = [
        Column("due_on", "Due", kind="date"),
        Column("line", "Line", accessor=lambda row: str(row.line)),
        Column("period", "For", accessor=lambda row: half_open(row)),
        Column("amount", "Amount", kind="money"),
        Column("status", "Status", kind="badge"),
        Column("reason", "Note"),
    ]

    def row_tone(self, row: Any) -> str:
        return "muted" if row.status == "skipped" else ""


class RevenueTable(Table):
    """What will be earned when."""

    caption = "Revenue plan"
    default_sort = "period_from"
    page_size = 36
    columns = [
        Column("period", "Period", accessor=half_open),
        Column("line", "Line", accessor=lambda row: str(row.plan.line)),
        Column("basis", "Basis", accessor="plan.get_basis_display"),
        Column("milestone", "Milestone"),
        Column("amount", "Revenue", kind="money", currency="plan.currency"),
    ]


class RecognitionTable(Table):
    """What months recognised of the obligations of a contract, the latest first."""

    caption = "Recognised revenue"
    default_sort = "-period"
    page_size = 36
    columns = [
        Column("period", "Month", accessor=lambda row: f"{row.period:%b %Y}", sortable=True),
        Column("obligation", "Obligation", accessor="obligation.code"),
        Column("allocated", "Of the price", kind="money", currency="obligation.currency"),
        Column("progress", "Done", kind="percent"),
        Column("amount", "Revenue", kind="money", currency="obligation.currency"),
        Column("cumulative", "In all", kind="money", currency="obligation.currency"),
        Column("invoiced", "Invoiced", kind="money", currency="obligation.currency", hideable=True),
        Column("asset", "Earned, not invoiced", kind="money", currency="obligation.currency",
               accessor=lambda row: position(row.cumulative, row.invoiced)[0]),
        Column("liability", "Invoiced, not earned", kind="money", currency="obligation.currency",
               accessor=lambda row: position(row.cumulative, row.invoiced)[1]),
    ]  # fmt: skip


class RevenuePostingTable(Table):
    """Journals of recognised revenue."""

    caption = "Revenue journals"
    default_sort = "-created_at"
    columns = [
        Column(
            "number", "Number", kind="code", url=lambda row: link("console:trace-record", "revenue_posting", row.pk)
        ),
        Column("contract.number", "Contract", url=lambda row: link("contracts:contract-detail", row.contract_id)),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("month", "Month", accessor=lambda row: f"{row.month:%b %Y}"),
        Column("accounting_date", "Accounting date", kind="date", hideable=True),
        Column("earned", "Earned", kind="money"),
        Column("asset", "Contract asset", kind="money", hint="By how much it grew"),
        Column("liability", "Contract liability", kind="money", hint="By how much it grew"),
        Column("amount", "Revenue beyond invoices", kind="money"),
        Column("status", "Status", kind="badge"),
        Column("remote_number", "Number in the ERP", kind="code"),
        Column("created_at", "Sent", kind="datetime", sortable=True),
    ]


class LimitMonths(Table):
    """The balance of each month of monthly limits."""

    caption = "Months of the limits"
    default_sort = "-month"
    page_size = 12
    columns = [
        Column("month", "Month", accessor=lambda row: f"{row.month:%B %Y}", order_by="month"),
        Column("name", "On", accessor=lambda row: str(row.cap.line or "Whole contract")),
        Column("kind", "Kind", accessor="get_kind_display"),
        Column("limit", "Limit", kind="money", currency="cap.currency"),
        Column("committed", "Billed", kind="money", currency="cap.currency"),
        Column("reserved", "In candidates", kind="money", currency="cap.currency"),
        Column("left", "Left", kind="money", currency="cap.currency", accessor=lambda row: max(
            ZERO, row.limit - row.reserved - row.committed
        )),
    ]  # fmt: skip
