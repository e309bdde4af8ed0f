"""Tables of billing: work, holds, runs, candidates, invoices, cash."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing import policies
from billing.models import BillableEvent, Candidate
from billing.queries import Sum_
from integration_hub.console.badges import Badge, badge
from integration_hub.console.buttons import Button
from integration_hub.console.tables import Column, Table
from integration_hub.console.wording import badge_html, hours, number
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import show


def contract_url(row: Any) -> str:
    """The page of a row's contract."""
    return reverse("contracts:contract-detail", args=[row.contract_id]) if row.contract_id else ""


def state_html(row: Any) -> SafeString:
    """A piece's state with its codes beside it."""
    shown = badge_html(badge(row.state, row.get_state_display()))
    codes = " ".join(row.codes)
    return format_html('{} <code class="id">{}</code>', shown, codes) if codes else shown


def rate_text(row: Any) -> str | None:
    """A rate with every digit it has, at least two."""
    if row.rate is None:
        return None
    return show(row.rate, row.currency).rpartition(" ")[0] if row.rate == round(row.rate, 2) else number(row.rate)


def hours_of(row: Any) -> Decimal | None:
    """Hours of a piece, from its minutes."""
    return row.minutes / 60 if row.minutes is not None else None


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
        Column("amount", "Amount", kind="money", sortable=True, hint="Exact; rounded once, on the printed line"),
        Column("state", "State", kind="text", accessor=state_html, sortable=True),
        Column("approval", "Approval", accessor="event.get_approval_display", hideable=True, hidden=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
        Column("work_key", "Source", kind="code", accessor="event.work_key", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.event_id])

    def row_tone(self, row: Any) -> str:
        return {"blocked": "danger", "held": "warning", "over_cap": "warning"}.get(row.state, "")


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


class ContractlessWork(WorkTable):
    """Work on a page that names the contract already."""

    columns = [column for column in WorkTable.columns if column.name != "contract.number"]


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
        Column("amount", "Exact", kind="money"),
        Column("net", "On the line", kind="money", hint="Its share of the line, after rounding"),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:work-detail", args=[row.event_id])


