"""What intake puts into menu, home, timeline, links, the case page and the page of a connection."""

from collections.abc import Mapping, Sequence

from django.db.models import Count, Min
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from integration_hub.canonical import nouns
from integration_hub.cases.fixes import FIXES
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.connectors.sections import READINGS, SECTIONS, Reading
from integration_hub.console import badges, home, links, menu, timeline, wording
from integration_hub.console.badges import Badge
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.console.http import Request
from integration_hub.intake import drift_fix, queries, troubles, value_fix
from integration_hub.intake.actions.feeds import FILE_DROP
from integration_hub.intake.files_views import SEE as SEE_FILES
from integration_hub.intake.models import Delivery, Feed, SourceVersion
from integration_hub.intake.queries import FeedHealth, feed_health
from integration_hub.intake.sources_views import SEE_DELIVERY
from integration_hub.intake.tables import DeliveryTable, feed_state
from integration_hub.intake.views import SEE_FEED, SEE_RUN, SEE_SOURCE, for_all, without_secrets
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role, User

ADMIN = frozenset({Role.INTEGRATION_ADMIN})
TOP = 5
WORST = ("failing", "late", "new", "paused", "ok")
RECENT = 10


# On the screens of a connection -----------------------------------------------------------------------------------


def readings(ids: Sequence[int]) -> Mapping[int, Reading]:
    """How each connection is read: the worst of its feeds, and the oldest reading."""
    feeds: dict[int, list[Feed]] = {}
    for feed in without_secrets(Feed.objects.filter(connection__in=ids), "connection"):
        feeds.setdefault(feed.connection_id, []).append(feed)
    return {key: _reading(members) for key, members in feeds.items()}


def _reading(feeds: list[Feed]) -> Reading:
    moment = now()
    health = [FeedHealth(feed, queries.state_of(feed, moment), 0, 0, 0, None) for feed in feeds]
    worst = min(health, key=lambda one: WORST.index(one.state))
    badge = feed_state(worst)
    concerned = sum(one.state == worst.state for one in health)
    label = badge.label if worst.state == "ok" else f"{concerned} of {len(feeds)} {badge.label.lower()}"
    read = [feed.last_ok_at for feed in feeds if feed.last_ok_at]
    oldest = f"oldest {wording.ago(min(read))}" if len(read) == len(feeds) and read else "not all read yet"
    return Reading(Badge(label, badge.tone, badge.icon), oldest)


def _is_source(connection: Connection) -> bool:
    """Whether anything is read there; a tax engine and a consumer of events are sources of nothing."""
    connector = CONNECTORS.find(connection.vendor)
    return connector is None or bool(connector.manifest.feeds)


def feeds_of(connection: Connection, request: Request) -> SafeString:
    """The feeds on the page of a connection, each with when it was last read."""
    if not request.user.has_perm(SEE_FEED) or not _is_source(connection):
        return SafeString()
    rows = feed_health(without_secrets(Feed.objects.filter(connection=connection), "connection"))
    shown = [(health, feed_state(health), reverse("intake:feed-detail", args=[health.feed.pk])) for health in rows]
    runs_url = f"{reverse('intake:run-list')}?connection={connection.pk}"
    days_url = reverse("intake:day-calendar", args=[connection.code])
    context = {"feeds": shown, "connection": connection, "runs_url": runs_url, "days_url": days_url}
    return render_to_string("intake/_feeds.html", context, request=request)


def webhooks_of(connection: Connection, request: Request) -> SafeString:
    """The last webhooks on the page of a connection, and what was refused."""
    if connection.vendor == FILE_DROP or not request.user.has_perm(SEE_DELIVERY) or not _is_source(connection):
        return SafeString()
    rows = for_all(without_secrets(Delivery.objects.filter(connection=connection), "connection"), request.user)
    table = DeliveryTable(rows.defer("body"), request, name="hooks")
    table.page_size = RECENT  # type: ignore[misc]  # of this table, not of the class
    context = {
        "table": table,
        "any": bool(table.page.rows),
        "rejections": list(queries.rejections_of(connection.code)[:TOP]),
        "hook_url": request.build_absolute_uri(reverse("intake:hook", args=[connection.code])),
        "all_url": f"{reverse('intake:delivery-list')}?connection={connection.pk}",
    }
    return render_to_string("intake/_webhooks.html", context, request=request)


# On the home of an integration administrator -----------------------------------------------------------------------


