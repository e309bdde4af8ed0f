"""Replay plans: the items as they were chosen, what was forecast for each, and what became of it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from integration_hub.effects.actions.again import Prospect
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, money_field
from integration_hub.kernel.transitions import Transitions


class Plan(Versioned):
    """A frozen set of effects or source versions that are to be worked again. The set never changes."""

    class Kind(models.TextChoices):
        EFFECT = "effect", "Effects"
        SOURCE = "source", "Source records"

    class State(models.TextChoices):
        FORECASTING = "forecasting", "Being forecast"
        READY = "ready", "Waits for approval"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    title = models.CharField(max_length=120)
    reason = models.TextField(help_text="Why these are to be worked again.")
    told = models.CharField(max_length=500, help_text="How the items were chosen, in words.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.FORECASTING)
    legal_entities = ArrayField(
        models.CharField(max_length=16, blank=True), default=list, help_text="Of its items; empty for none."
    )
    size = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, help_text="SHA-256 over every item with the version that was chosen.")
    per_minute = models.PositiveIntegerField(default=600, help_text="Items a minute, at most.")
    foreseen = models.PositiveIntegerField(default=0, help_text="Items forecast so far.")
    forecast_at = models.DateTimeField(null=True, blank=True)
    four_eyes = models.TextField(blank=True, help_text="Why a second person has to approve it; empty: nobody has to.")
    taken = models.PositiveIntegerField(default=0, help_text="Items put back to work so far.")
    taken_before = models.PositiveIntegerField(default=0, help_text="Of them, before it last began to run.")
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="replay_plans")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="approved_replay_plans"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    running_since = models.DateTimeField(null=True, blank=True, help_text="Since it last began to run.")
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True, help_text="Why it stopped by itself.")
    correlation_id = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="replay_plan_approved_pair",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="replay_plan_runs_approved",
                condition=~Q(state__in=["running", "paused", "done"]) | Q(approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="replay_plan_second_person",
                condition=Q(four_eyes="") | Q(approved_by__isnull=True) | ~Q(approved_by=F("planned_by")),
            ),
        ]
        permissions = [
            ("plan_replay", "Can plan replays and have them forecast"),
            ("approve_replay", "Can approve, pause, resume and cancel replays"),
        ]

    def __str__(self) -> str:
        return self.title


class PlanItem(models.Model):
    """One thing of a plan: which version was chosen, what was foreseen, what became of it."""

    class Outcome(models.TextChoices):
        UNDER_WAY = "under_way", "Under way"
        CREATED = "created", "Done"
        NOOP = "noop", "Nothing to do"
        WINDOW = "window", "Waits for its window"
        WAITS = "waits", "Has to wait"
        UNKNOWN = "unknown", "Outcome unknown"
        APPROVAL = "approval", "Needs approval"
        CONFLICT = "conflict", "Conflict"
        REFUSED = "refused", "Refused"
        CHANGED = "changed", "Left alone: changed since"

    UNSETTLED = ("under_way", "window", "waits", "unknown")
    """Outcomes that may still become others without anybody's decision about this plan."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()
    target_id = models.BigIntegerField(help_text="Id of the effect or of the source version.")
    label = models.CharField(max_length=240)
    seen_state = models.CharField(max_length=12, help_text="Its state when it was chosen.")
    seen_at = models.DateTimeField(help_text="When it had last changed then: the version that was chosen.")
    legal_entity = models.CharField(max_length=16, blank=True)
    amount = money_field(null=True, blank=True)
    currency = currency_field(blank=True)
    prospect = models.CharField(max_length=10, choices=Prospect.choices, blank=True)
    prospect_reason = models.TextField(blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the target was asked for the forecast.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    outcome_reason = models.TextField(blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["plan_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="replay_item_number_once"),
            models.UniqueConstraint(fields=["plan", "target_id"], name="replay_item_target_once"),
        ]
        indexes = [
            models.Index(fields=["plan", "prospect", "number"], name="replay_item_prospect"),
            models.Index(fields=["plan", "outcome", "number"], name="replay_item_outcome"),
            models.Index(
                fields=["plan"],
                name="replay_item_unsettled",
                condition=Q(outcome__in=["under_way", "window", "waits", "unknown"]),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Answer(models.Model):
    """What a target said when it was asked about an unknown effect for a forecast; good for a short while."""

    effect = models.OneToOneField("hub_effects.Effect", on_delete=models.CASCADE, related_name="+")
    found = models.BooleanField()
    remote_id = models.CharField(max_length=120, blank=True)
    asked_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return "has it" if self.found else "does not have it"


PLAN_MOVES = Transitions(
    noun="replay plan",
    initial="forecasting",
    moves={
        "forecasting": {"ready": "every item is forecast", "cancelled": "cancel"},
        "ready": {
            "running": "approve",
            "forecasting": "forecast again",
            "cancelled": "cancel",
        },
        "running": {
            "paused": "pause, or it failed",
            "done": "every item is settled or rests",
            "cancelled": "cancel: the rest is not run",
        },
        "paused": {"running": "resume", "cancelled": "cancel: the rest is not run"},
        "done": {},
        "cancelled": {},
    },
)
