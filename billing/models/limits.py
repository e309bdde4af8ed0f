"""The ledger of limits (billing.md R2)."""

from django.db import models

from contracts.models import Cap
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import money_field


class CapEntry(models.Model):
    """The ledger of a cap: reserve, commit, release, adjust. The cap's balance is the sum of these."""

    class Kind(models.TextChoices):
        RESERVE = "reserve", "Reserved by a candidate"
        COMMIT = "commit", "Committed by posting"
        RELEASE = "release", "Released"
        ADJUST = "adjust", "Adjusted by an amendment"

    cap = models.ForeignKey(Cap, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount = money_field()
    month = models.DateField(null=True, blank=True, help_text="The month of a monthly limit, by its first day")
    candidate = models.ForeignKey(
        "billing.Candidate", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=now)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "cap entries"
        constraints = [
            models.UniqueConstraint(
                fields=["cap", "kind", "candidate", "month"], name="cap_entry_once_per_candidate", nulls_distinct=False
            ),
        ]
