"""Targets of business clocks: effective-dated, never changed, only followed."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now


class Target(models.Model):
    """How long a clock may run that starts on a day or later, until another target follows.

    Of several the one of the contract counts before that of the legal entity, and that before the general one; of one
    scope the latest day, and of one day what was recorded last. Rows are immutable, the database says so.
    """

    kind = models.CharField(max_length=60)
    legal_entity = models.CharField(max_length=16, blank=True, help_text="Its code; empty: all")
    contract = models.CharField(max_length=60, blank=True, help_text="Its number; empty: all")
    starts_on = models.DateField(help_text="Clocks that start on this day or later, by the legal entity's zone")
    within = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="In the clock's unit; empty: no target from this day on",
    )
    warn_percent = models.PositiveSmallIntegerField(
        default=75,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Warn when so much of it is used up; 100: no warning",
    )
    reason = models.TextField(help_text="Why it is so, for whoever asks later")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["kind", "legal_entity", "contract", "-starts_on", "-id"]
        indexes = [models.Index(fields=["kind", "-starts_on", "-id"], name="target_latest")]
        constraints = [
            models.CheckConstraint(name="target_within_positive", condition=Q(within__isnull=True) | Q(within__gt=0)),
            models.CheckConstraint(name="target_warns_before", condition=Q(warn_percent__gte=1, warn_percent__lte=100)),
            models.CheckConstraint(name="target_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        whose = " ".join(part for part in (self.legal_entity, self.contract) if part) or "everywhere"
        return f"{self.kind} for {whose} from {self.starts_on}"
