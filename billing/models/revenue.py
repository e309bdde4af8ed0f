"""Revenue plans: what will be earned when, computed from terms and progress, never from invoices (R24)."""

from django.db import models
from django.db.models import F, Q

from contracts.models import ContractLine, Milestone
from integration_hub.kernel.models import Timestamped, currency_field, money_field


class RevenuePlan(Timestamped):
    """One version of the plan of one contract line."""

    class Basis(models.TextChoices):
        RIGHT_TO_INVOICE = "right_to_invoice", "Right to invoice"
        STRAIGHT_LINE = "straight_line", "Straight line by days"
        MILESTONE = "milestone", "On acceptance"

    line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="revenue_plans")
    version = models.PositiveIntegerField(default=1)
    basis = models.CharField(max_length=18, choices=Basis.choices)
    total = money_field(null=True, blank=True, help_text="Empty where revenue follows the work")
    currency = currency_field()
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "version"], name="revenue_plan_version_once"),
            models.UniqueConstraint(fields=["line"], condition=Q(is_current=True), name="revenue_plan_one_current"),
        ]


class RevenueLine(models.Model):
    """Planned revenue of one period, half-open [from, to); the periods of a plan add up to its total."""

    plan = models.ForeignKey(RevenuePlan, on_delete=models.PROTECT, related_name="lines")
    period_from = models.DateField()
    period_to = models.DateField()
    amount = money_field()
    milestone = models.ForeignKey(
        Milestone, null=True, blank=True, on_delete=models.PROTECT, related_name="revenue_lines"
    )

    class Meta:
        ordering = ["plan_id", "period_from", "id"]
        constraints = [models.CheckConstraint(name="revenue_line_forward", condition=Q(period_to__gt=F("period_from")))]
