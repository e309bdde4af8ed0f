"""How far the signatures of agreements are, as those who collect them say."""

from django.db import models
from django.db.models import Q

from integration_hub.connectors.models import Connection
from integration_hub.kernel.models import Timestamped


class Signature(Timestamped):
    """One envelope or workflow. It names its agreement by numbers: it may be known before the agreement is."""

    class Status(models.TextChoices):
        OPEN = "open", "Out for signature"
        SIGNED = "signed", "Signed"
        DECLINED = "declined", "Declined"
        VOIDED = "voided", "Voided"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="signatures")
    source_id = models.CharField(max_length=120)
    contract_number = models.CharField(max_length=60)
    amendment_number = models.CharField(max_length=40, blank=True, help_text="Empty: the contract itself")
    status = models.CharField(max_length=8, choices=Status.choices)
    sent_on = models.DateField(null=True, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["contract_number", "amendment_number", "id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "source_id"], name="signature_source_once"),
            models.CheckConstraint(
                name="signature_open_is_undecided", condition=~Q(status="open") | Q(decided_on__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["contract_number", "amendment_number"], name="signature_agreement")]

    def __str__(self) -> str:
        return f"{self.agreement}: {self.get_status_display()}"

    @property
    def agreement(self) -> str:
        """Contract, or contract and amendment."""
        return "/".join(part for part in (self.contract_number, self.amendment_number) if part)
