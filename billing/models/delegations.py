"""Who may approve in somebody's stead for a while (billing.md §5.3)."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.models import Versioned, money_field


class Delegation(Versioned):
    """The right of `giver` to approve, lent to `taker`: for some acts and legal entities, up to an amount, for days.

    Both days are included. What is lent is the giver's own right alone, so that nobody can lend on what was lent.
    """

    LONGEST = timedelta(days=30)

    class Act(models.TextChoices):
        INVOICE = "invoice", "Invoices"
        CREDIT = "credit", "Credits"
        CONCESSION = "concession", "Concessions"

    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations_given")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations_taken")
    acts = ArrayField(models.CharField(max_length=12, choices=Act.choices), default=list, blank=True,
                      help_text="None named: all")  # fmt: skip
    legal_entities = ArrayField(models.CharField(max_length=16), default=list, blank=True,
                                help_text="Codes; none named: all of the giver's")  # fmt: skip
    limit = money_field(null=True, blank=True, help_text="Gross in the legal entity's currency; none: the giver's own")
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day")
    reason = models.TextField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="delegations_ended"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="delegation_to_another", condition=~Q(giver=F("taker"))),
            models.CheckConstraint(
                name="delegation_of_thirty_days",
                condition=Q(ends_on__gte=F("starts_on")) & Q(ends_on__lt=F("starts_on") + timedelta(days=30)),
            ),
            models.CheckConstraint(name="delegation_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="delegation_limit_positive", condition=Q(limit__isnull=True) | Q(limit__gt=0)),
            models.CheckConstraint(
                name="delegation_ended_pair",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.taker} for {self.giver}, {self.starts_on} to {self.ends_on}"
