"""Retainers and their ledgers: what was paid in advance, and how work used it up (billing.md §1.5, R3)."""

from django.db import models
from django.db.models import F, Q

from billing.models.documents import Candidate
from billing.models.work import BillableEvent
from contracts.models import ContractLine
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import money_field


class RetainerAccount(models.Model):
    """What is left of a retainer: money of a prepaid one, minutes of one month of an hour retainer.

    The balance is moved by the ledger alone: a new entry carries it on, nothing else may write it.
    """

    line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="retainer_accounts")
    month = models.DateField(null=True, blank=True, help_text="First day of the month; empty: a prepaid balance")
    balance = money_field(default=0)
    floor = money_field(null=True, default=0, help_text="It never goes below; empty: any deficit is agreed")

    class Meta:
        ordering = ["line_id", "month"]
        constraints = [
            models.UniqueConstraint(fields=["line", "month"], name="retainer_account_once", nulls_distinct=False),
            models.CheckConstraint(
                name="retainer_never_overdrawn", condition=Q(floor__isnull=True) | Q(balance__gte=F("floor"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.month or 'prepaid'}"


class RetainerEntry(models.Model):
    """One movement of a retainer, for good: the balance after it is that before it plus its amount."""

    class Kind(models.TextChoices):
        FUND = "fund", "Paid in"
        GRANT = "grant", "Hours of the month"
        CARRY_IN = "carry_in", "Carried in"
        CARRY_OUT = "carry_out", "Carried on"
        OWED_IN = "owed_in", "Owed from before"
        OWED_OUT = "owed_out", "Owed to the next month"
        DRAW = "draw", "Used"
        FORFEIT = "forfeit", "Forfeited"
        REFUND = "refund", "Given back"

    account = models.ForeignKey(RetainerAccount, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = money_field()
    before = money_field()
    after = money_field()
    event = models.ForeignKey(BillableEvent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Candidate, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=200)
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["account_id", "number"]
        verbose_name_plural = "retainer entries"
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="retainer_entry_number_once"),
            models.CheckConstraint(name="retainer_entry_adds_up", condition=Q(after=F("before") + F("amount"))),
            models.CheckConstraint(name="retainer_entry_moves", condition=~Q(amount=0)),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.number} {self.kind} {self.amount}"
