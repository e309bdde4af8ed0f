"""Sagas: named steps with compensation; where each one stands is a row."""

from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions


class Process(Versioned):
    """One run of a saga definition for one business key, e.g. the activation of one contract."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting for a person"
        COMPENSATING = "compensating", "Undoing"
        DONE = "done", "Done"
        UNDONE = "undone", "Undone"

    definition = models.CharField(max_length=60)
    definition_version = models.PositiveSmallIntegerField(default=1)
    business_key = models.CharField(max_length=120)
    attempt = models.PositiveSmallIntegerField(default=1)
    legal_entity = models.CharField(max_length=16, blank=True)
    label = models.CharField(max_length=200)
    state = models.CharField(max_length=14, choices=State.choices, default=State.RUNNING)
    data = models.JSONField(default=dict)
    failure = models.TextField(blank=True)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    correlation_id = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name_plural = "processes"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["definition", "business_key", "attempt"], name="process_once_per_attempt"),
            models.UniqueConstraint(
                fields=["definition", "business_key"],
                condition=~Q(state__in=["undone", "done"]),
                name="process_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition} {self.label}"


class Step(models.Model):
    """One named step of a process."""

    class State(models.TextChoices):
        WAITING = "waiting", "Not yet"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        UNDOING = "undoing", "Undoing"
        UNDONE = "undone", "Undone"
        SKIPPED = "skipped", "Skipped"

    process = models.ForeignKey(Process, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    detail = models.TextField(blank=True)
    effect_key = models.CharField(max_length=64, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="By when a person has to have acted.")
    overdue_at = models.DateTimeField(null=True, blank=True, help_text="When it was found overdue and escalated.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["process_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["process", "number"], name="process_step_number_once"),
            models.UniqueConstraint(fields=["process", "name"], name="process_step_name_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="process_step_due", condition=Q(state="running", overdue_at=None))
        ]


PROCESS_MOVES = Transitions(
    noun="process",
    initial="running",
    moves={
        "running": {"done": "last step done", "compensating": "a step failed for good", "waiting": "a person must act"},
        "waiting": {"running": "the person acted", "compensating": "the person gave up"},
        "compensating": {"undone": "all earlier steps undone"},
        "done": {},
        "undone": {},
    },
)
