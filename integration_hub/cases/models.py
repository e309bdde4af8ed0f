"""Exception cases: one per (code, root cause), with members, money held, an owner and a clock (billing.md §3.3)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, money_field
from integration_hub.kernel.money import Money
from integration_hub.kernel.transitions import Transitions


class Case(Versioned):
    """What a person must decide. Closes itself when its condition is met."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ASSIGNED = "assigned", "Assigned"
        IN_PROGRESS = "in_progress", "In progress"
        WAITING = "waiting", "Waiting"
        SNOOZED = "snoozed", "Snoozed"
        RESOLVED = "resolved", "Resolved"

    class Outcome(models.TextChoices):
        AUTO = "auto", "Healed by itself"
        MANUAL = "manual", "Resolved by a person"
        OVERRIDE = "override", "Overridden with a reason"

    OPEN_STATES = ("open", "assigned", "in_progress", "waiting", "snoozed")

    code = models.CharField(max_length=40)
    root_cause = models.CharField(max_length=200, help_text="Key of the one thing to fix.")
    title = models.CharField(max_length=250)
    detail = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField()
    owner_role = models.CharField(max_length=32)
    legal_entity = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="cases_stood_in_for"
    )
    delegate_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then the delegate stands in for the owner"
    )
    first_seen_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=80, blank=True)
    subject_label = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "root_cause"], name="cases_case_one_per_cause"),
            models.CheckConstraint(
                name="cases_case_resolved_pair",
                condition=Q(status="resolved", resolved_at__isnull=False) & ~Q(outcome="")
                | ~Q(status="resolved") & Q(resolved_at__isnull=True, outcome=""),
            ),
            models.CheckConstraint(
                name="cases_case_delegate_for_owner",
                condition=Q(delegate__isnull=True, delegate_until__isnull=True)
                | Q(delegate__isnull=False, delegate_until__isnull=False, assigned_to__isnull=False)
                & ~Q(delegate=F("assigned_to")),
            ),
            models.CheckConstraint(
                name="cases_case_snooze_pair", condition=~Q(status="snoozed") | Q(snoozed_until__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["owner_role", "due_at"], name="cases_case_queue", condition=~Q(status="resolved"))
        ]
        permissions = [("handle_case", "Can assign, snooze, comment and resolve exceptions")]

    def __str__(self) -> str:
        return f"{self.code}: {self.title}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self.status != self.Status.RESOLVED

    def stood_in_by(self, person_id: int) -> bool:
        """Whether a person stands in for the owner now."""
        return self.delegate_id == person_id and self.delegate_until is not None and self.delegate_until > now()


class Member(models.Model):
    """One thing a case holds up, with its money."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="members")
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=80)
    label = models.CharField(max_length=200, blank=True)
    amount = money_field(null=True, blank=True)
    currency = currency_field(blank=True)
    basis = models.CharField(
        max_length=5, blank=True, db_default="", help_text="Whether the amount is net, tax or gross."
    )
    scope = models.CharField(max_length=80, blank=True, help_text="The pass that put it here, e.g. contract:17.")
    is_open = models.BooleanField(default=True)
    added_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "target_type", "target_id"], name="cases_member_once"),
            models.CheckConstraint(
                name="cases_member_closed_pair",
                condition=Q(is_open=True, closed_at__isnull=True) | Q(is_open=False, closed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="cases_member_target", condition=Q(is_open=True)),
            models.Index(fields=["scope"], name="cases_member_scope", condition=Q(is_open=True) & ~Q(scope="")),
            models.Index(fields=["case"], name="cases_member_open", condition=Q(is_open=True)),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.target_type} {self.target_id}"

    @property
    def money(self) -> Money | None:
        """What it holds up, where that is known."""
        return Money(self.amount, self.currency, self.basis) if self.amount is not None else None  # type: ignore[arg-type]


class Comment(models.Model):
    """What somebody wrote on a case; kept for ever."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    text = models.TextField()
    written_at = models.DateTimeField(default=now)


CASE_MOVES = Transitions(
    noun="case",
    initial="open",
    moves={
        "open": {"assigned": "assign or claim", "snoozed": "snooze", "resolved": "resolve or heal", "waiting": "wait"},
        "assigned": {
            "in_progress": "start",
            "open": "unassign",
            "waiting": "wait",
            "snoozed": "snooze",
            "resolved": "resolve or heal",
        },
        "in_progress": {"waiting": "wait", "assigned": "hand over", "snoozed": "snooze", "resolved": "resolve or heal"},
        "waiting": {
            "in_progress": "answer arrived",
            "open": "unassign",
            "assigned": "hand over",
            "resolved": "resolve or heal",
        },
        "snoozed": {"open": "time is up or woken", "assigned": "woken", "resolved": "resolve or heal"},
        "resolved": {"open": "seen again"},
    },
)
