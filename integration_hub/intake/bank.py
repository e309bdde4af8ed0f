"""Statements of banks that were taken: one row each, so that the same number never says two things."""

from django.db import models
from django.db.models import F, Q

from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import currency_field, money_field


class BankStatement(models.Model):
    """A statement of one account as a file brought it: its balances, and what its booked lines add up to."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="statements")
    entity = models.CharField(max_length=40, help_text="What its lines were read as.")
    account = models.CharField(max_length=60)
    number = models.CharField(max_length=120, help_text="The bank's, with the page of a long statement.")
    currency = currency_field()
    opening = money_field(null=True, blank=True)
    closing = money_field(null=True, blank=True)
    credits = money_field()
    debits = money_field()
    lines = models.PositiveIntegerField(help_text="Booked lines.")
    first_on = models.DateField(null=True, blank=True)
    last_on = models.DateField(null=True, blank=True)
    digest = models.CharField(max_length=64, help_text="Of its lines and balances.")
    file = models.ForeignKey("hub_intake.FileDrop", on_delete=models.PROTECT, related_name="statements")
    taken_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "entity", "account", "number"], name="intake_bank_statement_once"
            ),
            models.CheckConstraint(
                name="intake_bank_statement_adds_up",
                condition=Q(opening__isnull=True)
                | Q(closing__isnull=True)
                | Q(closing=F("opening") + F("credits") - F("debits")),
            ),
        ]

    def __str__(self) -> str:
        return f"statement {self.number} of account {self.account}"
