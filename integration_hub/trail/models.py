"""The trail: one append-only row for each thing that happened, and the seals that make tampering visible."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now


class Event(models.Model):
    """What happened, to what, by whom and why. Never changed: the database refuses UPDATE and DELETE.

    `action` is a dotted past-tense name such as `billing.hold.released`. No foreign keys to live rows, so the
    trail survives whatever becomes of them. `transaction` is the PostgreSQL transaction id: seals follow it.
    """

    class ActorKind(models.TextChoices):
        PERSON = "person", "Person"
        SYSTEM = "system", "System"
        INTEGRATION = "integration", "Integration"

    recorded_at = models.DateTimeField(default=now)
    actor_kind = models.CharField(max_length=12, choices=ActorKind.choices)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    object_label = models.CharField(max_length=200, blank=True)
    legal_entity = models.CharField(max_length=16, blank=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    correlation_id = models.CharField(max_length=40, blank=True)
    caused_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        # Six texts of each event could be looked up by; each index costs every event, so only these are.
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="trail_event_object"),
            models.Index(fields=["action", "-id"], name="trail_event_action"),
            models.Index(fields=["correlation_id"], condition=~Q(correlation_id=""), name="trail_event_correlation"),
            BrinIndex(fields=["recorded_at"], name="trail_event_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label or self.object_id}"


class Seal(models.Model):
    """A batch of events closed by a hash that also covers the previous seal (controls.md §3.1)."""

    sealed_at = models.DateTimeField(default=now)
    first_event = models.BigIntegerField()
    last_event = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-id"]