def late_feeds(user: User) -> Waiting:
    """Feeds that are late or cannot be read."""
    moment = now()
    active = without_secrets(Feed.objects.filter(is_active=True, connection__is_paused=False), "connection")
    troubled = [(feed, state) for feed in active if (state := queries.state_of(feed, moment)) in ("late", "failing")]
    return Waiting(
        count=len(troubled),
        oldest=min((feed.last_ok_at for feed, _ in troubled if feed.last_ok_at), default=None),
        url=reverse("connectors:connection-list"),
        rows=[
            WaitingRow(str(feed), feed.last_error[:120], url=reverse("intake:feed-detail", args=[feed.pk]),
                       when=feed.last_ok_at, badge=feed_state(FeedHealth(feed, state, 0, 0, 0, None)))
            for feed, state in troubled[:TOP]
        ],
    )  # fmt: skip


def refused(user: User) -> Waiting:
    """Records that were refused, by connection and entity."""
    rows = SourceVersion.objects.filter(status__in=("refused", "conflict")).order_by()
    groups = list(
        rows.values("connection_id", "connection__code", "connection__name", "entity", "status")
        .annotate(number=Count("pk"), since=Min("received_at"))
        .order_by("-number")
    )
    base = reverse("intake:source-list")
    return Waiting(
        count=sum(group["number"] for group in groups),
        oldest=min((group["since"] for group in groups), default=None),
        url=f"{base}?status=refused&status=conflict",
        rows=[
            WaitingRow(
                f"{group['number']:,} × {nouns.one(group['entity'])}",
                group["connection__name"] or group["connection__code"],
                url=f"{base}?connection={group['connection_id']}&entity={group['entity']}&status={group['status']}",
                when=group["since"],
                badge=group["status"],
            )
            for group in groups[:TOP]
        ],
    )


SENTENCES = {
    "intake.feed.installed": ("plug", "installed the feed {label}"),
    "intake.feed.run_requested": ("refresh", "had the feed read now"),
    "intake.feed.read_again": ("history", "had everything read again since {changes}"),
    "intake.feed.read_all_again": ("history", "had everything read again from the beginning"),
    "intake.day.certified": ("list-check", "compared {day} with the source: {verdict}"),
    "intake.day.check_requested": ("list-check", "had {day} compared again"),
    "intake.drift.accepted": ("check", "said that {label} is right as it is now"),
    "intake.feed.paused": ("player-pause", "paused the feed"),
    "intake.feed.resumed": ("player-play", "resumed the feed"),
    "intake.file.dropped": ("upload", "dropped the file {label}"),
    "intake.file.dropped_again": ("upload", "dropped the same file again"),
    "intake.file.apply_requested": ("check", "had the file {label} applied"),
    "intake.version.chosen": ("check", "chose this content: {label}"),
    "mapping.value_map.changed": ("map", "mapped {theirs} to {after} in {label}"),
}


def _menu() -> None:
    for label, name, icon, permission, weight in (
        ("Source records", "intake:source-list", "cloud-download", SEE_SOURCE, 15),
        ("Runs", "intake:run-list", "repeat", SEE_RUN, 20),
        ("Completeness", "intake:day-list", "list-check", SEE_FEED, 22),
        ("Webhooks", "intake:delivery-list", "webhook", SEE_DELIVERY, 70),
        ("Files", "intake:file-list", "upload", SEE_FILES, 25),
    ):
        menu.add(menu.MenuItem("Integration", label, name, icon, permission, weight=weight))


def register() -> None:
    """Fill the registries; called once by the app."""
    _menu()
    home.PANELS.register("intake.late", Panel("Late feeds", late_feeds, ADMIN, weight=14, permission=SEE_FEED,
                                              icon="clock", empty="Every feed is on time."))  # fmt: skip
    home.PANELS.register("intake.refused", Panel("Refused records", refused, ADMIN, weight=24, permission=SEE_SOURCE,
                                                 icon="circle-x", empty="No record is refused."))  # fmt: skip
    READINGS.register("intake", readings)
    SECTIONS.register("1 feeds", feeds_of)
    SECTIONS.register("2 webhooks", webhooks_of)
    FIXES.register(value_fix.CODE, value_fix.fix)
    FIXES.register(troubles.DRIFT, drift_fix.fix)
    links.to("feed_day", "intake:day-detail")
    links.to("feed", "intake:feed-detail")
    links.to("file", "intake:file-detail")
    links.to("source", "intake:source-detail")
    badges.words("success", "circle-check", "applied", "handled")
    badges.words("danger", "arrows-split", "conflict")
    badges.words("warning", "hourglass", "parked")
    timeline.tell("intake.run.stop_asked", "ban", "asked it to stop after {read} records", "warning")
    timeline.tell("intake.run.stopped", "ban", "stopped: {label}", "warning")
    for action, (icon, sentence) in SENTENCES.items():
        timeline.tell(action, icon, sentence)
