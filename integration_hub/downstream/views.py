"""Streams: all of them, one with what it waits for, and what people decide about it."""

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration_hub.connectors.publishing import Message
from integration_hub.console import timeline, wording
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import Fact, known
from integration_hub.console.forms import DecisionForm, ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.templatetags.console import badge, when
from integration_hub.console.timeline import PRESENTERS
from integration_hub.downstream import envelope, policies, selection
from integration_hub.downstream.actions import streams
from integration_hub.downstream.filters import StreamFilter
from integration_hub.downstream.forms import AgainForm, NewStreamForm, StreamForm
from integration_hub.downstream.models import LeftOut, Portion, Stream
from integration_hub.downstream.tables import PortionTable, StreamTable, state
from integration_hub.kernel.decision import Decision
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.trail.models import Event
from integration_hub.trail.queries import timeline_of

EVENTS = 30
LEFT_OUT = 20
SEE, CHANGE = policies.SEE, policies.CHANGE
TOLD_TWICE = "Everything since then is sent once more under the ids it had; receivers drop what they have."


def visible() -> "QuerySet[Stream]":
    """Streams with their connection, without its secrets."""
    return Stream.objects.select_related("connection").defer(
        "connection__sealed_credentials", "connection__sealed_webhook_secret"
    )


class StreamList(ListScreen):
    """Streams with what waits."""

    permission = SEE
    scope = None  # a stream says itself which legal entities it tells of; it carries no record of theirs
    title = "Streams"
    lead = "Which business events other systems are told of, and how far they have been told."
    table_class = StreamTable
    filterset_class = StreamFilter
    template_name = "console/room_list.html"
    empty = Empty(
        "Nobody is told yet",
        "Set up a webhook consumer or a broker under Connections, then choose the events it is told of.",
    )

    def rows(self) -> "QuerySet[Any]":
        """Streams."""
        return visible()

    def buttons(self) -> list[Button]:
        """A new one, and what there is to tell."""
        may = policies.can_set_up(self.request.user, self.request.user.legal_entities)
        return [
            Button("New stream", reverse("downstream:stream-add"), may, tone="primary", icon="plus", link=True),
            Button("Events", reverse("downstream:event-list"), icon="list-details", link=True),
        ]


@screen(permission=SEE)
def event_list(request: Request) -> HttpResponse:
    """What there is to tell: the names of events, by room."""
    names = sorted(name for name, _ in PRESENTERS)
    context = {
        "title": "Events",
        "lead": "What other systems can be told of. A name that ends in .* stands for all that begin so.",
        "breadcrumbs": [("Streams", reverse("downstream:stream-list"))],
        "rooms": [(room, list(found)) for room, found in groupby(names, key=lambda name: name.rpartition(".")[0])],
    }
    return render(request, "downstream/event_list.html", context)


def find(request: Request, code: str) -> Stream:
    """A stream by its code, or 404."""
    return find_or_404(visible(), request.user, scope=None, code=code)


def page_of(stream: Stream) -> str:
    """The address of a stream's page."""
    return reverse("downstream:stream-detail", args=[stream.code])


@screen(permission=SEE)
def stream_by_id(request: Request, pk: int) -> HttpResponse:
    """The page of a stream named by its id, as records that point to it know it."""
    return HttpResponseRedirect(page_of(find_or_404(visible(), request.user, scope=None, pk=pk)))


@screen(permission=SEE)
def stream_detail(request: Request, code: str) -> HttpResponse:
    """One stream: how it stands, what was handed over, what the next event says."""
    stream = find(request, code)
    following = next(iter(selection.following(stream, 1)), None)
    context = {
        "stream": stream,
        "title": str(stream),
        "status": state(stream),
        "key": stream.code,
        "lead": f"Tells {stream.connection} what happened.",
        "breadcrumbs": [("Streams", reverse("downstream:stream-list"))],
        "buttons": buttons(stream, request),
        "facts": facts(stream),
        "is_next": following is not None,
        "message": _message(request, stream, following or _last_told(stream)),
        "portions": PortionTable(Portion.objects.filter(stream=stream), request, name="portions"),
        "left_out": LeftOut.objects.filter(stream=stream).select_related("by")[:LEFT_OUT],
        "entries": timeline.entries(timeline_of("stream", stream.pk, limit=EVENTS)),
    }
    return render(request, "downstream/stream_detail.html", context)


