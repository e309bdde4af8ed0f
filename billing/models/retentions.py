"""Retention: what invoices of a contract withhold until it is released, and its releases (billing.md R18)."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from billing.models.documents import Candidate
from contracts.models import BillTo, Contract
from integration_hub.kernel.models import Timestamped, Versioned, money_field


class RetentionAccount(Versioned):
    """What one payer of a contract withholds, net: withheld by posted invoices, given back by credits, released.

    `reserved` is what credit memos and releases on their way take of it. How it is taxed is fixed by the first document
    that withholds: what a legal entity changes later never moves the tax of what is withheld already.
    """

    class Tax(models.TextChoices):
        WHEN_INVOICED = "when_invoiced", "Taxed when it is released"
        WHEN_WITHHELD = "when_withheld", "Taxed with the work it is withheld from"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="retentions")
    bill_to = models.ForeignKey(BillTo, on_delete=models.PROTECT, related_name="retentions")
    tax = models.CharField(max_length=13, choices=Tax.choices)
    withheld = money_field(default=0)
    credited = money_field(default=0)
    released = money_field(default=0)
    reserved = money_field(default=0, help_text="By credit memos and releases on their way")

    class Meta:
        ordering = ["contract_id", "bill_to_id"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "bill_to"], name="retention_account_once"),
            models.CheckConstraint(
                name="retention_never_negative",
                condition=Q(withheld__gte=F("credited") + F("released") + F("reserved")),
            ),
            models.CheckConstraint(
                name="retention_sums_not_negative", condition=Q(credited__gte=0, released__gte=0, reserved__gte=0)
            ),
        ]
        permissions = [("release_retention", "Can ask for the release of retention")]

    def __str__(self) -> str:
        return f"Retention of {self.contract_id} by {self.bill_to_id}"

    @property
    def held(self) -> Decimal:
        """What is still withheld."""
        held: Decimal = self.withheld - self.credited - self.released
        return held

    @property
    def left(self) -> Decimal:
        """What may still be released or given back."""
        left: Decimal = self.held - self.reserved
        return left


class RetentionRelease(Timestamped):
    """Why a person asked for the release of retention; its candidate is the invoice that does it."""

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="retention_release")
    account = models.ForeignKey(RetentionAccount, on_delete=models.PROTECT, related_name="releases")
    amount = money_field()
    reason = models.TextField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="retention_release_says_why", condition=~Q(reason="")),
            models.CheckConstraint(name="retention_release_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"Release of {self.amount} for {self.account_id}"
