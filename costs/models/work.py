"""What delivered work cost us, hours and purchases. A cost is never changed: it is reversed, and counted anew."""

from django.db import models
from django.db.models import Q

from billing.models import BillableEvent, Journal
from contracts.models import CostRate, LegalEntity, Project, Resource
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, money_field, rate_field


class CostPosting(Journal):
    """Costs of one project and month; its amount is net of what it reverses."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cost_postings")


class Cost(models.Model):
    """What one version of delivered work costs at the rate of its service date, rounded once; or the reversal of it.

    At most one cost of a work is current. What is open is posted by the next journal: a current cost, or the reversal
    of a posted one. A cost that was superseded before it was posted stays as history and is posted nowhere.
    """

    work_key = models.CharField(max_length=200)
    event = models.ForeignKey(BillableEvent, on_delete=models.PROTECT, related_name="costs")
    is_current = models.BooleanField(default=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="costs")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="costs")
    role = models.CharField(max_length=80, blank=True)
    vendor = models.CharField(max_length=120, blank=True, help_text="The subcontractor; empty: our own")
    service_date = models.DateField()
    minutes = models.DecimalField(max_digits=14, decimal_places=4)
    cost_rate = models.ForeignKey(CostRate, on_delete=models.PROTECT, related_name="costs")
    rate = rate_field()
    unit = models.CharField(max_length=4, choices=CostRate.Unit.choices)
    amount = money_field()
    currency = currency_field()
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")
    posting = models.ForeignKey(CostPosting, null=True, blank=True, on_delete=models.PROTECT, related_name="costs")
    caused_by = models.CharField(max_length=120, help_text="What made us count")
    recorded_at = models.DateTimeField(default=now)

    OPEN = Q(posting__isnull=True) & (
        Q(is_current=True) | Q(reverses__posting__isnull=False) | Q(reversed_by__posting__isnull=False)
    )
    """What the next journal takes. Of a cost and its reversal either both are posted or neither."""

    class Meta:
        ordering = ["service_date", "id"]
        permissions = [("post_cost", "Can post costs to the ERP")]
        constraints = [
            models.UniqueConstraint(fields=["work_key"], condition=Q(is_current=True), name="cost_one_current"),
            models.CheckConstraint(
                name="cost_reversal_is_not_current", condition=Q(reverses__isnull=True) | Q(is_current=False)
            ),
        ]
        indexes = [
            models.Index(fields=["project", "service_date"], name="cost_current", condition=Q(is_current=True)),
            models.Index(
                fields=["legal_entity", "service_date"], name="cost_unposted", condition=Q(posting__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_key} {self.amount:f} {self.currency}"


class Purchase(Versioned):
    """A line of a vendor's bill on a client's project, and what becomes of it: decided once, and never left open.

    What is charged on is delivered work of billing under `work_key`. A bill's line is here once, whichever system
    tells of it: the database says so.
    """

    class Handling(models.TextChoices):
        UNDECIDED = "undecided", "Not decided"
        RECHARGE = "recharge", "Charged on"
        COVERS_TIME = "covers_time", "Paid for hours charged as time"
        ABSORBED = "absorbed", "Borne by us"

    source = models.CharField(max_length=250, unique=True, help_text="The record of a system it came from")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="purchases")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="purchases")
    vendor = models.CharField(max_length=120)
    bill_number = models.CharField(max_length=80)
    line_number = models.PositiveIntegerField(default=1)
    category = models.CharField(max_length=80, blank=True)
    delivered_on = models.DateField(help_text="The day of service")
    amount = money_field(help_text="Net of recoverable tax")
    currency = currency_field()
    is_approved = models.BooleanField(default=True)
    is_deleted = models.BooleanField(default=False)
    description = models.TextField(blank=True)
    handling = models.CharField(max_length=12, choices=Handling.choices, default=Handling.UNDECIDED)
    decided_by = models.CharField(max_length=150, blank=True, help_text="A person, the source, or the contract's rule")
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-delivered_on", "-id"]
        permissions = [("decide_purchase", "Can decide what becomes of purchases")]
        constraints = [
            models.UniqueConstraint(
                fields=["legal_entity", "vendor", "bill_number", "line_number"],
                condition=Q(is_deleted=False),
                name="purchase_once",
            ),
            models.CheckConstraint(name="purchase_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="purchase_decided_by_somebody", condition=Q(handling="undecided") | ~Q(decided_by="")
            ),
        ]
        indexes = [models.Index(fields=["project", "delivered_on"], name="purchase_project")]

    @property
    def work_key(self) -> str:
        """Its name as delivered work."""
        return f"purchase:{self.pk}"

    def __str__(self) -> str:
        return f"{self.vendor} {self.bill_number}/{self.line_number}"
