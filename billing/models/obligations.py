"""Performance obligations and what was recognised of them, period by period (billing.md §1.7, R24)."""

from django.db import models
from django.db.models import F, Q

from contracts.models import Contract, ContractLine
from integration_hub.kernel.models import Timestamped, currency_field, money_field


class Obligation(Timestamped):
    """A distinct promise of a contract. Those of a contract share its price by their standalone selling prices."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="obligations")
    code = models.CharField(max_length=60)
    line = models.ForeignKey(
        ContractLine,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="obligations",
        help_text="The line that bills it",
    )
    price = money_field(help_text="As stated in the contract, now")
    standalone_price = money_field(null=True, blank=True, help_text="What it would sell for alone; empty: its price")
    currency = currency_field()

    class Meta:
        ordering = ["contract_id", "code"]
        permissions = [("recognise_revenue", "Can recognise revenue of obligations")]
        constraints = [
            models.UniqueConstraint(fields=["contract", "code"], name="obligation_code_once"),
            models.CheckConstraint(name="obligation_price_not_negative", condition=Q(price__gte=0)),
            models.CheckConstraint(
                name="obligation_standalone_not_negative",
                condition=Q(standalone_price__isnull=True) | Q(standalone_price__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Recognition(Timestamped):
    """What one period recognised of an obligation. It never changes: what moves is caught up in a later one."""

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="recognitions")
    period = models.DateField(help_text="First day of the month")
    allocated = money_field(help_text="Its part of the contract's price, as the period knew it")
    progress = models.DecimalField(max_digits=13, decimal_places=12, help_text="How much is satisfied, 0 to 1")
    before = money_field(help_text="Recognised in earlier periods")
    amount = money_field(help_text="Of this period; negative where more was recognised before")
    cumulative = money_field()
    invoiced = money_field(help_text="Invoiced of it by then, net")
    recognised_by = models.CharField(max_length=150, blank=True, help_text="Somebody else posts it")

    class Meta:
        ordering = ["obligation_id", "period"]
        constraints = [
            models.UniqueConstraint(fields=["obligation", "period"], name="recognition_period_once"),
            models.CheckConstraint(name="recognition_progress_is_part", condition=Q(progress__gte=0, progress__lte=1)),
            models.CheckConstraint(name="recognition_adds_up", condition=Q(cumulative=F("before") + F("amount"))),
            models.CheckConstraint(
                name="recognition_within_allocation", condition=Q(cumulative__gte=0, cumulative__lte=F("allocated"))
            ),
        ]
