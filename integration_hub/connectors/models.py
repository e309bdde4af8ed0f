"""Connections to accounts in external systems, their sealed credentials and the log of calls."""

from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned


class Account(Versioned):
    """An account in an external system as its vendor counts calls: connections that share it share one budget.

    Empty limits mean what the connector's manifest says. `version` is that of an administrator's decisions; what is
    learnt from answers does not count as one.
    """

    code = models.SlugField(max_length=60, unique=True)
    vendor = models.CharField(max_length=30, help_text="Name of the connector.")
    calls = models.PositiveIntegerField(null=True, blank=True, help_text="Calls the vendor allows in the window.")
    seconds = models.PositiveIntegerField(null=True, blank=True, help_text="Length of the window in seconds.")
    daily = models.PositiveIntegerField(null=True, blank=True, help_text="Calls the vendor allows in a rolling day.")
    concurrency = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Calls under way at once.")
    outside = models.JSONField(
        default=list, blank=True, help_text="Others who use the same account: name and percentage of its limits."
    )
    learnt_calls = models.PositiveIntegerField(null=True, blank=True, editable=False)
    learnt_at = models.DateTimeField(null=True, blank=True, editable=False)
    learnt_concurrency = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    learnt_concurrency_at = models.DateTimeField(null=True, blank=True, editable=False)
    quiet_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="The vendor asked us to wait.")
    quota_used = models.PositiveIntegerField(null=True, blank=True, editable=False)
    quota_limit = models.PositiveIntegerField(null=True, blank=True, editable=False)
    quota_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="account_window_pair",
                condition=Q(calls__isnull=True, seconds__isnull=True) | Q(calls__gt=0, seconds__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Spent(models.Model):
    """Calls fetched from a budget in one slot of one window by one lane; counted until `over_at` (see limits.py)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="spent")
    seconds = models.PositiveIntegerField(help_text="Length of the window the slot belongs to.")
    slot = models.BigIntegerField()
    priority = models.CharField(max_length=10)
    calls = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    over_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "seconds", "slot", "priority"], name="spent_once_per_slot")
        ]
        indexes = [models.Index(fields=["account", "over_at"], name="connectors_spent_counted")]


class Connection(Versioned):
    """One way into an account of an external system: address, credentials, settings."""

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
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="connections",
        help_text="Whose limits it shares; empty until the first call: an account of its own.",
    )  # fmt: skip
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
