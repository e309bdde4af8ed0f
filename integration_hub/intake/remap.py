"""After a mapping was published or a value added: what was refused or left out is taken again, without being asked."""

from django.db.models import Q, Sum

from integration_hub.intake import pipeline, waiting
from integration_hub.intake.models import Feed, SourceVersion
from integration_hub.mapping.models import Mapping, ValueMap
from integration_hub.work.actions import items
from integration_hub.work.registry import Job

REMAP = "intake.remap"
BATCH = 500


def watch() -> int:
    """The tick: find feeds whose refused records were tried with an older mapping; how many were rung.

    Mapping lies below this room and does not know it: what it published is noticed here, so no news can be lost.
    """
    troubled = SourceVersion.objects.filter(status__in=("refused", "filtered")).order_by()
    rung = 0
    for connection_id, entity in troubled.values_list("connection_id", "entity").distinct():
        feed = Feed.objects.select_related("connection").filter(connection_id=connection_id, entity=entity).first()
        if feed is not None and _ring(feed):
            rung += 1
    return rung


def _ring(feed: Feed) -> bool:
    seen = in_force(feed.connection.code, feed.entity)
    if not seen or seen == feed.mapping_seen:
        return False
    # Noted before it is worked: a publication during the work rings again.
    Feed.objects.filter(pk=feed.pk).update(mapping_seen=seen)
    lane = waiting.lane(feed.connection.code)
    items.enqueue(REMAP, lane=lane, stage="ingest", payload={"feed": feed.pk, "after": 0}, dedupe=f"remap:{feed.pk}")
    return True


def in_force(connection_code: str, entity: str) -> str:
    """What decides how records are read: the published version and the state of the value maps; empty without one."""
    published = Mapping.objects.filter(connection=connection_code, entity=entity, status=Mapping.Status.PUBLISHED)
    pk = published.values_list("pk", flat=True).first()
    if pk is None:
        return ""
    revisions = ValueMap.objects.filter(connection=connection_code).aggregate(sum=Sum("revision"))["sum"]
    return f"{pk}/{revisions or 0}"


def remap(job: Job) -> None:
    """Take a batch again; the rest goes to a further item."""
    feed = Feed.objects.select_related("connection").get(pk=job.payload["feed"])
    current = Mapping.objects.filter(
        connection=feed.connection.code, entity=feed.entity, status=Mapping.Status.PUBLISHED
    ).first()
    if current is None:
        return
    concerned = Q(status="refused") | Q(status="filtered") & ~Q(mapping_version=current.version)
    rows = SourceVersion.objects.filter(
        concerned, connection=feed.connection, entity=feed.entity, pk__gt=int(job.payload["after"])
    )
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    pipeline.reapply(ids)
    if len(ids) == BATCH:
        payload = {"feed": feed.pk, "after": ids[-1]}
        items.enqueue(REMAP, lane=waiting.lane(feed.connection.code), stage="ingest", payload=payload)
