"""Work that people set aside before it is billed: written down, written off, or postponed (billing.md §1.7, R17)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.work import BillableEvent
from contracts.models import Contract, LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, money_field, rate_field
from integration_hub.kernel.transitions import Transitions


class WriteDownReason(models.TextChoices):
    """Why work is written down or off (billing.md §3.5)."""

    OVERRUN = "OVERRUN", "More effort than agreed"
    TRAINING = "TRAINING", "Training of our people"
    INEFFICIENCY = "INEFFICIENCY", "Work took longer than it should"
    CAP = "CAP", "Over a limit"
    RELATIONSHIP = "RELATIONSHIP", "For the sake of the relationship"
    ROUNDING = "ROUNDING", "Rounded down"
    ERROR = "ERROR", "Our error"
    NON_SCOPE = "NON_SCOPE", "Not in the scope"


OUR_FAULT = (
    WriteDownReason.OVERRUN, WriteDownReason.TRAINING, WriteDownReason.INEFFICIENCY, WriteDownReason.ERROR,
)  # fmt: skip
"""What we lose by our own doing; the rest is commercial. Without the difference the measure teaches nothing."""


class WriteDown(Versioned):
    """Work of one contract that is not billed, or not yet: proposed by a person, approved by others, reversed.

    The parts say of which works how much. Nobody approves a postponement: it costs nothing and ends by itself.
    """

    class Kind(models.TextChoices):
        WRITE_DOWN = "write_down", "Write-down"
        WRITE_OFF = "write_off", "Write-off"
        POSTPONEMENT = "postponement", "Postponement"

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        IN_FORCE = "in_force", "In force"
        REVERSING = "reversing", "Reversal proposed"
        REVERSED = "reversed", "Reversed"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    COUNTED = (Status.IN_FORCE, Status.REVERSING)
    """In these its parts are set aside."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="write_downs")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reason = models.CharField(max_length=12, choices=WriteDownReason.choices, blank=True)
    note = models.TextField()
    until = models.DateField(null=True, blank=True, help_text="When postponed work comes back")
    amount = money_field(help_text="What all parts come to, exact")
    currency = currency_field()
    unbilled = money_field(help_text="What was unbilled of the contract when it was proposed")
    content_hash = models.CharField(max_length=64, help_text="Of what approvals are given on")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="write_downs")
    decided_at = models.DateTimeField(null=True, blank=True, help_text="In force since, or dropped")
    reversal_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Who proposed to reverse it",
    )  # fmt: skip
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.TextField(blank=True, help_text="Why it was refused, withdrawn or reversed")

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("propose_writedown", "Can propose write-downs and postpone work"),
            ("approve_writedown", "Can approve write-downs and their reversal"),
        ]
        constraints = [
            models.CheckConstraint(name="write_down_says_why", condition=~Q(note="")),
            models.CheckConstraint(
                name="write_down_has_reason_or_day",
                condition=Q(kind="postponement", reason="") | ~Q(kind="postponement") & ~Q(reason="") & Q(until=None),
            ),
            models.CheckConstraint(name="write_down_takes_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="write_down_no_more_than_unbilled", condition=Q(amount__lte=F("unbilled"))),
            models.CheckConstraint(
                name="write_down_postponement_is_not_proposed", condition=~Q(kind="postponement", status="proposed")
            ),
            models.CheckConstraint(
                name="write_down_reversal_is_proposed_by_somebody",
                condition=~Q(status="reversing", reversal_by__isnull=True),
            ),
            models.CheckConstraint(
                name="write_down_ended_says_why",
                condition=~Q(status__in=["reversed", "refused", "withdrawn"])
                | Q(ended_at__isnull=False) & ~Q(ended_because=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["contract"], name="write_down_counted", condition=Q(status__in=["in_force", "reversing"])
            ),
            models.Index(
                fields=["until"], name="write_down_until", condition=Q(status="in_force", until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def fault(self) -> str:
        """Whose doing it is, in words."""
        if not self.reason:
            return ""
        return "Our fault" if self.reason in OUR_FAULT else "Commercial"


class WriteDownPart(models.Model):
    """What of one work is set aside: exact money, and of time the minutes it stands for at its rate then."""

    write_down = models.ForeignKey(WriteDown, on_delete=models.PROTECT, related_name="parts")
    event = models.ForeignKey(
        BillableEvent, on_delete=models.PROTECT, related_name="write_down_parts", help_text="The version that was seen"
    )
    work_key = models.CharField(max_length=200)
    minutes = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    rate = rate_field(null=True, blank=True)
    amount = money_field()
    open_value = money_field(help_text="What was open of the work")

    class Meta:
        ordering = ["write_down_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["write_down", "work_key"], name="write_down_work_once"),
            models.CheckConstraint(
                name="write_down_part_fits", condition=Q(amount__gt=0) & Q(amount__lte=F("open_value"))
            ),
            models.CheckConstraint(
                name="write_down_part_minutes_positive", condition=Q(minutes__isnull=True) | Q(minutes__gt=0)
            ),
        ]
        indexes = [models.Index(fields=["work_key"], name="write_down_of_work")]

    def __str__(self) -> str:
        return f"{self.write_down_id}: {self.work_key}"


class WriteDownApproval(models.Model):
    """A person approved a write-down, or its reversal, as it stood then; by which rule of the matrix."""

    write_down = models.ForeignKey(WriteDown, on_delete=models.PROTECT, related_name="approvals")
    of_reversal = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="write_down_approvals")
    content_hash = models.CharField(max_length=64)
    matrix = models.CharField(max_length=80)
    matrix_version = models.PositiveIntegerField()
    matrix_rule = models.PositiveIntegerField()
    lapsed = models.BooleanField(default=False, help_text="The reversal it was given for was refused")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["write_down", "of_reversal", "by"], condition=Q(lapsed=False), name="write_down_approved_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} on {self.write_down_id}"


WRITE_DOWN_MOVES = Transitions(
    noun="write-down",
    initial="proposed",
    moves={
        "proposed": {
            "in_force": "enough people approved it",
            "refused": "an approver refuses it",
            "withdrawn": "who proposed it takes it back",
        },
        "in_force": {
            "reversing": "a person proposes its reversal",
            "reversed": "a postponement ends",
        },
        "reversing": {"reversed": "enough people approved the reversal", "in_force": "the reversal is refused"},
        "reversed": {},
        "refused": {},
        "withdrawn": {},
    },
)
