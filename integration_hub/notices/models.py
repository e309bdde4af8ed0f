"""Notices of what happened to exceptions, who follows which, and how far the trail has been read for them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now


class Kind(models.TextChoices):
    """Why a person is told."""

    OPENED = "opened", "New in your queue"
    ASSIGNED = "assigned", "Assigned to you"
    MENTION = "mention", "You were mentioned"
    CHANGED = "changed", "Changed"
    NEAR = "near", "Deadline near"
    MISSED = "missed", "Deadline missed"
    ESCALATED = "escalated", "Escalated to your role"
    REOPENED = "reopened", "Open again"
    HEALED = "healed", "Closed by itself"


class Channel(models.TextChoices):
    """How a person is told."""

    APP = "app", "In the console"


class Notice(models.Model):
    """One person is told of one event in one way: there is never a second row for the same three."""

    event = models.BigIntegerField(help_text="The event of the trail it tells of.")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    legal_entity = models.CharField(max_length=16, blank=True)
    severity = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=250, help_text="Of the exception, as it was then.")
    text = models.TextField(help_text="What happened, in one sentence.")
    happened_at = models.DateTimeField()
    written_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "person", "channel"], name="notice_once")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notice_inbox", condition=Q(channel="app")),
            models.Index(fields=["person"], name="notice_unread", condition=Q(channel="app", read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"

    @property
    def is_read(self) -> bool:
        """Whether the person has seen it."""
        return self.read_at is not None


class Watch(models.Model):
    """A person follows an exception without owning it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="watches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="watches")
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="notice_watch_once")]


class Deadline(models.Model):
    """That a deadline of an exception was near, or missed, has been said; an exception seen again has another one."""

    class Which(models.TextChoices):
        NEAR = "near", "Near"
        MISSED = "missed", "Missed"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="deadlines")
    due_at = models.DateTimeField()
    which = models.CharField(max_length=8, choices=Which.choices)
    said_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "due_at", "which"], name="notice_deadline_once")]


class Reader(models.Model):
    """How far the trail has been read: the last (transaction, event) of which everybody has been told."""

    part = models.CharField(max_length=20, primary_key=True)
    tx = models.CharField(max_length=20, default="0")
    event = models.BigIntegerField(default=0)
    at = models.DateTimeField(default=now)
