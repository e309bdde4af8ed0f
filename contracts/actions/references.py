"""Remember under which id another system knows one of our rows."""

from collections.abc import Mapping

from django.db import models

from contracts.models import ExternalReference
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now


def note(
    *,
    connection: Connection,
    entity: str,
    source_id: str,
    row: models.Model,
    number: str = "",
    sync: str = ExternalReference.Sync.CURRENT,
    detail: str = "",
) -> ExternalReference:
    """Remember that `row` is `source_id` there. The same call again only refreshes number and sync state."""
    reference, _ = ExternalReference.objects.update_or_create(
        connection=connection,
        entity=entity,
        source_id=source_id,
        defaults={
            "object_type": row._meta.label_lower,
            "object_id": row.pk,
            "number": number,
            "sync": sync,
            "detail": detail[:300],
            "synced_at": now(),
        },
    )
    return reference


def note_many(*, connection: Connection, entity: str, rows: Mapping[str, models.Model]) -> None:
    """Remember many rows of one kind at once, by the ids they have there."""
    moment = now()
    ExternalReference.objects.bulk_create(
        [
            ExternalReference(
                connection=connection,
                entity=entity,
                source_id=source_id,
                object_type=row._meta.label_lower,
                object_id=row.pk,
                synced_at=moment,
            )
            for source_id, row in rows.items()
        ],
        update_conflicts=True,
        unique_fields=["connection", "entity", "source_id"],
        update_fields=["object_type", "object_id", "sync", "detail", "synced_at", "updated_at"],
        batch_size=2000,
    )


def forget(*, row: models.Model, connection: Connection, entity: str) -> int:
    """Forget under which id another system knew a row: what stood there is gone. Returns how many were forgotten."""
    known = ExternalReference.objects.filter(
        connection=connection, entity=entity, object_type=row._meta.label_lower, object_id=row.pk
    )
    return known.delete()[0]


def mark(*, row: models.Model, connection: Connection, sync: str, detail: str = "") -> None:
    """Set the sync state of a row's references in one system."""
    ExternalReference.objects.filter(connection=connection, object_type=row._meta.label_lower, object_id=row.pk).update(
        sync=sync, detail=detail[:300], synced_at=now(), updated_at=now()
    )