def _last_told(stream: Stream) -> Event | None:
    last = Portion.objects.filter(stream=stream, taken__gt=0).first()
    return Event.objects.filter(pk=last.last_event).first() if last and last.taken == last.count else None


def _message(request: Request, stream: Stream, event: Event | None) -> Message | None:
    """What an event says to the stream, if the person may see the event."""
    if event is None or not request.user.has_perm("hub_trail.view_event"):
        return None
    if event.legal_entity and not request.user.may_see(event.legal_entity):
        return None
    return envelope.message(event, with_words=stream.with_words)


def facts(stream: Stream) -> list[Fact]:
    """A stream in facts."""
    behind = selection.behind(stream)
    return known(
        ("System", _to_connection(stream)),
        ("Events", ", ".join(stream.actions)),
        ("Legal entities", ", ".join(stream.legal_entities) or "All, and what belongs to none"),
        ("Names and reasons", "sent" if stream.with_words else "not sent"),
        ("Waiting", str(behind)),
        ("The oldest since", when(behind.since) if behind.since else None),
        ("Told so far", wording.number(stream.taken)),
        ("Last told", when(stream.last_taken_at) if stream.last_taken_at else None),
        ("Stopped at event", stream.stopped_at_event),
        ("It said", stream.last_error or None),
        ("Tries in a row", stream.failures_in_row or None),
        ("Tries again", when(stream.due_at) if stream.failures_in_row and stream.state == "running" else None),
        ("Late when behind for", f"{stream.late_after_seconds // 60} min"),
    )


def _to_connection(stream: Stream) -> SafeString:
    address = reverse("connectors:connection-detail", args=[stream.connection.code])
    return format_html('<a href="{}">{}</a>', address, stream.connection)


def buttons(stream: Stream, request: Request) -> list[Button]:
    """What may be done with a stream."""

    def at(verb: str) -> str:
        return reverse(f"downstream:stream-{verb}", args=[stream.code])

    may = policies.can_run(stream, request.user)
    offered = []
    if stream.state == Stream.State.STOPPED:
        offered.append(Button("Try again", at("resume"), may, tone="primary", icon="refresh", version=stream.version))
        offered.append(Button("Go on without it…", at("leave-out"), may, icon="player-play"))
    if stream.state == Stream.State.PAUSED:
        offered.append(Button("Resume", at("resume"), may, tone="primary", icon="player-play", version=stream.version))
    else:
        offered.append(Button("Pause…", at("pause"), may, icon="player-pause"))
    offered.append(Button("Tell again…", at("again"), may, icon="repeat"))
    offered.append(Button("Change…", at("change"), may, icon="settings", link=bool(may)))
    return offered


# Deciding ---------------------------------------------------------------------------------------------------------


def _asked(
    request: Request,
    stream: Stream,
    form: Any,
    act: Callable[[Mapping[str, Any]], Any],
    *,
    title: str,
    verb: str,
    done: str,
    consequence: str = "",
    decision: Decision | None = None,
) -> HttpResponse:
    """One decision about one stream."""
    confirm = Confirm(
        title=title,
        verb=verb,
        back=page_of(stream),
        form=form,
        facts=[("Stream", str(stream)), ("State", badge(state(stream))), ("Waiting", str(selection.behind(stream)))],
        consequence=consequence,
        decision=decision if decision is not None else policies.can_run(stream, request.user),
    )
    return decide(request, confirm, act, done=done)


def _reasoned(request: Request, stream: Stream, kind: type[ReasonForm] = ReasonForm) -> ReasonForm:
    return kind(request.POST or None, initial={"version": stream.version})


