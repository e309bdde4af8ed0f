"""What delivered work cost us, and what our people paid for it themselves."""

from costs.models.intercompany import IntercompanyCharge
from costs.models.reimbursements import (
    REIMBURSEMENT_MOVES,
    ExpenseClaim,
    Reimbursement,
    ReimbursementItem,
    ReimbursementJournal,
)
from costs.models.work import Cost, CostPosting, Purchase

__all__ = [
    "REIMBURSEMENT_MOVES",
    "Cost",
    "CostPosting",
    "ExpenseClaim",
    "IntercompanyCharge",
    "Purchase",
    "Reimbursement",
    "ReimbursementItem",
    "ReimbursementJournal",
]
