"""Feeds and their runs: how far each was read, and what became of its records."""

from collections.abc import Iterator
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import timeline, wording
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.export import csv_lines
from integration_hub.console.facts import known
from integration_hub.console.forms import day
from integration_hub.console.http import Request, find_or_404, wants_partial
from integration_hub.console.progress import Phase, Progress
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenForm, SeenReasonForm, still
from integration_hub.console.tables import Column
from integration_hub.console.templatetags.console import when
from integration_hub.intake import policies, queries
from integration_hub.intake.actions import feeds, runs
from integration_hub.intake.days import window_of
from integration_hub.intake.filters import RunFilter
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.intake.tables import (
    FeedRuns,
    RunTable,
    SourceTable,
    feed_state,
    plain_problems,
    took,
    verdict,
)
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import User
from integration_hub.trail.queries import timeline_of

SEE_FEED, SEE_RUN = "hub_intake.view_feed", "hub_intake.view_run"
SEE_SOURCE = "hub_intake.view_sourceversion"
SECRETS = ("sealed_credentials", "sealed_webhook_secret")
EVENTS = 30
SHOWN_DAYS = 7


def for_all(rows: "QuerySet[Any]", user: User) -> "QuerySet[Any]":
    """Records as they came carry no legal entity: they are for people who see all of them, and for superusers."""
    return rows if user.all_legal_entities or user.is_superuser else rows.none()


def without_secrets(rows: "QuerySet[Any]", path: str) -> "QuerySet[Any]":
    """Rows joined with their connection, its secrets left in the database."""
    return rows.select_related(path).defer(*(f"{path}__{name}" for name in SECRETS))


# Feeds ------------------------------------------------------------------------------------------------------------


def find_feed(request: Request, pk: int) -> Feed:
    """A feed, or 404."""
    found: Feed = find_or_404(without_secrets(Feed.objects.all(), "connection"), request.user, scope=None, pk=pk)
    return found


@screen(permission=SEE_FEED)
def feed_detail(request: Request, pk: int) -> HttpResponse:
    """One feed: how far it was read, how old that is, its runs."""
    feed = find_feed(request, pk)
    health = queries.feed_health([feed])[0]
    context = {
        "feed": feed,
        "title": feed.title,
        "lead": str(feed.connection),
        "status": feed_state(health),
        "key": feed.entity,
        "breadcrumbs": _crumbs(feed),
        "buttons": feed_buttons(feed, request),
        "facts": _feed_facts(feed, health),
        "health": health,
        "unresolved_url": _sources_url(feed, queries.UNRESOLVED),
        "certificates": [(row, verdict(row)) for row in queries.days_of(feed, SHOWN_DAYS)],
        "calendar_url": reverse("intake:day-calendar", args=[feed.connection.code]),
        "runs": FeedRuns(Run.objects.filter(feed=feed).select_related("file"), request, name="runs"),
        "entries": timeline.entries(timeline_of("feed", feed.pk, limit=EVENTS)),
    }
    return render(request, "intake/feed_detail.html", context)


def _crumbs(feed: Feed) -> list[tuple[str, str]]:
    return [
        ("Connections", reverse("connectors:connection-list")),
        (str(feed.connection), reverse("connectors:connection-detail", args=[feed.connection.code])),
    ]


def _sources_url(feed: Feed, statuses: tuple[str, ...]) -> str:
    which = "".join(f"&status={status}" for status in statuses)
    return f"{reverse('intake:source-list')}?connection={feed.connection_id}&entity={feed.entity}{which}"


def _feed_facts(feed: Feed, health: queries.FeedHealth) -> list[tuple[str, Any]]:
    return known(
        ("Last read to its end", when(feed.last_ok_at) if feed.last_ok_at else "never"),
        ("Read every", wording.age(feed.every_seconds)),
        ("Late after", wording.age(feed.late_after_seconds)),
        ("Next", when(feed.due_at) if feed.is_active else "not while it is paused"),
        ("Failures in a row", feed.failures_in_row or None),
        ("Refused records", health.refused or None),
        ("Conflicts", health.conflicts or None),
        ("Wait for a parent", health.parked or None),
    )


def feed_buttons(feed: Feed, request: Request) -> list[Button]:
    """Reading now, reading again, pausing, resuming."""
    change = policies.can_change_feeds(request.user)
    run = Button("Read now…", reverse("intake:feed-run", args=[feed.pk]), policies.can_run(feed, request.user),
                 tone="primary", icon="refresh", key="a")  # fmt: skip
    again = Button("Read again…", reverse("intake:feed-again", args=[feed.pk]), policies.can_run(feed, request.user),
                   icon="history")  # fmt: skip
    if feed.is_active:
        return [run, again, Button("Pause…", reverse("intake:feed-pause", args=[feed.pk]), change, icon="player-pause")]
    return [Button("Resume…", reverse("intake:feed-resume", args=[feed.pk]), change, tone="primary",
                   icon="player-play")]  # fmt: skip


def _seen(feed: Feed) -> str:
    return "active" if feed.is_active else "paused"


