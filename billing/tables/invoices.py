"""Tables of invoices, payments and credit memos."""

from typing import Any

from django.urls import reverse

from billing.tables.candidates import period
from billing.tables.words import contract_url
from integration_hub.console.badges import Badge, badge
from integration_hub.console.tables import Column, Table
from integration_hub.kernel.clock import today


class InvoiceTable(Table):
    """Posted invoices, newest first."""

    caption = "Invoices"
    default_sort = "-invoice_date"
    columns = [
        Column("number", "Invoice", kind="link", sortable=True, hint="The ERP's number"),
        Column("customer", "Customer", accessor="bill_to.customer.name", sortable=True,
               order_by="bill_to__customer__name"),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
        Column("invoice_date", "Date", kind="date", sortable=True),
        Column("due_on", "Due", kind="date", sortable=True),
        Column("net", "Net", kind="money", hideable=True, hidden=True),
        Column("tax", "Tax", kind="money", hideable=True, hidden=True),
        Column("gross", "Gross", kind="money", sortable=True),
        Column("paid", "Paid", kind="money", sortable=True, hideable=True, hidden=True),
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
        words = "Partly paid, overdue" if row.status == "part_paid" else "Overdue"
        return Badge(words, "warning", "alert-triangle")
    return badge(row.status, row.get_status_display())


class ContractInvoices(InvoiceTable):
    """Invoices on the page of their contract."""

    columns = [column for column in InvoiceTable.columns if column.name not in {"customer", "contract.number"}]


class InvoiceLineTable(Table):
    """The lines of a posted invoice; `credited` is annotated."""

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
        Column("credited", "Credited", kind="money", currency="invoice.currency", hint="Net, also what is on its way"),
        Column("remote_line", "Reference in the ERP", kind="code", hideable=True),
    ]


class PaymentTable(Table):
    """Payments as the ERP reports them."""

    caption = "Payments"
    default_sort = "-received_on"
    columns = [
        Column("number", "Payment", kind="link", sortable=True),
        Column("received_on", "Received", kind="date", sortable=True),
        Column("customer.name", "Customer", sortable=True),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("connection.name", "From", hideable=True),
        Column("amount", "Amount", kind="money", sortable=True),
        Column("applied", "Applied", kind="money", sortable=True),
        Column(
            "invoices",
            "To invoices",
            kind="link",
            accessor=lambda row: applied_to(row),
            url=lambda row: applied_url(row),
        ),
        Column("state", "State", kind="badge", accessor=lambda row: payment_badge(row)),
    ]

    def row_tone(self, row: Any) -> str:
        return "warning" if row.is_reversed else ""


def applied_to(row: Any) -> str:
    """The numbers of the invoices a payment or credit memo was applied to; `invoice_numbers` is annotated."""
    return ", ".join(row.invoice_numbers)


def applied_url(row: Any) -> str:
    """The invoice, when it is only one."""
    ids = row.invoice_ids
    return reverse("billing:invoice-detail", args=[ids[0]]) if len(ids) == 1 else ""


def payment_badge(row: Any) -> Badge:
    """Whether a payment stands and is used up."""
    if row.is_reversed:
        return Badge("Reversed", "warning", "arrow-back-up")
    if row.applied < row.amount:
        return Badge("Not all applied", "info", "circle-dot")
    return Badge("Applied", "success", "circle-check")


class CreditMemoTable(Table):
    """Credit memos as the ERP reports them."""

    caption = "Credit memos"
    default_sort = "-issued_on"
    columns = [
        Column("number", "Credit memo", kind="link", sortable=True),
        Column("issued_on", "Issued", kind="date", sortable=True),
        Column(
            "invoices", "Reduces", kind="link", accessor=lambda row: applied_to(row), url=lambda row: applied_url(row)
        ),
        Column("legal_entity.code", "Entity", hideable=True),
        Column("connection.name", "From", hideable=True),
        Column("net", "Net", kind="money"),
        Column("tax", "Tax", kind="money"),
        Column("gross", "Gross", kind="money", sortable=True),
        Column("applied", "Applied", kind="money", sortable=True),
        Column("state", "State", kind="badge", accessor=lambda row: memo_badge(row)),
    ]

    def row_tone(self, row: Any) -> str:
        return "" if row.invoice_ids else "warning"


def memo_badge(row: Any) -> Badge:
    """Whether a credit memo stands and is used up."""
    if row.is_voided:
        return Badge("Voided", "warning", "arrow-back-up")
    if row.applied < row.gross:
        return Badge("Not all applied", "info", "circle-dot")
    return Badge("Applied", "success", "circle-check")