class HoldTable(Table):
    """Holds, open ones first, the one to look at soonest on top."""

    caption = "Holds"
    default_sort = "rank"
    has_buttons = True
    columns = [
        Column("target", "On", accessor=lambda row: f"{row.get_scope_display()} {row.target_label or row.target_id}"),
        Column("code", "Why", accessor="get_code_display", sortable=True, order_by="code"),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("effect", "Stops", accessor="get_effect_display", hideable=True),
        Column("placed_by", "Placed by", sortable=True, hideable=True),
        Column("placed_at", "Since", kind="ago", sortable=True),
        Column("review_on", "Review", kind="date", sortable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("owner_role", "Whose", accessor=lambda row: role_name(row.owner_role), hideable=True, hidden=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:hold-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        if row.status != "open":
            return "muted"
        return "warning" if row.review_on <= today() else ""

    def row_buttons(self, row: Any) -> list[Button]:
        return [release_button(row, self.request.user)] if row.status == "open" else []


def release_button(hold: Any, user: Any, *, tone: Any = "default") -> Button:
    """Release a hold, with the policy's reason when it may not be."""
    url = reverse("billing:hold-release", args=[hold.pk])
    return Button("Release", url, policies.can_release_hold(hold, user), tone, "lock-open", "a")


def role_name(role: str) -> str:
    """A role as people say it."""
    words = role.replace("_", " ")
    return "PMO" if words == "pmo" else words.capitalize()


class RunTable(Table):
    """Billing runs, newest first."""

    caption = "Billing runs"
    columns = [
        Column("pk", "Run", accessor=lambda row: f"Run {row.pk}"),
        Column("legal_entity.code", "Entity", sortable=True),
        Column("through", "Work through", kind="date", sortable=True),
        Column("invoice_date", "Invoice date", kind="date", sortable=True),
        Column("made", "Candidates", kind="number"),
        Column("started_by", "Started by", accessor="started_by.label"),
        Column("started_at", "Started", kind="datetime", sortable=True),
        Column("state", "State", kind="badge", sortable=True),
    ]

    def row_url(self, row: Any) -> str:
        return reverse("billing:run-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return "danger" if row.state == "failed" else ""


class CandidateTable(Table):
    """Candidates, in the order of the work that is left."""

    caption = "Invoice candidates"
    default_sort = "rank"
    columns = [
        Column("number", "Candidate", sortable=True),
        Column("customer", "Customer", accessor="bill_to.customer.name", sortable=True,
               order_by="bill_to__customer__name"),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
        Column("invoice_date", "Invoice date", kind="date", sortable=True),
        Column("net", "Net", kind="money", sortable=True),
        Column("tax", "Tax", kind="money", hideable=True),
        Column("gross", "Gross", kind="money", sortable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("stops", "What stops it", accessor=lambda row: stops_html(row)),
        Column("run", "Run", accessor=lambda row: f"Run {row.run_id}", hideable=True, hidden=True),
        Column("prepared_by", "Prepared by", accessor="prepared_by.label", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:candidate-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return {"needs_attention": "warning", "returned": "warning", "rejected": "danger", "dissolved": "muted"}.get(
            row.status, ""
        )


def stops_html(row: Candidate) -> SafeString | str:
    """The codes that stop a candidate, else those that want a look; why it came back."""
    if row.codes:
        return format_html('<code class="id">{}</code>', " ".join(row.codes))
    if row.status in {"returned", "rejected"}:
        return row.returned_reason if len(row.returned_reason) <= 60 else row.returned_reason[:59].rstrip() + "…"
    return format_html('<span class="muted">{}</span>', " ".join(row.warnings)) if row.warnings else ""


class ContractCandidates(CandidateTable):
    """Candidates on the page of their contract."""

    default_sort = "-pk"
    columns = [
        column for column in CandidateTable.columns if column.name not in {"customer", "contract.number", "tax", "run"}
    ]


class RunCandidates(CandidateTable):
    """Candidates of one run."""

    default_sort = "number"
    columns = [column for column in CandidateTable.columns if column.name != "run"]


class CandidateLineTable(Table):
    """The printed lines of one candidate."""

    caption = "Lines"
    default_sort = "number"
    page_size = 100
    columns = [
        Column("number", "Line", kind="number", align="start"),
        Column("description", "Description"),
        Column("service", "Service", accessor=lambda row: period(row)),
        Column("hours", "Hours", kind="hours"),
        Column("rate", "Rate", align="end", accessor=lambda row: line_rate(row)),
        Column("net", "Net", kind="money", currency="candidate.currency"),
        Column("tax_rate", "Tax rate", kind="percent"),
        Column("tax", "Tax", kind="money", currency="candidate.currency"),
    ]


def line_rate(row: Any) -> str | None:
    """The rate of a printed line."""
    if row.rate is None:
        return None
    exact = row.rate == round(row.rate, 2)
    return show(row.rate, row.candidate.currency).rpartition(" ")[0] if exact else number(row.rate)


def period(row: Any) -> str:
    """From one service day to another, or one day."""
    first, last = row.service_from, row.service_to
    if first == last:
        return f"{first.day} {first:%b %Y}"
    same = (first.year, first.month) == (last.year, last.month)
    start = str(first.day) if same else f"{first.day} {first:%b}"
    return f"{start} – {last.day} {last:%b %Y}"


class InvoiceTable(Table):
    """Posted invoices, newest first."""

    caption = "Invoices"
    default_sort = "-invoice_date"
    columns = [
        Column("number", "Invoice", sortable=True, hint="The ERP's number"),
        Column("customer", "Customer", accessor="bill_to.customer.name", sortable=True,
               order_by="bill_to__customer__name"),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
        Column("invoice_date", "Date", kind="date", sortable=True),
        Column("due_on", "Due", kind="date", sortable=True),
        Column("net", "Net", kind="money", hideable=True, hidden=True),
        Column("tax", "Tax", kind="money", hideable=True, hidden=True),
        Column("gross", "Gross", kind="money", sortable=True),
        Column("paid", "Paid", kind="money", sortable=True),
        Column("left", "Open", kind="money", sortable=True),
        Column("status", "Status", kind="badge", accessor=lambda row: invoice_badge(row), sortable=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:invoice-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return "warning" if overdue(row) else ""


def overdue(row: Any) -> bool:
    """Whether an invoice should have been paid by now."""
    return row.status in {"posted", "part_paid"} and row.due_on is not None and row.due_on < today()


def invoice_badge(row: Any) -> Badge:
    """The status of an invoice; overdue is said in words."""
    if overdue(row):
        return Badge(f"{row.get_status_display()}, overdue", "warning", "alert-triangle")
    return badge(row.status, row.get_status_display())


class ContractInvoices(InvoiceTable):
    """Invoices on the page of their contract."""

    columns = [column for column in InvoiceTable.columns if column.name not in {"customer", "contract.number"}]


class InvoiceLineTable(Table):
    """The lines of a posted invoice."""

    caption = "Lines"
    default_sort = "number"
    page_size = 100
    columns = [
        Column("number", "Line", kind="number", align="start"),
        Column("description", "Description"),
        Column("service", "Service", accessor=lambda row: period(row.candidate_line)),
        Column("hours", "Hours", kind="hours", accessor="candidate_line.hours"),
        Column("net", "Net", kind="money", currency="invoice.currency"),
        Column("tax", "Tax", kind="money", currency="invoice.currency"),
        Column("remote_line", "Reference in the ERP", kind="code", hideable=True),
    ]


class PaymentTable(Table):
    """Payments as the ERP reports them."""

    caption = "Payments"
    default_sort = "-received_on"
    columns = [
        Column("number", "Payment", sortable=True),
        Column("received_on", "Received", kind="date", sortable=True),
        Column("customer.name", "Customer", sortable=True),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("connection.name", "From", hideable=True),
        Column("amount", "Amount", kind="money", sortable=True),
        Column("applied", "Applied", kind="money"),
        Column("invoices", "To invoices", accessor=lambda row: applied_to(row)),
        Column("state", "State", kind="badge", accessor=lambda row: payment_badge(row)),
    ]

    def row_tone(self, row: Any) -> str:
        return "warning" if row.is_reversed else ""


def applied_to(row: Any) -> SafeString | str:
    """The invoices of a payment, as links."""
    from django.utils.html import format_html_join

    links = [
        (reverse("billing:invoice-detail", args=[part.invoice_id]), part.invoice.number)
        for part in row.applications.all()
    ]
    return format_html_join(", ", '<a href="{}">{}</a>', links)


def payment_badge(row: Any) -> Badge:
    """Whether a payment stands and is used up."""
    if row.is_reversed:
        return Badge("Reversed", "warning", "arrow-back-up")
    if (row.applied or 0) < row.amount:
        return Badge("Not all applied", "info", "circle-dot")
    return Badge("Applied", "success", "circle-check")


class CreditMemoTable(Table):
    """Credit memos as the ERP reports them."""

    caption = "Credit memos"
    default_sort = "-issued_on"
    columns = [
        Column("number", "Credit memo", sortable=True),
        Column("issued_on", "Issued", kind="date", sortable=True),
        Column("invoice.number", "Reduces", sortable=True,
               url=lambda row: reverse("billing:invoice-detail", args=[row.invoice_id]) if row.invoice_id else ""),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("connection.name", "From", hideable=True),
        Column("net", "Net", kind="money"),
        Column("tax", "Tax", kind="money"),
        Column("gross", "Gross", kind="money", sortable=True),
        Column("applied", "Applied", kind="money", sortable=True),
    ]  # fmt: skip

    def row_tone(self, row: Any) -> str:
        return "" if row.invoice_id else "warning"


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


def half_open(row: Any) -> str:
    """A half-open period [from, to) as people say it: first day to last day."""
    from datetime import timedelta

    first, last = row.period_from, row.period_to - timedelta(days=1)
    return f"{first.day} {first:%b %Y}" if first == last else f"{first.day} {first:%b} – {last.day} {last:%b %Y}"


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


def sum_words(found: Sum_) -> str:
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
