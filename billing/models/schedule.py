"""Billing schedules: what falls due when, generated once and only once (billing.md §1.4)."""

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q

from contracts.models import ContractLine
from integration_hub.kernel.models import Timestamped, currency_field, money_field


class ScheduleItem(Timestamped):
    """One instalment or period fee of a contract line; periods are half-open [from, to)."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        DUE = "due", "Due"
        SKIPPED = "skipped", "Skipped"

    line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="schedule")
    sequence = models.PositiveIntegerField()
    period_from = models.DateField()
    period_to = models.DateField(help_text="Exclusive")
    due_on = models.DateField()
    amount = money_field()
    currency = currency_field()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["line_id", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["line", "sequence"], name="schedule_sequence_once"),
            models.CheckConstraint(name="schedule_period_forward", condition=Q(period_to__gt=F("period_from"))),
            models.CheckConstraint(name="schedule_skip_has_reason", condition=~Q(status="skipped") | ~Q(reason="")),
        ]

    @property
    def last_day(self) -> date:
        """The last day of its period, inclusive."""
        return self.period_to - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.line_id} #{self.sequence} due {self.due_on}"
