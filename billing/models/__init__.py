"""What was delivered and what may be charged: events, decisions, holds, candidates, invoices, cash, revenue."""

from billing.models.bulk import BulkApproval, BulkItem
from billing.models.cash import CreditApplication, CreditMemo, Payment, PaymentApplication
from billing.models.credits import CreditOrder, CreditReason
from billing.models.delegations import Delegation
from billing.models.deposits import DepositAccount, DepositOrder, DepositTaking
from billing.models.documents import (
    Approval,
    BillingRun,
    Candidate,
    CandidateLine,
    Invoice,
    InvoiceLine,
    TaxDetermination,
)
from billing.models.holds import HOLD_MOVES, Hold, HoldCode, HoldEffect
from billing.models.journals import JOURNAL_MOVES, Journal, RevenuePosting
from billing.models.late import LATE_CHANGE_MOVES, ComparedTerms, LateChange, Waiver
from billing.models.limits import CapEntry
from billing.models.moves import CANDIDATE_MOVES, INVOICE_MOVES
from billing.models.obligations import Obligation, Recognition
from billing.models.papers import Paper, PaperPart
from billing.models.retainers import RetainerAccount, RetainerEntry
from billing.models.retentions import RetentionAccount, RetentionRelease
from billing.models.revenue import RevenueLine, RevenuePlan
from billing.models.schedule import ScheduleItem
from billing.models.work import PIECE_MOVES, AgreedTerms, BillableEvent, Decision, Piece
from billing.models.write_downs import (
    WRITE_DOWN_MOVES,
    WriteDown,
    WriteDownApproval,
    WriteDownPart,
    WriteDownReason,
)

__all__ = [
    "CANDIDATE_MOVES",
    "HOLD_MOVES",
    "INVOICE_MOVES",
    "JOURNAL_MOVES",
    "LATE_CHANGE_MOVES",
    "PIECE_MOVES",
    "WRITE_DOWN_MOVES",
    "AgreedTerms",
    "Approval",
    "BillableEvent",
    "BillingRun",
    "BulkApproval",
    "BulkItem",
    "Candidate",
    "CandidateLine",
    "CapEntry",
    "ComparedTerms",
    "CreditApplication",
    "CreditMemo",
    "CreditOrder",
    "CreditReason",
    "Decision",
    "Delegation",
    "DepositAccount",
    "DepositOrder",
    "DepositTaking",
    "Hold",
    "HoldCode",
    "HoldEffect",
    "Invoice",
    "InvoiceLine",
    "Journal",
    "LateChange",
    "Obligation",
    "Paper",
    "PaperPart",
    "Payment",
    "PaymentApplication",
    "Piece",
    "Recognition",
    "RetainerAccount",
    "RetainerEntry",
    "RetentionAccount",
    "RetentionRelease",
    "RevenueLine",
    "RevenuePlan",
    "RevenuePosting",
    "ScheduleItem",
    "TaxDetermination",
    "Waiver",
    "WriteDown",
    "WriteDownApproval",
    "WriteDownPart",
    "WriteDownReason",
]
