"""Deposits: what is billed ahead of work and taken off the invoices of that work (billing.md R13)."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from billing.models.documents import Candidate
from contracts.models import BillTo, Contract, ContractLine
from integration_hub.kernel.models import Timestamped, Versioned, money_field


class DepositAccount(Versioned):
    """What a payer was billed ahead for the work of a contract line, net, and what became of it: a liability of ours.

    `reserved` is what invoices and credit memos on their way take of it. How it is taxed is fixed by the first deposit:
    what a contract or legal entity changes later never moves the tax of what is billed already.
    """

    class Tax(models.TextChoices):
        WHEN_INVOICED = "when_invoiced", "Taxed when it is billed"
        WHEN_APPLIED = "when_applied", "Taxed with the work it is taken off from"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="deposits")
    line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="deposits")
    bill_to = models.ForeignKey(BillTo, on_delete=models.PROTECT, related_name="deposits")
    tax = models.CharField(max_length=13, choices=Tax.choices)
    billed = money_field(default=0)
    applied = money_field(default=0, help_text="Taken off posted invoices, less what credits of these gave back")
    refunded = money_field(default=0)
    reserved = money_field(default=0, help_text="By invoices and credit memos on their way")

    class Meta:
        ordering = ["contract_id", "line_id", "bill_to_id"]
        constraints = [
            models.UniqueConstraint(fields=["line", "bill_to"], name="deposit_account_once"),
            models.CheckConstraint(
                name="deposit_never_negative",
                condition=Q(billed__gte=F("applied") + F("refunded") + F("reserved")),
            ),
            models.CheckConstraint(
                name="deposit_sums_not_negative", condition=Q(applied__gte=0, refunded__gte=0, reserved__gte=0)
            ),
        ]
        permissions = [("bill_deposit", "Can ask for deposits and for giving them back")]

    def __str__(self) -> str:
        return f"Deposit for {self.line_id} of {self.bill_to_id}"

    @property
    def held(self) -> Decimal:
        """What is neither taken off an invoice nor given back."""
        held: Decimal = self.billed - self.applied - self.refunded
        return held

    @property
    def left(self) -> Decimal:
        """What may still be taken off or given back."""
        left: Decimal = self.held - self.reserved
        return left


class DepositOrder(Timestamped):
    """Why a person asked for deposits; its candidate is the invoice that bills them, a line for each."""

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="deposit_order")
    amount = money_field()
    reason = models.TextField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="deposit_order_says_why", condition=~Q(reason="")),
            models.CheckConstraint(name="deposit_order_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"Deposit {self.candidate_id}"


class DepositTaking(Timestamped):
    """What a person wants taken off on a document, where that is not as much as fits."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="deposit_takings")
    account = models.ForeignKey(DepositAccount, on_delete=models.PROTECT, related_name="takings")
    amount = money_field()

    class Meta:
        ordering = ["candidate_id", "account_id"]
        constraints = [
            models.UniqueConstraint(fields=["candidate", "account"], name="deposit_taking_once"),
            models.CheckConstraint(name="deposit_taking_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"Taking of {self.account_id} on {self.candidate_id}"
