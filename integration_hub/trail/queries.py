"""Reading the trail."""

from django.db.models import Q, QuerySet

from integration_hub.trail.models import Event


def timeline_of(object_type: str, object_id: object, *, limit: int | None = None) -> QuerySet[Event]:
    """What happened to one object, newest first."""
    rows = Event.objects.filter(object_type=object_type, object_id=str(object_id)).order_by("-id")
    return rows if limit is None else rows[:limit]


def timeline_of_many(objects: list[tuple[str, object]]) -> QuerySet[Event]:
    """What happened to several objects together (a contract and its versions, say), newest first."""
    which = Q(pk__in=[])
    for object_type, object_id in objects:
        which |= Q(object_type=object_type, object_id=str(object_id))
    return Event.objects.filter(which).order_by("-id")


def caused(correlation_id: str) -> QuerySet[Event]:
    """Everything that one act set off, in order."""
    return Event.objects.filter(correlation_id=correlation_id).exclude(correlation_id="").order_by("id")
