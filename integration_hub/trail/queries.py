"""Reading the trail."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integration_hub.people.models import User
from integration_hub.people.scope import scope_q
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


def recent(
    user: User | None = None, *, before: int | None = None, since: datetime | None = None, limit: int = 50
) -> list[Event]:
    """The newest events a person may see, by keyset: `before` is the last id of the page before.

    Events that belong to no legal entity (sign-ins, settings) are shown to everybody.
    """
    rows = Event.objects.order_by("-id")
    if user is not None and not user.all_legal_entities:
        rows = rows.filter(scope_q(user, "legal_entity") | Q(legal_entity=""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if since is not None:
        rows = rows.filter(recorded_at__gte=since)
    return list(rows[:limit])


def caused(correlation_id: str) -> QuerySet[Event]:
    """Everything that one act set off, in order."""
    return Event.objects.filter(correlation_id=correlation_id).exclude(correlation_id="").order_by("id")
