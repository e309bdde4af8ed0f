"""What comes after the bill: work that is late, and terms that change what is posted (billing.md R8, R10)."""

from typing import Any

from django.db import models
from django.db.models import Q

from billing.models.work import BillableEvent
from contracts.models import Contract, LegalEntity
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, money_field
from integration_hub.kernel.transitions import Transitions


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


class LateChange(Versioned):
    """What a source says of work that is billed otherwise: kept until a person accepts or refuses it, or it is gone.

    Of a work at most one stands: it is open, or it was refused and the source still says so.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        REPLACED = "replaced", "Replaced"

    STANDING = (Status.OPEN, Status.REFUSED)

    work_key = models.CharField(max_length=200)
    event = models.ForeignKey(
        BillableEvent, on_delete=models.PROTECT, related_name="late_changes", help_text="The version in force"
    )
    stated = models.JSONField(help_text="Every field of the work as its source states it now; figures as text")
    source_version = models.ForeignKey(SourceVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_deletion = models.BooleanField(default=False, help_text="The source deleted the work")
    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="late_changes")
    billed = money_field(help_text="Net of what stood billed of the work when it was asked")
    currency = currency_field(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    decided_by = models.CharField(max_length=150, blank=True, help_text="User name, or the system whose news ended it")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    credited = money_field(null=True, blank=True, help_text="Net of the credits that its acceptance brought; negative")
    charged = money_field(null=True, blank=True, help_text="Net of what is billed anew since")

    class Meta:
        ordering = ["-id"]
        permissions = [("decide_latechange", "Can accept or refuse changes of billed work")]
        constraints = [
            models.UniqueConstraint(
                fields=["work_key"], condition=Q(status__in=["open", "refused"]), name="late_change_one_standing"
            ),
            models.CheckConstraint(
                name="late_change_open_until_decided",
                condition=Q(status="open", decided_by="", decided_at__isnull=True)
                | ~Q(status="open") & ~Q(decided_by="") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(name="late_change_refused_says_why", condition=~Q(status="refused", reason="")),
        ]
        indexes = [models.Index(fields=["work_key"], name="late_change_of_work")]

    def __str__(self) -> str:
        return self.work_key

    def says(self, stated: dict[str, Any]) -> bool:
        """Whether it is this very change."""
        return bool(self.stated == stated)


LATE_CHANGE_MOVES = Transitions(
    noun="change of billed work",
    initial="open",
    moves={
        "open": {
            "accepted": "a person accepts it",
            "refused": "a person refuses it",
            "withdrawn": "the source says again what is billed",
            "replaced": "the source changes further, or the work is not billed any more",
        },
        "refused": {
            "withdrawn": "the source says again what is billed",
            "replaced": "the source changes further, or the work is not billed any more",
        },
        "accepted": {},
        "withdrawn": {},
        "replaced": {},
    },
)
