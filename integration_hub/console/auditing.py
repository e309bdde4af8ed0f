"""The audit trail as a list, one event in full, and the seals that make tampering visible."""

from typing import Any

import django_filters
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import filter_kinds, links, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.columns import Column
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.tables import Table
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q
from integration_hub.trail import record, seal
from integration_hub.trail.models import Event, Seal
from integration_hub.trail.queries import caused

PERMISSION = "hub_trail.view_event"


def visible_to(user: User) -> "QuerySet[Event]":
    """Events of the person's legal entities. Those of none, and customers are among them, are for people who see all;
    everybody sees what they did themselves.
    """
    if user.all_legal_entities:
        return Event.objects.all()
    return Event.objects.filter(scope_q(user, "legal_entity") | Q(legal_entity="", actor=user.username))


class EventTable(Table):
    """Who did what to what, when and why."""

    caption = "Audit trail"
    columns = [
        Column("recorded_at", "When", kind="datetime"),
        Column("actor", "Who"),
        Column("told", "What", accessor=lambda row: timeline.entries([row])[0].items[0].sentence),
        Column("action", "Action", kind="code", hideable=True, hidden=True),
        Column("object_label", "Record", accessor=lambda row: row.object_label or row.object_id,
               url=lambda row: links.address(row.object_type, row.object_id)),
        Column("reason", "Reason", hideable=True),
        Column("legal_entity", "Entity", hideable=True),
        Column("correlation_id", "Act", kind="code", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        """The event in full."""
        return reverse("console:event-detail", args=[row.pk])


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which events."""

    actor = filter_kinds.exactly("Who (user name or part)")
    actor_kind = filter_kinds.any_of("Kind of actor", Event.ActorKind)
    action = filter_kinds.contains("Action")
    object_type = filter_kinds.exactly("Type of record")
    object_id = filter_kinds.exactly("Id of record")
    object_label = filter_kinds.contains("Record")
    recorded_at = filter_kinds.days("Recorded")
    correlation_id = filter_kinds.exactly("Act (correlation id)")


class EventList(ListScreen):
    """The audit trail, newest first."""

    permission = PERMISSION
    scope = None  # one's own events that belong to no legal entity are shown too: `visible_to` decides
    title = "Audit trail"
    lead = "Everything that happened, who did it and why. Rows are never changed and are sealed in batches."
    table_class = EventTable
    filterset_class = EventFilter
    template_name = "console/room_list.html"
    empty = Empty("Nothing has been recorded yet")

    def rows(self) -> "QuerySet[Event]":
        """Events of the person's scope."""
        return visible_to(self.request.user)

    def buttons(self) -> list[Button]:
        """The seals."""
        return [Button("Seals", reverse("console:seals"), icon="shield-check", link=True)]


@screen(permission=PERMISSION)
def event_detail(request: Request, pk: int) -> HttpResponse:
    """One event, with everything the same act set off."""
    event = find_or_404(visible_to(request.user), request.user, scope=None, pk=pk)
    same_act = list(caused(event.correlation_id).filter(pk__in=visible_to(request.user).values("pk"))[:100])
    sealed = Seal.objects.filter(first_event__lte=event.pk, last_event__gte=event.pk).first()
    context = {
        "title": timeline.entries([event])[0].items[0].sentence.capitalize(),
        "breadcrumbs": [("Audit trail", reverse("console:event-list"))],
        "event": event,
        "record_url": links.address(event.object_type, event.object_id),
        "sealed": sealed,
        "entries": timeline.entries(same_act or [event]),
        "facts": [
            ("Action", event.action),
            ("Who", f"{event.actor} ({event.get_actor_kind_display().lower()})"),
            ("Record", f"{event.object_type} {event.object_id}"),
            ("Legal entity", event.legal_entity or None),
            ("Reason", event.reason or None),
            ("Act", event.correlation_id or None),
        ],
    }
    return render(request, "console/event_detail.html", context)


class SealTable(Table):
    """The chain of seals."""

    caption = "Seals"
    page_size = 25
    columns = [
        Column("pk", "Seal", kind="number"),
        Column("sealed_at", "Sealed", kind="datetime"),
        Column("first_event", "From event", kind="number"),
        Column("last_event", "To event", kind="number"),
        Column("count", "Events", kind="number"),
        Column("hash", "Hash", kind="code", accessor=lambda row: f"{row.hash[:16]}…"),
    ]


def seal_status() -> dict[str, Any]:
    """How far the trail is sealed: the last seal, events sealed, events after it. No seal is recomputed."""
    last = Seal.objects.order_by("-id").first()
    unsealed = Event.objects.filter(pk__gt=last.last_event).count() if last else Event.objects.count()
    return {"last": last, "unsealed": unsealed}


@screen(permission=PERMISSION, methods=["GET", "POST"])
def seals(request: Request) -> HttpResponse:
    """The seals; POST recomputes the whole chain and says whether it is intact."""
    if request.method == "POST":
        _verify(request)
        return HttpResponseRedirect(reverse("console:seals"))
    checked = Event.objects.filter(action="trail.seals.verified").order_by("-id").first()
    context = {
        "title": "Seals",
        "lead": "Each seal is a hash over a batch of events and the seal before it: a changed, removed or slipped-in "
        "event breaks the chain.",
        "breadcrumbs": [("Audit trail", reverse("console:event-list"))],
        "table": SealTable(Seal.objects.all(), request),
        "checked": checked,
        **seal_status(),
    }
    return render(request, "console/seals.html", context)


def _verify(request: Request) -> None:
    verdict = seal.verify()
    record.event(
        "trail.seals.verified",
        by=request.user,
        object_type="seal",
        object_id=verdict.broken_seal or verdict.seals,
        label="intact" if verdict.intact else "broken",
        reason=verdict.problem,
        seals=verdict.seals,
        events=verdict.events,
        intact=verdict.intact,
    )
    if verdict.intact:
        messages.success(request, f"The chain is intact: {verdict.seals:,} seals over {verdict.events:,} events.")
    else:
        messages.error(request, verdict.problem)