def _feed_confirm(request: Request, feed: Feed, verb: str, form: Any, decision: Decision, consequence: str) -> Confirm:
    return Confirm(
        title=f"{verb}: {feed.title} of {feed.connection}",
        verb=verb,
        back=reverse("intake:feed-detail", args=[feed.pk]),
        form=form(request.POST or None, initial={"seen": _seen(feed)}),
        facts=[("Last read to its end", when(feed.last_ok_at) if feed.last_ok_at else "never")],
        consequence=consequence,
        decision=decision,
    )


@screen(permission=SEE_FEED, methods=["GET", "POST"])
def feed_run(request: Request, pk: int) -> HttpResponse:
    """Read a feed now."""
    feed = find_feed(request, pk)
    confirm = _feed_confirm(request, feed, "Read now", SeenForm, policies.can_run(feed, request.user),
                            "It is read at once; what has not changed changes nothing.")  # fmt: skip

    def act(data: Any) -> Feed:
        still(data["seen"], _seen(find_feed(request, pk)))
        return feeds.run_now(feed_id=pk, by=request.user)

    return decide(request, confirm, act, done="It is being read.")


@screen(permission=SEE_FEED, methods=["GET", "POST"])
def feed_pause(request: Request, pk: int) -> HttpResponse:
    """Stop reading a feed."""
    feed = find_feed(request, pk)
    confirm = _feed_confirm(request, feed, "Pause", SeenReasonForm, policies.can_change_feeds(request.user),
                            "It is not read until it is resumed; its cursor stays, so nothing is lost.")  # fmt: skip

    def act(data: Any) -> Feed:
        still(data["seen"], _seen(find_feed(request, pk)))
        return feeds.pause(feed_id=pk, reason=data["reason"], by=request.user)

    return decide(request, confirm, act, done="The feed is paused.")


@screen(permission=SEE_FEED, methods=["GET", "POST"])
def feed_resume(request: Request, pk: int) -> HttpResponse:
    """Read a feed again from where it stood."""
    feed = find_feed(request, pk)
    confirm = _feed_confirm(request, feed, "Resume", SeenForm, policies.can_change_feeds(request.user),
                            "It is read on from where it stood.")  # fmt: skip

    def act(data: Any) -> Feed:
        still(data["seen"], _seen(find_feed(request, pk)))
        return feeds.resume(feed_id=pk, by=request.user)

    return decide(request, confirm, act, done="The feed is read again.")


class AgainForm(SeenReasonForm):
    """Since which day a feed is read once more."""

    since = day("Changed since", required=False, help_text="Start of the day, in UTC. Empty: everything there is.")
    field_order = ("since", "reason")


@screen(permission=SEE_FEED, methods=["GET", "POST"])
def feed_again(request: Request, pk: int) -> HttpResponse:
    """Read a feed once more, from a day on or from the beginning."""
    feed = find_feed(request, pk)
    confirm = _feed_confirm(
        request, feed, "Read again", AgainForm, policies.can_run(feed, request.user),
        "What is here already changes nothing. What was missed comes in. Where the feed lists everything, what it does"
        " not list any more is told by a reading from the beginning.",
    )  # fmt: skip

    def act(data: Any) -> Feed:
        still(data["seen"], _seen(find_feed(request, pk)))
        if data["since"] is None:
            return feeds.read_all_again(feed_id=pk, reason=data["reason"], by=request.user)
        since = window_of(data["since"]).since
        return feeds.read_again(feed_id=pk, since=since, reason=data["reason"], by=request.user)

    return decide(request, confirm, act, done="It is being read again.")


# Runs -------------------------------------------------------------------------------------------------------------


class RunList(ListScreen):
    """Readings of feeds and files, newest first."""

    permission = SEE_RUN
    scope = None  # a run brings records of every legal entity; it shows counts, never records
    title = "Runs"
    lead = "Every reading of a feed or a file, with what became of its records."
    table_class = RunTable
    filterset_class = RunFilter
    template_name = "console/room_list.html"
    empty = Empty("Nothing has been read yet")

    def rows(self) -> "QuerySet[Run]":
        """Runs with their feeds."""
        return without_secrets(Run.objects.all(), "feed__connection").defer("control_totals")


def find_run(request: Request, pk: int) -> Run:
    """A run, or 404."""
    rows = without_secrets(Run.objects.select_related("file"), "feed__connection")
    found: Run = find_or_404(rows, request.user, scope=None, pk=pk)
    return found


COUNTS = (
    ("applied", "Applied", "success"),
    ("unchanged", "Unchanged", ""),
    ("refused", "Refused", "danger"),
    ("parked", "Wait for a parent", "warning"),
    ("conflicts", "Conflicts", "danger"),
    ("stale", "Out of date", ""),
    ("filtered", "Left out by the filter", ""),
)


