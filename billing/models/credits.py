"""Credits that a person asked for: over which invoice, why, and what becomes of the work (billing.md R17, R20)."""

from django.db import models
from django.db.models import Q

from billing.models.documents import Candidate, Invoice
from integration_hub.kernel.models import Timestamped


class CreditReason(models.TextChoices):
    """Why something that is posted is credited."""

    RATE_ERROR = "RATE_ERROR", "Rate error"
    HOURS_ERROR = "HOURS_ERROR", "Hours error"
    WRONG_BILLTO = "WRONG_BILLTO", "Wrong bill-to"
    WRONG_PO = "WRONG_PO", "Wrong purchase order"
    DUPLICATE = "DUPLICATE", "Billed twice"
    SCOPE_DISPUTE = "SCOPE_DISPUTE", "Dispute about scope"
    QUALITY = "QUALITY", "Quality of the work"
    GOODWILL = "GOODWILL", "Goodwill"
    AMENDMENT = "AMENDMENT", "Amendment"
    TAX_ERROR = "TAX_ERROR", "Tax error"
    MILESTONE_WITHDRAWN = "MILESTONE_WITHDRAWN", "Milestone withdrawn"
    CANCELLED = "CANCELLED", "Cancelled"
    TERMINATED = "TERMINATED", "Ended before it was served"
    FORMAT_REBILL = "FORMAT_REBILL", "Billed anew in another form"
    BAD_DEBT = "BAD_DEBT", "Bad debt: the client cannot pay"
    SMALL_BALANCE = "SMALL_BALANCE", "Small balance written off"
    DEPOSIT = "DEPOSIT", "Rest of a deposit"


EXPENSED = (CreditReason.BAD_DEBT, CreditReason.SMALL_BALANCE)
"""Written off: an expense of ours. The price of the work, and with it its revenue, stays (R17)."""

NOT_BILLED_AGAIN = (*EXPENSED, CreditReason.TERMINATED, CreditReason.DEPOSIT)
"""What stays billed whatever is credited of it: nothing of it will be delivered, or paid."""


class CreditOrder(Timestamped):
    """What a person asked to be credited of one posted invoice; its candidate is the document that does it.

    `rebillable` returns the work to unbilled; else it stays billed and the credit is a concession, a fee that was not
    served or, for the reasons of `EXPENSED`, a write-off.
    """

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="credit_order")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_orders")
    reason = models.CharField(max_length=20, choices=CreditReason.choices)
    rebillable = models.BooleanField()
    note = models.TextField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="credit_order_says_why", condition=~Q(note="")),
            models.CheckConstraint(
                name="credit_order_written_off_stays_billed",
                condition=Q(rebillable=False) | ~Q(reason__in=[reason.value for reason in NOT_BILLED_AGAIN]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} of {self.invoice_id}"

    @property
    def treatment(self) -> str:
        """What it does to price and books, in words."""
        if self.rebillable:
            return "The work is billed again"
        if self.reason == CreditReason.TERMINATED:
            return "Not served: the price falls"
        if self.reason == CreditReason.DEPOSIT:
            return "Given back: no price moves"
        return "Write-off: an expense" if self.reason in EXPENSED else "Concession: the price falls"
