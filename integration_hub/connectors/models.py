"""Connections to accounts in external systems, their sealed credentials and the log of calls."""

from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned


class Connection(Versioned):
    """One account in one external system."""

    class Health(models.TextChoices):
        OK = "ok", "Working"
        EXPIRING = "expiring", "Credential expires soon"
        AUTH_FAILED = "auth_failed", "Credential refused"
        LIMITED = "limited", "Limited by the vendor"
        DOWN = "down", "Not answering"
        UNKNOWN = "unknown", "Not tried yet"

    code = models.SlugField(max_length=60, unique=True)
    vendor = models.CharField(max_length=30, help_text="Name of the connector.")
    name = models.CharField(max_length=120)
    base_url = models.URLField(blank=True)
    settings = models.JSONField(
        default=dict, blank=True, help_text="Not secret: account ids, page sizes, vendor switches."
    )
    sealed_credentials = models.BinaryField(default=bytes, editable=False)
    sealed_webhook_secret = models.BinaryField(default=bytes, editable=False)
    is_paused = models.BooleanField(default=False)
    paused_reason = models.CharField(max_length=200, blank=True)
    health = models.CharField(max_length=12, choices=Health.choices, default=Health.UNKNOWN)
    health_detail = models.CharField(max_length=500, blank=True)
    health_at = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(null=True, blank=True, help_text="Circuit breaker: no calls before this instant.")
    failures_in_row = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="connection_pause_has_reason", condition=Q(is_paused=False) | ~Q(paused_reason="")
            ),
        ]
        permissions = [
            ("pause_connection", "Can pause and resume connections"),
            ("rotate_credentials", "Can set credentials"),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class Call(models.Model):
    """One HTTP call, without bodies and secrets: what was asked, what was answered, how long it took."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="calls")
    at = models.DateTimeField(default=now)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=20)
    milliseconds = models.PositiveIntegerField(default=0)
    request_hash = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=500, blank=True)
    correlation_id = models.CharField(max_length=40, blank=True, db_index=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["connection", "-at"], name="connectors_call_recent")]
