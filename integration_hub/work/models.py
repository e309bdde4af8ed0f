"""Lanes of work. State, attempts, due times, leases and tokens are rows here; the queue holds nothing."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.transitions import Transitions
from integration_hub.people.proposals import SECOND_PERSON, Proposal


class Stage(models.TextChoices):
    """Which cluster works a lane: a backfill must not starve billing."""

    POST = "post", "Posting"
    INGEST = "ingest", "Intake and decisions"
    BULK = "bulk", "Bulk"


class Lane(models.Model):
    """An ordered queue for one key (a contract, a project, an invoice): strict order inside, parallel between lanes."""

    key = models.CharField(max_length=120, unique=True)
    stage = models.CharField(max_length=8, choices=Stage.choices)
    legal_entity = models.CharField(max_length=16, blank=True)
    priority = models.SmallIntegerField(default=50, help_text="Lower goes first.")
    next_at = models.DateTimeField(default=now)
    ready = models.PositiveIntegerField(default=0, help_text="Items waiting.")
    blocked = models.BooleanField(default=False)
    blocked_reason = models.TextField(blank=True)
    blocked_since = models.DateTimeField(null=True, blank=True)
    blocked_by = models.BigIntegerField(null=True, blank=True, help_text="The parked item that stops the lane.")
    token = models.BigIntegerField(default=0, help_text="Fencing token: a write with an older one is refused.")
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["stage", "priority", "next_at"], name="work_lane_due", condition=Q(ready__gt=0, blocked=False)
            )
        ]

    def __str__(self) -> str:
        return self.key


class Item(models.Model):
    """One thing to do, in its lane's order. Attempts are counted when it is claimed, so a crash counts too."""

    class State(models.TextChoices):
        READY = "ready", "Waiting"
        DONE = "done", "Done"
        PARKED = "parked", "Parked"

    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Claims in all, counted before the work starts.")
    claims = models.PositiveSmallIntegerField(default=0, help_text="Claims since the last outcome: poison shows here.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Failures in a row of the same class.")
    not_before = models.DateTimeField(null=True, blank=True)
    dedupe = models.CharField(max_length=160, blank=True, help_text="One waiting item per lane; cleared when claimed.")
    error_class = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    amount = models.DecimalField(max_digits=24, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    correlation_id = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["lane", "id"], name="work_item_head", condition=Q(state="ready")),
            models.Index(fields=["lane", "id"], name="work_item_parked", condition=Q(state="parked")),
            BrinIndex(fields=["finished_at"], name="work_item_finished", pages_per_range=16),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lane", "dedupe"], name="work_item_one_waiting", condition=Q(state="ready") & ~Q(dedupe="")
            ),
            models.CheckConstraint(
                name="work_item_finished_pair",
                condition=Q(state="done", finished_at__isnull=False) | ~Q(state="done"),
            ),
        ]
        permissions = [("steer_item", "Can retry and park items and unblock lanes")]

    def __str__(self) -> str:
        return f"{self.kind} in {self.lane_id}"


class Overtaking(Proposal):
    """A proposal that what waits behind an item of a lane may be worked before it, with exactly what that would be."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for a second person"
        APPLIED = "applied", "Applied"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    class Way(models.TextChoices):
        ASIDE = "aside", "Set a waiting item aside"
        WITHOUT = "without", "Go on without the parked head"

    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="overtakings")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="overtakings", help_text="What is overtaken.")
    way = models.CharField(max_length=8, choices=Way.choices)
    count = models.PositiveIntegerField(help_text="Items that would overtake it.")
    money = models.JSONField(default=dict, help_text="Their money: {currency: amount}.")
    first = models.BigIntegerField(null=True, blank=True, help_text="The first of them.")
    last = models.BigIntegerField(null=True, blank=True, help_text="The last of them.")
    digest = models.CharField(max_length=32, blank=True, help_text="Of their numbers: another one lets it lapse.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["lane"], condition=Q(state="proposed"), name="overtaking_one_open"),
            models.CheckConstraint(
                name="overtaking_decided_pair",
                condition=Q(state="proposed", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="lapsed", decided_by__isnull=True, decided_at__isnull=False)
                | Q(state__in=["applied", "declined", "withdrawn"], decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(name="overtaking_second_person", condition=SECOND_PERSON),
        ]
        permissions = [("approve_overtaking", "Can approve and decline that items of a lane overtake")]

    def __str__(self) -> str:
        return f"{self.get_way_display()} in {self.lane}"


OVERTAKING_MOVES = Transitions(
    noun="overtaking",
    initial="proposed",
    moves={
        "proposed": {
            "applied": "approved, or small enough for one person",
            "declined": "a second person said no",
            "withdrawn": "its author took it back",
            "lapsed": "what would overtake has changed",
        },
        "applied": {},
        "declined": {},
        "withdrawn": {},
        "lapsed": {},
    },
)


class Served(models.Model):
    """When a legal entity was last served by a stage: the least recently served goes first among equals."""

    stage = models.CharField(max_length=8, choices=Stage.choices)
    legal_entity = models.CharField(max_length=16, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stage", "legal_entity"], name="work_served_once")]


class Wakeup(models.Model):
    """At most one waiting ring of the doorbell per stage."""

    stage = models.CharField(max_length=8, primary_key=True)
    pending_at = models.DateTimeField(default=now)


class Beat(models.Model):
    """Liveness by effect: the last time a part of the machine finished something."""

    part = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField(default=now)
    detail = models.CharField(max_length=200, blank=True)
