"""What comes after the bill: work that is late, and terms that change what is posted (billing.md R8, R10)."""

from django.db import models

from contracts.models import Contract
from integration_hub.kernel.clock import now


class Waiver(models.Model):
    """A client takes work although it came too late: for good, by whom and why."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="waivers")
    work_key = models.CharField(max_length=200)
    reason = models.TextField()
    waived_by = models.CharField(max_length=150, help_text="User name")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contract", "work_key"], name="waiver_once")]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.work_key}"


class ComparedTerms(models.Model):
    """Under which prices the posted work of a contract was compared last: only others call for another comparison."""

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="compared_terms")
    basis = models.CharField(max_length=64, help_text="Hash of the lines and prices")
    at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "compared terms"

    def __str__(self) -> str:
        return f"{self.contract_id} {self.basis[:8]}"
