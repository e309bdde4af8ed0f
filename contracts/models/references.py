"""Where our rows live in other systems, and whether they agree there."""

from django.db import models

from integration_hub.connectors.models import Connection
from integration_hub.kernel.models import Timestamped


class ExternalReference(Timestamped):
    """One of our rows as another system knows it."""

    class Sync(models.TextChoices):
        CURRENT = "current", "In step"
        PENDING = "pending", "On its way"
        FAILED = "failed", "Failed"
        DRIFTED = "drifted", "Differs"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="references")
    entity = models.CharField(max_length=40, help_text="Their entity")
    source_id = models.CharField(max_length=120)
    number = models.CharField(max_length=120, blank=True, help_text="What people there call it")
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    sync = models.CharField(max_length=8, choices=Sync.choices, default=Sync.CURRENT)
    detail = models.CharField(max_length=300, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "entity", "source_id"], name="reference_source_once"),
            models.UniqueConstraint(
                fields=["connection", "entity", "object_type", "object_id"], name="reference_object_once"
            ),
        ]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="reference_object"),
            models.Index(fields=["number"], name="reference_number"),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.entity}:{self.source_id}"
