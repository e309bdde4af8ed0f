"""How much people can work: hours by weekday, the holidays of a calendar, and who is away (billing.md §4)."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from contracts.models.delivery import Resource
from contracts.models.parties import LegalEntity
from integration_hub.kernel.models import Timestamped

WITHIN_A_DAY = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(24))]


class Capacity(Timestamped):
    """The hours a person works for a legal entity on each weekday, Monday first. One holds on a day: the database says
    so. What is worked less on a holiday or in an absence is taken off.
    """

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="capacity")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="capacity")
    hours = ArrayField(
        models.DecimalField(max_digits=4, decimal_places=2, validators=WITHIN_A_DAY),
        size=7,
        help_text="Hours from Monday to Sunday, as 8,8,8,8,8,0,0",
    )
    calendar = models.CharField(max_length=40, blank=True, help_text="Whose holidays; empty: none")
    validity = DateRangeField(help_text="Days, [from, to)")
    source = models.CharField(max_length=250, help_text="The record of a system, or the person, it came from")

    class Meta:
        ordering = ["resource_id", "-id"]
        verbose_name_plural = "capacity"
        constraints = [
            models.CheckConstraint(name="capacity_has_seven_days", condition=Q(hours__len=7)),
            models.CheckConstraint(name="capacity_has_days", condition=Q(validity__isempty=False)),
        ]

    def __str__(self) -> str:
        return f"{self.resource} in {self.legal_entity}"


class Holiday(models.Model):
    """A day on which the people of a calendar do not work, or only some hours."""

    calendar = models.CharField(max_length=40)
    day = models.DateField()
    name = models.CharField(max_length=120)
    hours = models.DecimalField(
        max_digits=4, decimal_places=2, default=0, validators=WITHIN_A_DAY, help_text="Hours that are worked at most"
    )

    class Meta:
        ordering = ["calendar", "day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"


class Absence(Timestamped):
    """Days on which a person is away, whole or by some hours."""

    class Kind(models.TextChoices):
        LEAVE = "leave", "Leave"
        SICK = "sick", "Sick"
        TRAINING = "training", "Training"
        OTHER = "other", "Other"

    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="absences")
    days = DateRangeField(help_text="[from, to)")
    hours = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=WITHIN_A_DAY,
        help_text="Hours away on each day; empty: the whole day",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LEAVE)
    source = models.CharField(max_length=250, unique=True, help_text="The record of a system, or the person, and when")

    class Meta:
        ordering = ["resource_id", "-id"]
        constraints = [models.CheckConstraint(name="absence_has_days", condition=Q(days__isempty=False))]

    def __str__(self) -> str:
        return f"{self.resource} {self.get_kind_display().lower()}"
