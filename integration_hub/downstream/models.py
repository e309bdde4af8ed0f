"""Streams of business events to other systems, what was handed over, and what was left out on purpose."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions


class Stream(Versioned):
    """Which events one system is told of, and how far it has been told.

    (`after_transaction`, `after_event`) is the place in the trail up to which everything that belongs to the stream
    was taken by the other side; it moves with what was taken and with nothing else.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        STOPPED = "stopped", "Stopped at an event that was refused"

    code = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="streams")
    actions = ArrayField(
        models.CharField(max_length=80), help_text="Names of events; `billing.*` stands for all that begin so."
    )
    legal_entities = ArrayField(
        models.CharField(max_length=16), default=list, blank=True,
        help_text="Codes; none: all, and what belongs to no legal entity.",
    )  # fmt: skip
    with_words = models.BooleanField(default=False, help_text="Names of people and reasons they gave are sent too.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    reason = models.TextField(blank=True, help_text="Why it is paused or stopped.")
    stopped_at_event = models.BigIntegerField(null=True, blank=True)
    after_transaction = models.BigIntegerField(default=0)
    after_event = models.BigIntegerField(default=0)
    taken = models.PositiveBigIntegerField(default=0, help_text="Events handed over so far.")
    last_taken_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=now)
    failures_in_row = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    last_error_class = models.CharField(max_length=20, blank=True)
    late_after_seconds = models.PositiveIntegerField(default=3600, help_text="Behind for longer is an exception.")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(name="stream_names_events", condition=Q(actions__len__gt=0)),
            models.CheckConstraint(
                name="stream_stopped_at_pair",
                condition=Q(state="stopped", stopped_at_event__isnull=False)
                | ~Q(state="stopped") & Q(stopped_at_event__isnull=True),
            ),
            models.CheckConstraint(name="stream_halt_has_reason", condition=Q(state="running") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.title


class Portion(models.Model):
    """Events handed over together. Written before the first is sent, closed when it is known how many were taken.

    One that stays open was cut off: its events were sent again under the same ids.
    """

    class Outcome(models.TextChoices):
        OPEN = "", "Under way, or cut off"
        TAKEN = "taken", "Taken"
        REFUSED = "refused", "Not taken as a whole"

    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="portions")
    first_event = models.BigIntegerField()
    last_event = models.BigIntegerField()
    count = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["stream", "-id"], name="portion_recent")]
        constraints = [
            models.CheckConstraint(
                name="portion_finished_pair",
                condition=Q(outcome="", finished_at__isnull=True) | ~Q(outcome="") & Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="portion_taken_is_all",
                condition=Q(taken__lte=models.F("count")) & (~Q(outcome="taken") | Q(taken=models.F("count"))),
            ),
        ]


class LeftOut(models.Model):
    """An event a person had a stream leave out, because the other side refuses it."""

    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="left_out")
    event = models.BigIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "event"], name="left_out_once"),
            models.CheckConstraint(name="left_out_says_why", condition=~Q(reason="")),
        ]


STREAM_MOVES = Transitions(
    noun="stream",
    initial="running",
    moves={
        "running": {"paused": "a person paused it", "stopped": "the other side refused an event"},
        "paused": {"running": "a person resumed it"},
        "stopped": {"running": "tried again, or went on without the event", "paused": "a person paused it"},
    },
)
