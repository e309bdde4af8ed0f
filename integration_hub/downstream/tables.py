"""Tables of streams, of portions, and of what was left out."""

from django.urls import reverse

from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.downstream import selection
from integration_hub.downstream.models import Portion, Stream

_STATES = {
    Stream.State.RUNNING: Badge("Running", "success", "circle-check"),
    Stream.State.PAUSED: Badge("Paused", "warning", "player-pause"),
    Stream.State.STOPPED: Badge("Stopped", "danger", "alert-octagon"),
}
_TROUBLED = Badge("Not taken, tried again", "warning", "hourglass")


def state(stream: Stream) -> Badge:
    """How a stream is: paused and stopped before anything else, then whether the other side takes events."""
    if stream.state == Stream.State.RUNNING and stream.failures_in_row:
        return _TROUBLED
    return _STATES[Stream.State(stream.state)]


class StreamTable(Table):
    """Streams, each with what it waits for."""

    caption = "Streams"
    default_sort = "title"
    columns = [
        Column("title", "Stream", sortable=True),
        Column("state", "State", kind="badge", accessor=state, sortable=True, order_by="state"),
        Column("connection", "System", accessor="connection"),
        Column("actions", "Events", accessor=lambda row: ", ".join(row.actions)),
        Column("entities", "Legal entities", accessor=lambda row: ", ".join(row.legal_entities) or "All"),
        Column("waiting", "Waiting", align="end", accessor=lambda row: str(selection.behind(row))),
        Column("taken", "Told", kind="number", sortable=True),
        Column("last_taken_at", "Last told", kind="ago", sortable=True),
    ]

    def row_url(self, row: Stream) -> str:
        """The page of the stream."""
        return reverse("downstream:stream-detail", args=[row.code])

    def row_tone(self, row: Stream) -> str:
        """What does not run is marked; its state says it in words."""
        if row.state == Stream.State.STOPPED:
            return "danger"
        return "warning" if row.state == Stream.State.PAUSED or row.failures_in_row else ""


def _outcome(portion: Portion) -> Badge:
    if portion.outcome == Portion.Outcome.TAKEN:
        return Badge("Taken", "success", "circle-check")
    if portion.outcome == Portion.Outcome.REFUSED:
        return Badge("Not taken as a whole", "danger", "circle-x")
    return Badge("Under way, or cut off", "neutral", "hourglass")


def _events(portion: Portion) -> str:
    first, last = portion.first_event, portion.last_event
    return str(first) if first == last else f"{first} … {last}"


class PortionTable(Table):
    """What was handed over together."""

    caption = "Portions"
    page_size = 20
    columns = [
        Column("started_at", "At", kind="datetime"),
        Column("events", "Events", kind="code", accessor=_events),
        Column("count", "Events in it", kind="number"),
        Column("taken", "Taken", kind="number"),
        Column("outcome", "Outcome", kind="badge", accessor=_outcome),
        Column("error", "Said"),
    ]
