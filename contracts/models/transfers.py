"""What one company of the firm charges another for work it lends (billing.md R16): by pair, from a day on."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q

from contracts.models.parties import LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, rate_field


class TransferPrice(Versioned):
    """The agreement of a lending and a borrowing legal entity, on the service dates of its validity.

    Proposed by one person and approved by another. Of a pair at most one approved holds on a day, the database says so.
    A row never changes: it is withdrawn and followed by others.
    """

    class Kind(models.TextChoices):
        COST_PLUS = "cost_plus", "Cost plus"
        PERCENT_OF_BILL = "percent_of_bill", "Percent of the bill"
        FIXED_RATE = "fixed_rate", "Fixed rate"

    lender = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, related_name="prices_lent", help_text="Delivers the work"
    )
    borrower = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, related_name="prices_borrowed", help_text="Has the contract"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    value = rate_field(help_text="Percent on top of the cost, percent of the bill, or the price of an hour")
    currency = currency_field(help_text="Of the agreement: what is charged is in it")
    validity = DateRangeField(help_text="Service dates, [from, to)")
    reason = models.TextField(help_text="Why so much: what an auditor asks")
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField(default=now)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="When it was known to hold no more")

    IN_FORCE = Q(approved_at__isnull=False, withdrawn_at__isnull=True)

    class Meta:
        ordering = ["lender_id", "borrower_id", "-id"]
        permissions = [("approve_transferprice", "Can approve or withdraw transfer prices")]
        constraints = [
            models.CheckConstraint(name="transfer_price_two_entities", condition=~Q(lender=F("borrower"))),
            models.CheckConstraint(
                name="transfer_price_is_a_price",
                condition=Q(kind="cost_plus", value__gte=0) | ~Q(kind="cost_plus") & Q(value__gt=0),
            ),
            models.CheckConstraint(name="transfer_price_has_days", condition=Q(validity__isempty=False)),
            models.CheckConstraint(
                name="transfer_price_two_persons",
                condition=Q(approved_at__isnull=True, approved_by="")
                | Q(approved_at__isnull=False) & ~Q(approved_by="") & ~Q(approved_by=F("proposed_by")),
            ),
        ]

    @property
    def status(self) -> str:
        """Where it stands, by what is recorded of it."""
        if self.withdrawn_at:
            return "withdrawn"
        return "in_force" if self.approved_at else "proposed"

    @property
    def terms(self) -> str:
        """What was agreed, in words."""
        value = f"{self.value.normalize():f}"
        if self.kind == self.Kind.COST_PLUS:
            return f"Cost plus {value}\u00a0%, in {self.currency}"
        if self.kind == self.Kind.PERCENT_OF_BILL:
            return f"{value}\u00a0% of the bill, in {self.currency}"
        return f"{value} {self.currency} per hour"

    def __str__(self) -> str:
        return f"{self.lender.code} → {self.borrower.code}"