@screen(permission=SEE_RUN)
def run_detail(request: Request, pk: int) -> HttpResponseBase:
    """One run: phases, counts, rows with trouble; `?format=csv` is the error report."""
    run = find_run(request, pk)
    troubled = without_secrets(troubles_of(run, request.user), "connection").defer("payload")
    if request.GET.get("format") == "csv":
        return _errors_csv(run, troubled)
    context = {
        "run": run,
        "title": f"Run {run.pk} of {run.feed.title.lower()} from {run.feed.connection}",
        "status": run.state,
        "breadcrumbs": [*_crumbs(run.feed), (run.feed.title, reverse("intake:feed-detail", args=[run.feed_id]))],
        "tiles": [(label, getattr(run, name), tone if getattr(run, name) else "") for name, label, tone in COUNTS],
        "facts": _run_facts(run),
        "totals": run.control_totals.get("sums") or {},
        "total_problems": run.control_totals.get("problems") or [],
        "troubled": SourceTable(troubled, request, name="rows") if request.user.has_perm(SEE_SOURCE) else None,
        "sources_url": f"{reverse('intake:source-list')}?run={run.pk}",
        "progress": progress_of(run, request.user),
    }
    template = "intake/run_detail.html"
    return render(request, f"{template}#progress" if wants_partial(request) else template, context)


def troubles_of(run: Run, user: User) -> "QuerySet[SourceVersion]":
    """Versions of a run that somebody must look at."""
    rows = SourceVersion.objects.filter(run=run, status__in=queries.UNRESOLVED)
    return for_all(rows, user)


def progress_of(run: Run, user: User) -> Progress:
    """How far a run is; the total is known for files whose sender gave a count."""
    told = str(run.file.manifest.get("records", "")) if run.file is not None else ""
    return Progress(
        id="run-progress",
        noun="records read",
        done=run.read,
        total=int(told) if told.isdecimal() else None,
        running=run.state == Run.State.RUNNING,
        url=reverse("intake:run-detail", args=[run.pk]),
        phases=phases(run),
        started_at=run.started_at,
        finished_at=run.finished_at,
        cancel=stop_button(run, user) if run.state == Run.State.RUNNING and run.file_id is None else None,
    )


def stop_button(run: Run, user: User) -> Button:
    """Stopping it between two pages."""
    return Button("Stop…", reverse("intake:run-stop", args=[run.pk]), policies.can_stop(run, user), icon="ban")


@screen(permission=SEE_RUN, methods=["GET", "POST"])
def run_stop(request: Request, pk: int) -> HttpResponse:
    """Ask a run to stop after the page it is at."""
    run = find_run(request, pk)
    confirm = Confirm(
        title=f"Stop run {run.pk} of {run.feed}",
        verb="Stop",
        back=reverse("intake:run-detail", args=[pk]),
        form=SeenReasonForm(request.POST or None, initial={"seen": run.state}),
        facts=[("Read so far", wording.number(run.read)), ("Started", when(run.started_at))],
        consequence="It stops after the page it is at. What was read stays; the next reading goes on from there.",
        decision=policies.can_stop(run, request.user),
        tone="danger",
    )

    def act(data: Any) -> Run:
        still(data["seen"], find_run(request, pk).state)
        return runs.stop(run_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It stops after the page it is at.")


def phases(run: Run) -> tuple[Phase, ...]:
    """The phases of a run: read, judge and translate, deliver."""
    broken = run.refused + run.conflicts
    going = run.state == Run.State.RUNNING
    broke = run.state in (Run.State.FAILED, Run.State.STOPPED)
    state: Literal["current", "failed", "done"] = "current" if going else "failed" if broke else "done"
    return (
        Phase("Started", "done", f"because of: {run.trigger}"),
        Phase("Read", state, f"{run.read:,} records"),
        Phase("Understood", state, f"{broken:,} with trouble"),
        Phase("Taken over", state, f"{run.applied:,} applied"),
        Phase("Finished", "waiting" if going else state, took(run)),
    )


def _run_facts(run: Run) -> list[tuple[str, Any]]:
    file = run.file
    return known(
        ("Started", when(run.started_at)),
        ("Finished", when(run.finished_at) if run.finished_at else None),
        ("Took", took(run)),
        ("Because of", run.trigger),
        ("File", file.name if file is not None else None),
        ("Error", run.error or None),
        ("Who must act", run.error_class or None),
    )


ERROR_COLUMNS = [
    Column("row_number", "Row"),
    Column("entity", "Entity"),
    Column("source_id", "Record"),
    Column("version", "Version"),
    Column("status", "Status", accessor=lambda row: row.get_status_display()),
    Column("problems", "What is wrong, and what to do",
           accessor=lambda row: plain_problems(row) or (f"waits for {row.waits_for}" if row.waits_for else "")),
]  # fmt: skip


def _errors_csv(run: Run, rows: "QuerySet[SourceVersion]") -> StreamingHttpResponse:
    lines: Iterator[str] = csv_lines(
        ERROR_COLUMNS,
        rows.order_by("row_number", "pk").iterator(chunk_size=2000),
        heading=f"Rows with trouble of run {run.pk} ({run.feed}) · as of {now():%Y-%m-%dT%H:%M:%SZ}",
    )
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-errors.csv"'
    return response