@screen(permission=SEE, methods=["GET", "POST"])
def stream_pause(request: Request, code: str) -> HttpResponse:
    """Tell nothing for a while."""
    stream = find(request, code)
    return _asked(
        request, stream, _reasoned(request, stream),
        lambda data: streams.pause(
            stream_id=stream.pk, reason=data["reason"], by=request.user, seen_version=data["version"]
        ),
        title=f"Pause {stream}", verb="Pause", done=f"{stream} is paused.",
        consequence="Events wait here and are told in order when it is resumed.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def stream_resume(request: Request, code: str) -> HttpResponse:
    """Go on where it stands."""
    stream = find(request, code)
    form = DecisionForm(request.POST or None, initial={"version": stream.version})
    return _asked(
        request, stream, form,
        lambda data: streams.resume(stream_id=stream.pk, by=request.user, seen_version=data["version"]),
        title=f"Go on with {stream}", verb="Go on", done=f"{stream} goes on.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def stream_leave_out(request: Request, code: str) -> HttpResponse:
    """Go on without the event the other side refuses."""
    stream = find(request, code)
    return _asked(
        request, stream, _reasoned(request, stream),
        lambda data: streams.leave_out(
            stream_id=stream.pk, reason=data["reason"], by=request.user, seen_version=data["version"]
        ),
        title=f"Leave event {stream.stopped_at_event} out", verb="Leave it out", done=f"{stream} goes on.",
        consequence="The other side is never told of this event by this stream. That it was left out stays on record.",
        decision=policies.can_leave_out(stream, request.user),
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def stream_again(request: Request, code: str) -> HttpResponse:
    """Tell everything since a day once more."""
    stream = find(request, code)
    form = AgainForm(request.POST or None, initial={"version": stream.version})
    return _asked(
        request, stream, form,
        lambda data: streams.tell_again(
            stream_id=stream.pk, since=form.moment(), reason=data["reason"], by=request.user,
            seen_version=data["version"],
        ),
        title=f"Tell {stream} again", verb="Tell again", done="Events are told again.", consequence=TOLD_TWICE,
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def stream_change(request: Request, code: str) -> HttpResponse:
    """Which events, of which legal entities."""
    stream = find(request, code)
    form = StreamForm(request.POST or None, initial=StreamForm.said(stream))
    return _asked(
        request, stream, form,
        lambda data: streams.change(
            stream_id=stream.pk, stream=form.stated(), by=request.user, seen_version=data["version"]
        ),
        title=f"Change {stream}", verb="Save", done="Saved.",
        consequence="It holds for what has not been told yet. Use Tell again for what has passed.",
    )  # fmt: skip


@screen(permission=CHANGE, methods=["GET", "POST"])
def stream_add(request: Request) -> HttpResponse:
    """A new stream."""
    form = NewStreamForm(request.POST or None, initial={"connection": request.GET.get("connection", "")})
    status = 200
    if request.method == "POST":
        made = _add(request, form)
        if made is not None:
            messages.success(request, f"{made} is told from now on.")
            return HttpResponseRedirect(page_of(made))
        status = 422
    context = {
        "title": "New stream",
        "lead": "Which events, of which legal entities, for which system.",
        "breadcrumbs": [("Streams", reverse("downstream:stream-list"))],
        "form": form,
    }
    return render(request, "downstream/stream_add.html", context, status=status)


def _add(request: Request, form: NewStreamForm) -> Stream | None:
    if not form.is_valid():
        return None
    try:
        return streams.create(
            code=form.cleaned_data["code"],
            connection=form.cleaned_data["connection"],
            stream=form.stated(),
            since=form.moment(),
            by=request.user,
        )
    except BadInput as wrong:
        for problem in wrong.problems:
            form.add_error(
                problem.field if problem.field in form.fields else None, f"{problem.message} {problem.remedy}"
            )
    except Denied as refusal:
        form.add_error(None, str(refusal))
    return None
