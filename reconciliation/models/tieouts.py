"""Control totals at every arrow, run by run, and the breaks they found (billing.md R22)."""

from django.db import models

from integration_hub.kernel.clock import now


class TieOut(models.Model):
    """One comparison of all arrows at one instant, as evidence."""

    at = models.DateTimeField(default=now)
    started_by = models.CharField(max_length=150)
    agrees = models.BooleanField()
    totals = models.JSONField()

    class Meta:
        ordering = ["-id"]
        permissions = [("run_tieout", "Can run a tie-out")]


class Break(models.Model):
    """One arrow that does not agree: which, for whom, by how much."""

    tie_out = models.ForeignKey(TieOut, on_delete=models.PROTECT, related_name="breaks")
    arrow = models.CharField(max_length=60)
    legal_entity = models.CharField(max_length=16)
    currency = models.CharField(max_length=3, blank=True)
    left = models.DecimalField(max_digits=24, decimal_places=6)
    right = models.DecimalField(max_digits=24, decimal_places=6)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
