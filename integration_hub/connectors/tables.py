"""Tables of connections and of their calls."""

from functools import cached_property
from typing import Any

from django.urls import reverse

from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.connectors.sections import Reading, readings
from integration_hub.console import keyset, wording
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.kernel.clock import now

HEALTH = {
    "ok": ("success", "circle-check"),
    "expiring": ("warning", "key"),
    "auth_failed": ("danger", "key"),
    "limited": ("warning", "hourglass"),
    "down": ("danger", "plug"),
    "unknown": ("neutral", "help"),
}


def health(connection: Connection) -> Badge:
    """How a connection is: paused before anything else, then its circuit, then what calls said."""
    if connection.is_paused:
        return Badge("Paused", "warning", "player-pause")
    tone, icon = HEALTH.get(connection.health, ("neutral", "point"))
    return Badge(connection.get_health_display(), tone, icon)  # type: ignore[arg-type]


def circuit(connection: Connection) -> Badge | None:
    """Whether calls are stopped because too many failed in a row; half open when the next call may try."""
    if connection.open_until is None:
        return None
    if connection.open_until <= now():
        return Badge("half open", "warning", "bolt")
    return Badge("open", "danger", "bolt")


def next_try(connection: Connection) -> str:
    """When one call is let through to a vendor that was silent."""
    if connection.open_until is None:
        return ""
    return "with the next call" if connection.open_until <= now() else wording.ago(connection.open_until)


def vendor_title(connection: Connection) -> str:
    """The vendor as people call it."""
    connector = CONNECTORS.find(connection.vendor)
    return connector.manifest.title if connector else connection.vendor


class ConnectionTable(Table):
    """Connections with their health."""

    caption = "Connections"
    default_sort = "code"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read: dict[int, Reading] = {}

    columns = [
        Column("name", "Connection", accessor=str),
        Column("code", "Code", kind="code", sortable=True),
        Column("vendor", "System", accessor=vendor_title, sortable=True, order_by="vendor"),
        Column("health", "Health", kind="badge", accessor=health, sortable=True, order_by="health"),
        Column("reading", "Feeds", kind="badge", accessor="reading.badge"),
        Column("sentence", "Last read", accessor="reading.sentence"),
        Column("circuit", "Circuit", kind="badge", accessor=circuit, hideable=True,
               hint="Opens when calls fail five times in a row; after a pause one call tries"),
        Column("next_try", "Tries again", accessor=next_try, hideable=True,
               hint="When one call is let through to see whether it answers"),
        Column("per_minute", "Calls a minute", kind="number", sortable=True,
               hint="Over the last five minutes"),
        Column("health_at", "Health as of", kind="ago", sortable=True, hideable=True, hidden=True),
    ]  # fmt: skip

    @cached_property
    def page(self) -> keyset.Page:
        """The rows, each with how it is read; one more query for all of them."""
        page = keyset.page(
            self.rows,
            self.order,
            size=self.page_size,
            after=self.request.GET.get("after", ""),
            before=self.request.GET.get("before", ""),
        )
        found = readings([row.pk for row in page.rows])
        for row in page.rows:
            row.reading = found.get(row.pk)
        return page

    def row_url(self, row: Connection) -> str:
        """The page of the connection."""
        return reverse("connectors:connection-detail", args=[row.code])

    def row_tone(self, row: Connection) -> str:
        """Connections that do not work are marked; their health says it in words."""
        if row.health in ("auth_failed", "down"):
            return "danger"
        return "warning" if row.is_paused else ""


def outcome(call: Call) -> Badge:
    """What came of a call."""
    good = call.outcome in ("ok", "answered", "success") or (call.status is not None and call.status < 400)
    return Badge(call.outcome or "–", "success" if good else "danger", "circle-check" if good else "circle-x")


class CallTable(Table):
    """Calls: what was asked, what was answered, how long it took. Never bodies, never secrets."""

    caption = "Calls"
    page_size = 50
    columns = [
        Column("at", "At", kind="datetime"),
        Column("connection", "Connection", accessor="connection", hideable=True),
        Column("method", "Method", kind="code"),
        Column("path", "Path", kind="code"),
        Column("status", "HTTP", kind="number"),
        Column("outcome", "Outcome", kind="badge", accessor=outcome),
        Column("milliseconds", "ms", kind="number", sortable=True),
        Column("correlation_id", "Act", kind="code", hideable=True,
               url=lambda row: f"{reverse('connectors:call-list')}?correlation_id={row.correlation_id}"),
        Column("error", "Error", hideable=True),
    ]  # fmt: skip


class RecentCalls(CallTable):
    """The last calls of one connection, on its page."""

    caption = "Recent calls"
    page_size = 15
    columns = [column for column in CallTable.columns if column.name != "connection"]
