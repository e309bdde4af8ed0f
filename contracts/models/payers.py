"""Who pays for the work of a contract, where that is not its own bill-to alone (billing.md R15)."""

from django.db import models
from django.db.models import Q

from contracts.models.agreements import Contract, ContractLine
from contracts.models.parties import BillTo
from integration_hub.kernel.models import Timestamped


class PayerSplit(Timestamped):
    """From which day on the work of a contract, or of one line, is billed to these payers; one at 100 % ends a split.

    Never changed: another one for the same day takes its place and this one is kept as withdrawn. The database refuses
    shares that do not add up to 100 at the end of a transaction, and two payers who take the rest.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="payer_splits")
    line = models.ForeignKey(
        ContractLine,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payer_splits",
        help_text="Empty: every line that has no split of its own",
    )
    effective_on = models.DateField(help_text="First service date that is billed so")
    agreed_by = models.CharField(max_length=150)
    reason = models.TextField(help_text="Where it was agreed")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["contract_id", "line_id", "effective_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "line", "effective_on"],
                condition=Q(withdrawn_at__isnull=True),
                nulls_distinct=False,
                name="payer_split_one_per_day",
            ),
            models.CheckConstraint(name="payer_split_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.line or self.contract} from {self.effective_on}"


class PayerShare(models.Model):
    """What one payer is billed of it."""

    split = models.ForeignKey(PayerSplit, on_delete=models.PROTECT, related_name="shares")
    bill_to = models.ForeignKey(BillTo, on_delete=models.PROTECT, related_name="payer_shares")
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    takes_rest = models.BooleanField(default=False, help_text="Gets what the rounding of the others leaves")

    class Meta:
        ordering = ["split_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["split", "bill_to"], name="payer_share_once"),
            models.UniqueConstraint(
                fields=["split"], condition=Q(takes_rest=True), name="payer_share_one_takes_the_rest"
            ),
            models.CheckConstraint(name="payer_share_is_a_part", condition=Q(percent__gt=0, percent__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.bill_to_id} {self.percent} %"
