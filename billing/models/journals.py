"""Journals: sums on their way to the ERP's ledger, each under our number, and never changed once they are posted."""

from django.db import models
from django.db.models import F, Q

from billing.models.obligations import Recognition
from contracts.models import Contract, LegalEntity
from integration_hub.connectors.models import Connection
from integration_hub.kernel.models import Timestamped, currency_field, money_field
from integration_hub.kernel.transitions import Transitions
from integration_hub.people.models import User


class Journal(Timestamped):
    """What every journal says. Its lines are in the effect that carries it."""

    class Status(models.TextChoices):
        POSTING = "posting", "Posting"
        POSTED = "posted", "Posted"
        REJECTED = "rejected", "Refused by the ERP"
        WITHDRAWN = "withdrawn", "Withdrawn"
        NIL = "nil", "Nothing to post"

    number = models.CharField(max_length=60, unique=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(help_text="The month it is about, by its first day")
    accounting_date = models.DateField(help_text="In that month, or the first open day after it")
    currency = currency_field()
    amount = money_field()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.POSTING)
    remote_number = models.CharField(max_length=120, blank=True, help_text="The journal's number in the ERP")
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_dated_after_its_month", condition=Q(accounting_date__gte=F("month"))
            ),
        ]

    def __str__(self) -> str:
        return self.number


class RevenuePosting(Journal):
    """What a month of a contract adds to revenue beyond its invoices: the move of its contract asset and liability.

    The ERP credits revenue with what is invoiced; `amount` makes it what is earned (ASC 606-10-45-1, IFRS 15.105).
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="revenue_postings")
    earned = money_field(help_text="Recognised by the month")
    asset = money_field(help_text="By how much the contract asset grew, negative where it shrank")
    liability = money_field(help_text="By how much the contract liability grew, negative where it shrank")

    class Meta(Journal.Meta):
        permissions = [("post_revenue", "Can post recognised revenue to the ERP")]
        constraints = [
            *Journal.Meta.constraints,
            models.UniqueConstraint(
                fields=["contract", "month"], condition=~Q(status="withdrawn"), name="revenueposting_once"
            ),
            models.CheckConstraint(name="revenueposting_balances", condition=Q(amount=F("asset") - F("liability"))),
        ]

    @staticmethod
    def open_months() -> "models.QuerySet[Recognition]":
        """What months recognised and no journal took."""
        taken = RevenuePosting.objects.exclude(status=Journal.Status.WITHDRAWN).filter(
            contract=models.OuterRef("obligation__contract"), month=models.OuterRef("period")
        )
        return Recognition.objects.filter(~models.Exists(taken))


JOURNAL_MOVES = Transitions(
    noun="journal",
    initial="posting",
    moves={
        "posting": {"posted": "ERP confirmed", "rejected": "ERP refused", "withdrawn": "its effect was cancelled"},
        "rejected": {"posted": "corrected, and ERP confirmed", "withdrawn": "its effect was cancelled"},
        "posted": {},
        "withdrawn": {},
        "nil": {},
    },
)
