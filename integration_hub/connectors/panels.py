"""What the connections put into menu, home, search, timeline and links."""

from collections.abc import Iterable

from django.urls import reverse

from integration_hub.connectors import budget_views
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.sections import SECTIONS
from integration_hub.connectors.tables import health
from integration_hub.connectors.views import SEE, SEE_CALLS, page_of, visible
from integration_hub.console import actors, home, links, menu, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.console.search import SEARCH, Hit
from integration_hub.people.models import Role, User
from integration_hub.trail.lineage import FINDERS
from integration_hub.trail.lineage import Hit as TraceHit

BROKEN = ("auth_failed", "down", "limited", "expiring")


def broken(user: User) -> Waiting:
    """Connections that do not answer as they should, and paused ones."""
    rows = [one for one in visible().order_by("code") if one.is_paused or one.health in BROKEN]
    return Waiting(
        count=len(rows),
        oldest=min((row.health_at for row in rows if row.health_at), default=None),
        url=reverse("connectors:connection-list"),
        rows=[
            WaitingRow(str(row), row.paused_reason or row.health_detail, url=page_of(row), badge=health(row))
            for row in rows[:5]
        ],
    )


def names_of_systems(codes: set[str]) -> dict[str, str]:
    """What the systems that reported something are called: `netsuite` → `NetSuite`."""
    return dict(Connection.objects.filter(code__in=codes).values_list("code", "name"))


def calls_of_an_act(text: str) -> Iterable[TraceHit]:
    """Calls made in one act, by its correlation id."""
    count = Call.objects.filter(correlation_id=text).count() if len(text) <= 40 else 0
    if count:
        url = f"{reverse('connectors:call-list')}?correlation_id={text}"
        yield TraceHit("calls", text, f"{count} calls of act {text}", "what was asked of other systems", url)


def connections_by_name(query: str, user: User) -> Iterable[Hit]:
    """Connections whose code or name was typed."""
    if user.has_perm(SEE):
        for row in visible().filter(name__icontains=query) | visible().filter(code__iexact=query):
            yield Hit("connection", str(row), row.get_health_display(), page_of(row), row.vendor)


SENTENCES = {
    "created": ("plug", "set up the connection {label}", "success"),
    "changed": ("settings", "changed its settings", "neutral"),
    "credentials_set": ("key", "set its credentials: {names}", "neutral"),
    "paused": ("player-pause", "paused it", "warning"),
    "resumed": ("player-play", "resumed it", "success"),
    "tested": ("plug-connected", "tested it: {message}", "neutral"),
    "resealed": ("lock", "put its secrets under the newest key", "neutral"),
    "circuit_opened": ("bolt", "did not answer {failures} times in a row: calls stop until one has tried", "danger"),
    "circuit_closed": ("circle-check", "answers again: calls go on", "success"),
    "limits_set": ("settings", "set the limits of its account {account}", "neutral"),
    "account_shared": ("link", "changed whose limits it shares", "neutral"),
    "health_changed": ("heartbeat", "saw its health go from {before} to {after}", "neutral"),
}


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Integration", "Connections", "connectors:connection-list", "plug", SEE, weight=10, key="n"))
    menu.add(menu.MenuItem("Integration", "Calls", "connectors:call-list", "activity", SEE_CALLS, weight=80))
    home.PANELS.register(
        "connectors.broken",
        Panel("Connections in trouble", broken, frozenset({Role.INTEGRATION_ADMIN}), weight=16, permission=SEE,
              icon="plug", empty="Every connection works."),
    )  # fmt: skip
    FINDERS.register("calls", calls_of_an_act)
    actors.NAMERS.register("systems", names_of_systems)
    SEARCH.register("connections", connections_by_name)
    links.to("connection", "connectors:connection-by-id")
    SECTIONS.register("0 budget", budget_views.card)
    timeline.tell("connectors.account.limited", "hourglass", "was told by the vendor that it asks too much", "warning")
    for verb, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(f"connectors.connection.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
