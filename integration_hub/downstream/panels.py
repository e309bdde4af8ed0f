"""What streams put into menu, timeline, links, and onto the page of a connection."""

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from integration_hub.connectors.models import Connection
from integration_hub.connectors.publishing import Publishing
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.connectors.sections import SECTIONS
from integration_hub.console import links, menu, timeline
from integration_hub.console.badges import Tone
from integration_hub.console.http import Request
from integration_hub.downstream import policies, selection
from integration_hub.downstream.models import Stream
from integration_hub.downstream.tables import state
from integration_hub.downstream.views import SEE, page_of

SENTENCES: Sequence[tuple[str, str, str, Tone]] = (
    ("created", "send", "set up the stream {label} on {connection}", "success"),
    ("changed", "settings", "changed what it tells", "neutral"),
    ("paused", "player-pause", "paused it", "warning"),
    ("resumed", "player-play", "had it go on", "success"),
    ("stopped", "alert-octagon", "stopped it at event {event}, which was refused", "danger"),
    ("event_left_out", "hand-stop", "left event {event} out", "warning"),
    ("told_again", "repeat", "had everything told again since {since}", "neutral"),
)


def card(connection: Connection, request: Request) -> SafeString:
    """The card on the page of a connection that can be told of events."""
    if not isinstance(CONNECTORS.find(connection.vendor), Publishing) or not request.user.has_perm(SEE):
        return SafeString("")
    rows = Stream.objects.filter(connection=connection)
    context = {
        "rows": [(row, page_of(row), state(row), selection.behind(row)) for row in rows],
        "add_url": f"{reverse('downstream:stream-add')}?connection={connection.pk}",
        "may_add": request.user.has_perm(policies.CHANGE),
    }
    return mark_safe(render_to_string("downstream/_card.html", context, request))  # noqa: S308 - a template escapes


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Integration", "Streams", "downstream:stream-list", "send", SEE, weight=45))
    SECTIONS.register("2 streams", card)
    links.to("stream", "downstream:stream-by-id")
    for verb, icon, sentence, tone in SENTENCES:
        timeline.tell(f"downstream.stream.{verb}", icon, sentence, tone)
