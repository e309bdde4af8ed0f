"""Remember under which id another system knows one of our rows."""

from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`row` is `source_id` there, and how far the two agree."""

    source_id: str
    row: models.Model
    number: str = ""
    sync: str = ExternalReference.Sync.CURRENT
    detail: str = ""


def note_many(*, connection: Connection, entity: str, notes: Iterable[Note]) -> None:
    """Remember many rows of one kind at once; of several notes under one id the last holds."""
    moment, last = now(), {note.source_id: note for note in notes}
    ExternalReference.objects.bulk_create(
        [
            ExternalReference(
                connection=connection,
                entity=entity,
                source_id=source_id,
                object_type=note.row._meta.label_lower,
                object_id=note.row.pk,
                number=note.number,
                sync=note.sync,
                detail=note.detail[:300],
                synced_at=moment,
            )
            for source_id, note in last.items()
        ],
        update_conflicts=True,
        unique_fields=["connection", "entity", "source_id"],
        update_fields=["object_type", "object_id", "number", "sync", "detail", "synced_at", "updated_at"],
        batch_size=2000,
    )


def holders(*, connection: Connection, entity: str, rows: Iterable[models.Model]) -> dict[int, str]:
    """Under which id a system knows rows of one kind already, by our id."""
    found = list(rows)
    if not found:
        return {}
    known = ExternalReference.objects.filter(connection=connection, entity=entity)
    kind, ids = found[0]._meta.label_lower, [row.pk for row in found]
    return dict(known.filter(object_type=kind, object_id__in=ids).values_list("object_id", "source_id"))


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
