"""Certificates of completeness: all of them, the calendar of a connection, one day of a feed."""

from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.cases.models import Case
from integration_hub.connectors.models import Connection
from integration_hub.console import timeline
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenForm, SeenNoteForm, still
from integration_hub.console.templatetags.console import badge, day, number, when
from integration_hub.intake import policies, queries
from integration_hub.intake.actions import certificates
from integration_hub.intake.filters import DayFilter
from integration_hub.intake.models import Feed, FeedDay
from integration_hub.intake.tables import DayTable, verdict
from integration_hub.intake.views import EVENTS, SECRETS, SEE_FEED, without_secrets
from integration_hub.kernel.clock import today
from integration_hub.trail.queries import timeline_of

LEAD = "For every feed and day: how many records the source says it changed, and how many of them are here."


class DayList(ListScreen):
    """Certificates, newest first."""

    permission = SEE_FEED
    scope = None  # a feed brings records of every legal entity; certificates show counts
    title = "Completeness"
    lead = LEAD
    table_class = DayTable
    filterset_class = DayFilter
    template_name = "console/room_list.html"
    empty = Empty("No day has been compared yet", "Each day is compared with its source an hour after it is over.")

    def rows(self) -> "QuerySet[FeedDay]":
        """Certificates with their feeds."""
        return without_secrets(FeedDay.objects.all(), "feed__connection").defer("missing")


@screen(permission=SEE_FEED)
def calendar(request: Request, code: str) -> HttpResponse:
    """A month of a connection: a row per feed, a cell per day."""
    connection: Connection = find_or_404(Connection.objects.defer(*SECRETS), request.user, scope=None, code=code)
    month = _month(request.GET.get("month", ""))
    feeds = without_secrets(Feed.objects.filter(connection=connection), "connection")
    found = queries.calendar(feeds, month)
    context = {
        "title": f"Completeness of {connection}",
        "lead": LEAD,
        "breadcrumbs": [
            ("Completeness", reverse("intake:day-list")),
            (str(connection), reverse("connectors:connection-detail", args=[connection.code])),
        ],
        "month": month,
        "days": found.days,
        "rows": [(feed, [_cell(one, row) for one, row in zip(found.days, cells, strict=True)])
                 for feed, cells in found.rows],
        "counts": [(FeedDay.Verdict(name).label, name, number) for name, number in found.counts.items()],
        "list_url": f"{reverse('intake:day-list')}?connection={connection.pk}",
        "before": (month - timedelta(days=1)).replace(day=1),
        "after": None if month >= today().replace(day=1) else (month + timedelta(days=32)).replace(day=1),
    }  # fmt: skip
    return render(request, "intake/day_calendar.html", context)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today().replace(day=1)


def _cell(one: date, row: FeedDay | None) -> dict[str, Any]:
    if row is None:
        return {"day": one, "icon": "", "tone": "none", "label": "not compared"}
    shown = verdict(row)
    figures = f"{row.seen:,} here" + (f", {row.expected:,} there" if row.expected is not None else "")
    url = reverse("intake:day-detail", args=[row.pk])
    return {"day": one, "icon": shown.icon, "tone": shown.tone, "label": f"{shown.label}: {figures}", "url": url}


def find_day(request: Request, pk: int) -> FeedDay:
    """A certificate, or 404."""
    found: FeedDay = find_or_404(
        without_secrets(FeedDay.objects.all(), "feed__connection"), request.user, scope=None, pk=pk
    )
    return found


@screen(permission=SEE_FEED)
def day_detail(request: Request, pk: int) -> HttpResponse:
    """One certificate: what is there, what is here, what is missing."""
    row = find_day(request, pk)
    everything = request.user.all_legal_entities or request.user.is_superuser
    events = [event for event in timeline_of("feed", row.feed_id, limit=EVENTS) if event.object_label == str(row)]
    context = {
        "title": f"{row.feed} on {row.day}",
        "status": verdict(row),
        "lead": row.reason or "Nothing is missing.",
        "breadcrumbs": [
            ("Completeness", reverse("intake:day-calendar", args=[row.feed.connection.code])),
            (str(row.feed), reverse("intake:feed-detail", args=[row.feed_id])),
        ],
        "buttons": _buttons(row, request),
        "row": row,
        "difference": None if row.expected is None else row.seen - row.expected,
        "facts": _facts(row),
        # Ids are of records of every legal entity: for people who see all of them.
        "missing": row.missing if everything else [],
        "hidden": len(row.missing) if not everything else 0,
        "more": (row.expected or 0) - row.seen - len(row.missing),
        "case": _case(row),
        "runs_url": f"{reverse('intake:run-list')}?connection={row.feed.connection_id}&entity={row.feed.entity}",
        "entries": timeline.entries(events),
    }
    return render(request, "intake/day_detail.html", context)


def _case(row: FeedDay) -> Case | None:
    if row.verdict != FeedDay.Verdict.SHORT:
        return None
    cause = f"{row.feed.connection.code}:{row.feed.entity}"
    return Case.objects.filter(code=certificates.SHORT, root_cause=cause).first()


def _facts(row: FeedDay) -> list[tuple[str, Any]]:
    return known(
        ("Day", f"{row.day} (UTC)"),
        ("Counted", "all records" if row.whole else "records last changed on the day"),
        ("Proved by", row.get_basis_display()),
        ("Digest of what is here", row.digest or None),
        ("New versions that day", number(row.arrived)),
        ("Compared", when(row.checked_at)),
        ("How often", number(row.checks)),
    )


def _buttons(row: FeedDay, request: Request) -> list[Button]:
    allowed = policies.can_run(row.feed, request.user)
    return [
        Button("Compare again…", reverse("intake:day-check", args=[row.pk]), allowed, tone="primary", icon="refresh"),
        Button("Read the day again…", reverse("intake:day-read-again", args=[row.pk]), allowed, icon="history"),
    ]


def _confirm(request: Request, row: FeedDay, verb: str, form: Any, consequence: str) -> Confirm:
    return Confirm(
        title=f"{verb}: {row.feed}, {row.day}",
        verb=verb,
        back=reverse("intake:day-detail", args=[row.pk]),
        form=form(request.POST or None, initial={"seen": row.checks}),
        facts=[("Day", day(row.day)), ("Verdict", badge(verdict(row)))],
        consequence=consequence,
        decision=policies.can_run(row.feed, request.user),
    )


@screen(permission=SEE_FEED, methods=["GET", "POST"])
def day_check(request: Request, pk: int) -> HttpResponse:
    """Compare a day with its source again."""
    row = find_day(request, pk)
    consequence = "The source is asked how much it has; nothing is changed there or here."
    confirm = _confirm(request, row, "Compare again", SeenForm, consequence)

    def act(data: Any) -> None:
        still(data["seen"], find_day(request, pk).checks)
        certificates.check_now(row=row, by=request.user)

    return decide(request, confirm, act, done="It is being compared.")


@screen(permission=SEE_FEED, methods=["GET", "POST"])
def day_read_again(request: Request, pk: int) -> HttpResponse:
    """Read everything again that changed since the start of the day."""
    row = find_day(request, pk)
    consequence = "Everything that changed there since is read once more. What is here already changes nothing."
    confirm = _confirm(request, row, "Read again", SeenNoteForm, consequence)

    def act(data: Any) -> None:
        still(data["seen"], find_day(request, pk).checks)
        certificates.read_again(row=row, reason=data["reason"], by=request.user)

    return decide(request, confirm, act, done="It is being read again, and compared afterwards.")
