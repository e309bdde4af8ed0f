"""Tables of what was agreed."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from contracts import wording
from contracts.lineage import link
from contracts.models import Amendment, CostRate, ExternalReference, Method, Milestone, RateRow
from integration_hub.canonical import nouns
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.console.wording import number
from integration_hub.kernel.money import show


def contract_url(row: Any) -> str:
    """The page of a row's contract."""
    return link("contracts:contract-detail", row.contract_id) if row.contract_id else ""


class ContractTable(Table):
    """The list of contracts."""

    caption = "Contracts"
    default_sort = "number"
    columns = [
        Column("number", "Contract", kind="link", sortable=True),
        Column("name", "Name", sortable=True),
        Column(
            "customer.name",
            "Customer",
            sortable=True,
            url=lambda row: link("contracts:customer-detail", row.customer_id),
        ),
        Column("legal_entity.code", "Entity", sortable=True, hideable=True),
        Column("methods", "Billed by", accessor=lambda row: methods_of(row), hideable=True),
        Column("currency", "Currency", hideable=True, hidden=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("signed_on", "Signed", kind="date", sortable=True, hideable=True, hidden=True),
        Column("starts_on", "Starts", kind="date", sortable=True, hideable=True),
        Column("ends_on", "Ends", kind="date", sortable=True, hint="Last day, inclusive"),
        Column("delivery_lead", "Delivery lead", sortable=True, hideable=True, hidden=True),
    ]

    def row_url(self, row: Any) -> str:
        return link("contracts:contract-detail", row.pk)

    def row_tone(self, row: Any) -> str:
        return {"suspended": "warning", "closed": "muted", "terminated": "muted"}.get(row.status, "")


SHORT = {
    Method.TIME_AND_MATERIALS: "T&M",
    Method.MILESTONE: "Milestones",
    Method.PROGRESS: "Progress",
    Method.RETAINER_HOURS: "Retainer",
    Method.RETAINER_PREPAID: "Prepaid",
    Method.FIXED_SCHEDULE: "Fixed",
    Method.EXPENSE: "Expenses",
    Method.USAGE: "Usage",
    Method.COMMITMENT: "Minimum",
    Method.INCLUDED: "Included",
}


def methods_of(row: Any) -> str:
    """How a contract's lines are billed; `methods` is annotated."""
    return ", ".join(words for method, words in SHORT.items() if method in (row.methods or ()))


class VersionTable(Table):
    """The versions of one contract."""

    caption = "Versions"
    default_sort = "-number"
    columns = [
        Column("number", "Version", accessor=lambda row: f"v{row.number}"),
        Column("effective_on", "In force from", kind="date"),
        Column("amendment", "Made by", accessor=lambda row: row.amendment.number if row.amendment else "Signature"),
        Column("reason", "What changed"),
        Column("recorded_at", "Recorded", kind="datetime"),
    ]


class AmendmentTable(Table):
    """Amendments of one contract, with how far each has travelled. `processes` are by business key."""

    caption = "Amendments"
    default_sort = "-effective_on"
    columns = [
        Column("number", "Amendment"),
        Column("kind", "Kind", accessor="get_kind_display"),
        Column("change", "Change", accessor=lambda row: change_of(row)),
        Column("signed_on", "Signed", kind="date"),
        Column("effective_on", "In force from", kind="date"),
        Column("status", "Status", kind="badge"),
        Column("travel", "Other systems", kind="badge", accessor=lambda row: travel_of(row)),
    ]


def change_of(amendment: Amendment) -> str:
    """What an amendment changes, in words."""
    changes, currency = amendment.changes, amendment.contract.currency
    words = []
    if changes.get("new_rate"):
        words.append(f"{changes.get('role') or 'Every role'} at {number(changes['new_rate'])} {currency} per hour")
    if changes.get("new_limit"):
        soft = "Soft limit" if changes.get("cap_kind") == "soft" else "Limit"
        per = " a month" if changes.get("cap_period") == "month" else ""
        words.append(f"{soft} {number(changes['new_limit'])} {currency}{per}")
    if changes.get("new_end_on"):
        end = date.fromisoformat(changes["new_end_on"])
        words.append(f"Ends {end.day} {end:%b %Y}")
    if words and changes.get("line"):
        words.append(f"line {changes['line']}")
    return ", ".join(words) or amendment.description


def travel_of(amendment: Amendment) -> Badge | None:
    """Whether PSA, ERP and CRM have an applied amendment."""
    if amendment.propagated_at:
        return Badge("Everywhere", "success", "circle-check")
    if amendment.status != Amendment.Status.APPLIED:
        return None
    process = getattr(amendment, "process", None)
    if process is not None and process.state in {"undone", "compensating"}:
        return Badge("Did not arrive", "danger", "alert-octagon")
    if process is not None and process.state == "waiting":
        return Badge("Waits for a person", "warning", "hand-stop")
    return Badge("On its way", "progress", "loader")


class LineTable(Table):
    """The lines of one contract."""

    caption = "Contract lines"
    default_sort = "number"
    columns = [
        Column("number", "Line", kind="number", align="start"),
        Column("name", "Name"),
        Column("method", "Billed by", accessor="get_method_display"),
        Column("terms", "Terms", accessor=lambda row: terms_of(row)),
        Column("amount", "Amount", kind="money", currency="contract.currency", hint="Fee per period or fixed price"),
        Column("cap", "Limit", kind="money", accessor=lambda row: limit_of(row), currency="contract.currency"),
        Column("starts_on", "From", kind="date"),
        Column("ends_on", "Until", kind="date"),
        Column("introduced_in", "Since", accessor="introduced_in"),
        Column("status", "Status", kind="badge"),
    ]


def terms_of(line: Any) -> str:
    """The terms of a line beyond its amount."""
    words = []
    if line.frequency and line.frequency != "once":
        words.append(line.get_frequency_display())
    if line.included_hours:
        words.append(f"{number(line.included_hours)} h included, unused {line.get_unused_display().lower()}")
    if line.overage_rate:
        words.append(f"beyond at {number(line.overage_rate)} per hour")
    if line.expense_rule:
        markup = f" of {number(line.markup_percent)} %" if line.expense_rule == "markup" and line.markup_percent else ""
        words.append(f"expenses {line.get_expense_rule_display().lower()}{markup}")
    words += wording.of_line(line)
    return ", ".join(words)


def limit_of(line: Any) -> Any:
    """The limit on a line, or None."""
    return next((cap.limit for cap in line.caps.all()), None)


class RateTable(Table):
    """Prices that apply, or applied, to one contract."""

    caption = "Prices"
    default_sort = "role"
    page_size = 100
    columns = [
        Column("role", "For", accessor=lambda row: row.item or row.resource or row.role or "Everybody"),
        Column("rate", "Rate", kind="text", align="end", accessor=lambda row: rate_of(row)),
        Column("from", "From", kind="date", accessor="validity.lower"),
        Column("to", "Before", kind="date", accessor="validity.upper", hint="First day it applies no more"),
        Column("card", "Card", accessor=lambda row: f"{row.card} ({row.card.get_scope_display().lower()})"),
        Column("introduced", "Came with", accessor="introduced_in"),
        Column("withdrawn", "Withdrawn by", accessor="withdrawn_in"),
        Column("source", "Source", kind="code", hideable=True, hidden=True),
    ]

    def row_tone(self, row: Any) -> str:
        return "muted" if row.withdrawn_in_id else ""


def rate_of(row: RateRow | CostRate) -> str:
    """`210.00 EUR per hour`: with cents, and with every further digit a rate has."""
    exact = number(row.rate)
    whole = show(row.rate, row.currency) if row.rate == round(row.rate, 2) else f"{exact} {row.currency}"
    day = f" of {number(row.hours_per_day)} hours" if isinstance(row, RateRow) and row.unit == "day" else ""
    return f"{whole} per {row.get_unit_display().lower()}{day}"


class ExchangeRateTable(Table):
    """What one currency is in another from a day on."""

    caption = "Exchange rates"
    default_sort = "-day"
    columns = [
        Column("day", "From", kind="date", order_by="day"),
        Column("base", "Base", order_by="base"),
        Column("quote", "Quote", order_by="quote"),
        Column(
            "rate",
            "Rate",
            align="end",
            accessor=lambda row: number(row.rate),
            hint="How much of the quote currency one unit of the base currency is",
        ),
        Column("source", "Source", kind="text"),
        Column("recorded_at", "Recorded", kind="datetime"),
    ]


class CostRateTable(Table):
    """What an hour of somebody's work costs."""

    caption = "Cost rates"
    default_sort = "-recorded_at"
    columns = [
        Column("legal_entity.code", "Entity", sortable=True),
        Column("for", "For", accessor=lambda row: row.resource or row.role, url=lambda row: withdraw_url(row)),
        Column("kind", "Kind", accessor=lambda row: "Person" if row.resource else "Role"),
        Column("vendor", "Subcontractor", kind="text"),
        Column("rate", "Cost rate", kind="text", align="end", accessor=lambda row: rate_of(row)),
        Column("from", "From", kind="date", accessor="validity.lower"),
        Column("to", "Before", kind="date", accessor="validity.upper", hint="First day it holds no more"),
        Column("source", "Source", kind="text", hideable=True),
        Column("recorded_at", "Recorded", kind="datetime", sortable=True),
        Column("withdrawn_at", "Withdrawn", kind="datetime"),
    ]

    def row_tone(self, row: Any) -> str:
        return "muted" if row.withdrawn_at else ""


class StandardPriceTable(Table):
    """What work sells for where nothing else is agreed."""

    caption = "Standard prices"
    default_sort = "-created_at"
    columns = [
        Column("entity", "Entity", accessor="card.legal_entity.code"),
        Column("for", "For", accessor=lambda row: row.resource or row.role or "Everybody"),
        Column("rate", "Price", kind="text", align="end", accessor=lambda row: rate_of(row)),
        Column("from", "From", kind="date", accessor="validity.lower"),
        Column("to", "Before", kind="date", accessor="validity.upper", hint="First day it holds no more"),
        Column("source", "Source", kind="text", hideable=True),
        Column("created_at", "Recorded", kind="datetime", sortable=True),
    ]


def withdraw_url(row: CostRate) -> str:
    """Where a cost rate is taken back, while it holds."""
    return "" if row.withdrawn_at else link("contracts:cost-rate-withdraw", row.pk)


class ProjectTable(Table):
    """The list of projects."""

    caption = "Projects"
    default_sort = "code"
    columns = [
        Column("code", "Project", sortable=True),
        Column("name", "Name", sortable=True),
        Column("contract.number", "Contract", sortable=True, url=contract_url),
        Column("contract.customer.name", "Customer", sortable=True, hideable=True),
        Column("contract.legal_entity.code", "Entity", sortable=True, hideable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("starts_on", "Starts", kind="date", sortable=True),
        Column("ends_on", "Ends", kind="date", sortable=True),
    ]

    def row_url(self, row: Any) -> str:
        return link("contracts:project-detail", row.pk)

    def row_tone(self, row: Any) -> str:
        return "" if row.contract_id else "warning"


class TaskTable(Table):
    """The tasks of one project and the line each is billed under."""

    caption = "Tasks"
    default_sort = "code"
    columns = [
        Column("code", "Task", kind="code"),
        Column("name", "Name"),
        Column("line", "Contract line"),
        Column("method", "Billed by", accessor=lambda row: row.line.get_method_display() if row.line else None),
    ]


class MilestoneTable(Table):
    """Milestones of a contract."""

    caption = "Milestones"
    default_sort = "due_on"
    columns = [
        Column("name", "Milestone"),
        Column("line", "Line", accessor=lambda row: str(row.line)),
        Column("amount", "Amount", kind="money"),
        Column("due_on", "Due", kind="date"),
        Column("status", "Status", kind="badge"),
        Column("accepted_on", "Accepted", kind="date"),
        Column("accepted_by", "By"),
        Column("evidence", "Proof"),
    ]

    def __init__(self, rows: "QuerySet[Milestone]", request: HttpRequest, *, name: str = "", today: date) -> None:
        super().__init__(rows, request, name=name)
        self.today = today

    def row_tone(self, row: Any) -> str:
        late = row.status not in {"accepted", "cancelled"} and row.due_on and row.due_on < self.today
        return "warning" if late else ""


class ReferenceTable(Table):
    """Where our rows live in other systems. `owners` names the row of each reference."""

    caption = "References"
    default_sort = "connection__name"
    page_size = 100
    columns = [
        Column("connection.name", "System"),
        Column("owner", "Ours", accessor=lambda row: getattr(row, "owner", "")),
        Column("entity", "Theirs", accessor=lambda row: nouns.one(row.entity).capitalize()),
        Column("number", "Number there"),
        Column("source_id", "Id there", kind="code"),
        Column("sync", "State", kind="badge", accessor=lambda row: sync_of(row)),
        Column("synced_at", "Read or written", kind="ago"),
        Column("detail", "Note", hideable=True),
    ]

    def row_tone(self, row: Any) -> str:
        return {"failed": "danger", "drifted": "warning"}.get(row.sync, "")


class OwnReferences(ReferenceTable):
    """References on the page of the one row they belong to."""

    columns = [column for column in ReferenceTable.columns if column.name not in {"owner", "detail"}]


_SYNC = {
    "current": ("success", "circle-check"),
    "pending": ("progress", "loader"),
    "failed": ("danger", "alert-octagon"),
    "drifted": ("warning", "alert-triangle"),
}


def sync_of(row: ExternalReference) -> Badge:
    """Whether a row agrees with its copy in the other system."""
    tone, icon = _SYNC.get(row.sync, ("neutral", "point"))
    return Badge(str(row.get_sync_display()), tone, icon)  # type: ignore[arg-type]  # tones of the table above


class CustomerTable(Table):
    """The list of customers."""

    caption = "Customers"
    default_sort = "name"
    columns = [
        Column("name", "Customer", sortable=True),
        Column("code", "Number", kind="code", sortable=True),
        Column("parent.name", "Belongs to", sortable=True, hideable=True),
        Column("country", "Country", sortable=True, hideable=True),
        Column("contract_count", "Contracts", kind="number", sortable=True),
        Column("status", "Status", kind="badge", sortable=True),
    ]

    def row_url(self, row: Any) -> str:
        return link("contracts:customer-detail", row.pk)
