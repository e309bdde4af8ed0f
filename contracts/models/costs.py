"""What an hour of somebody's work costs us: effective-dated, never changed, only followed (billing.md §1.3)."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from contracts.models.parties import LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import currency_field, rate_field


class CostRate(models.Model):
    """One cost rate of a person, or of a role of our own people or of a subcontractor's, in one legal entity.

    Of a person or role at most one holds on a day, the database says so. A row is only ever withdrawn: what was known
    at any time can still be told.
    """

    class Unit(models.TextChoices):
        HOUR = "hour", "Hour"
        DAY = "day", "Day of 8 hours"

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="cost_rates")
    resource = models.CharField(max_length=120, blank=True, help_text="Code of the person")
    role = models.CharField(max_length=80, blank=True)
    vendor = models.CharField(
        max_length=120, blank=True, help_text="The subcontractor, by the vendor's number in the ERP; empty: our own"
    )
    currency = currency_field()
    unit = models.CharField(max_length=4, choices=Unit.choices, default=Unit.HOUR)
    rate = rate_field()
    validity = DateRangeField(help_text="Service dates, [from, to)")
    source = models.CharField(max_length=250, help_text="The record of a system, or the person, it came from")
    recorded_at = models.DateTimeField(default=now)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="When it was known to hold no more")

    class Meta:
        ordering = ["legal_entity_id", "resource", "role", "vendor", "-id"]
        indexes = [
            models.Index(fields=["legal_entity"], name="cost_rate_current", condition=Q(withdrawn_at__isnull=True))
        ]
        constraints = [
            models.CheckConstraint(name="cost_rate_positive", condition=Q(rate__gt=0)),
            models.CheckConstraint(
                name="cost_rate_person_or_role",
                condition=~Q(resource="") & Q(role="") | Q(resource="") & ~Q(role=""),
            ),
            models.CheckConstraint(name="cost_rate_has_days", condition=Q(validity__isempty=False)),
        ]

    def __str__(self) -> str:
        whose = self.resource or f"{self.role}{f' of {self.vendor}' if self.vendor else ''}"
        return f"{whose} in {self.legal_entity}"
