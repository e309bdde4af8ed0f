"""Tables of billing, one module per noun."""

from billing.tables.bulk import BulkItemTable
from billing.tables.candidates import (
    AskedCredits,
    CandidateLineTable,
    CandidateTable,
    ChosenCandidates,
    ContractCandidates,
    CreditLineTable,
    RunCandidates,
)
from billing.tables.delegations import DelegationTable
from billing.tables.holds import HoldTable, RunTable, release_button
from billing.tables.invoices import (
    ContractInvoices,
    CreditMemoTable,
    InvoiceLineTable,
    InvoiceTable,
    PaymentTable,
    invoice_badge,
    overdue,
)
from billing.tables.late import LateChangeTable, work_of
from billing.tables.papers import EntryTable
from billing.tables.plans import LimitMonths, RecognitionTable, RevenuePostingTable, RevenueTable, ScheduleTable
from billing.tables.retainers import RetainerMoves
from billing.tables.sheets import sheet_rows, standing_rows
from billing.tables.words import hours_of, role_name, sum_words, work_list_url
from billing.tables.work import BehindTable, ChosenWork, HeldWork, WorkTable

__all__ = [
    "AskedCredits",
    "BehindTable",
    "BulkItemTable",
    "CandidateLineTable",
    "CandidateTable",
    "ChosenCandidates",
    "ChosenWork",
    "ContractCandidates",
    "ContractInvoices",
    "CreditLineTable",
    "CreditMemoTable",
    "DelegationTable",
    "EntryTable",
    "HeldWork",
    "HoldTable",
    "InvoiceLineTable",
    "InvoiceTable",
    "LateChangeTable",
    "LimitMonths",
    "PaymentTable",
    "RecognitionTable",
    "RetainerMoves",
    "RevenuePostingTable",
    "RevenueTable",
    "RunCandidates",
    "RunTable",
    "ScheduleTable",
    "WorkTable",
    "hours_of",
    "invoice_badge",
    "overdue",
    "release_button",
    "role_name",
    "sheet_rows",
    "standing_rows",
    "sum_words",
    "work_list_url",
    "work_of",
]
