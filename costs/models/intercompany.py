"""What one legal entity charges another for work it lends. A charge is never changed: it is reversed, and made anew."""

from django.db import models
from django.db.models import F, Q

from billing.models import BillableEvent
from contracts.models import LegalEntity, Project, Resource, TransferPrice
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import currency_field, money_field, rate_field


class IntercompanyCharge(models.Model):
    """What one version of approved work costs the borrower at the transfer price of its service date; or the reversal
    of it at its original price.

    At most one charge of a work is current, and all of a work add up to it: the ledger of what the two owe each other.
    """

    work_key = models.CharField(max_length=200)
    event = models.ForeignKey(BillableEvent, on_delete=models.PROTECT, related_name="intercompany_charges")
    is_current = models.BooleanField(default=True)
    lender = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="charges_lent")
    borrower = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="charges_borrowed")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="intercompany_charges")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="intercompany_charges")
    role = models.CharField(max_length=80, blank=True)
    service_date = models.DateField()
    minutes = models.DecimalField(max_digits=14, decimal_places=4)
    transfer_price = models.ForeignKey(TransferPrice, on_delete=models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=16, choices=TransferPrice.Kind.choices)
    value = rate_field(help_text="As agreed: percent, or the price of an hour")
    rate = rate_field(null=True, blank=True, help_text="The price of an hour; empty for a part of the bill")
    amount = money_field()
    currency = currency_field()
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")
    caused_by = models.CharField(max_length=120, help_text="What made us charge")
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["service_date", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["work_key"], condition=Q(is_current=True), name="intercompany_charge_one_current"
            ),
            models.CheckConstraint(name="intercompany_two_entities", condition=~Q(lender=F("borrower"))),
            models.CheckConstraint(
                name="intercompany_charge_or_reversal",
                condition=Q(reverses__isnull=True, amount__gt=0)
                | Q(reverses__isnull=False, amount__lt=0, is_current=False),
            ),
        ]
        indexes = [
            models.Index(fields=["project", "service_date"], name="intercompany_current", condition=Q(is_current=True))
        ]

    def __str__(self) -> str:
        return f"{self.lender.code} → {self.borrower.code} {self.amount:f} {self.currency}"
