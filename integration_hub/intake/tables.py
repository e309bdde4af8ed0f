"""Tables of what came in: feeds, runs, source versions, webhooks, files."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join

from integration_hub.canonical import nouns
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.intake.models import FeedDay, FileDrop, Run, SourceVersion
from integration_hub.intake.queries import FeedHealth

STATES = {
    "ok": ("On time", "success", "circle-check"),
    "late": ("Late", "warning", "clock"),
    "failing": ("Cannot be read", "danger", "alert-octagon"),
    "paused": ("Paused", "warning", "player-pause"),
    "new": ("Not read yet", "neutral", "point"),
}
OUTCOMES = {
    "received": ("neutral", "inbox"),
    "applied": ("success", "circle-check"),
    "stale": ("neutral", "history"),
    "conflict": ("danger", "arrows-split"),
    "parked": ("warning", "hourglass"),
    "refused": ("danger", "circle-x"),
    "filtered": ("neutral", "filter"),
}


def feed_state(health: FeedHealth) -> Badge:
    """How a feed stands."""
    return Badge(*STATES.get(health.state, (health.state, "neutral", "point")))  # type: ignore[arg-type]


def outcome(version: SourceVersion) -> Badge:
    """What became of a source version."""
    tone, icon = OUTCOMES.get(version.status, ("neutral", "point"))
    return Badge(version.get_status_display(), tone, icon)  # type: ignore[arg-type]


def problems(version: SourceVersion) -> Any:
    """What is wrong with a record: column, what stood there, and what to do."""
    if version.status == "parked":
        return f"waits for {version.waits_for}"
    lines = [
        (
            " ".join(part for part in (problem.get("column") or problem.get("field", ""), problem["message"]) if part),
            problem.get("remedy", ""),
        )
        for problem in version.problems
    ]
    told = format_html_join("", '<span class="trouble">{}<small>{}</small></span>', lines)
    return format_html('<div class="troubles">{}</div>', told) if told else None


def plain_problems(version: SourceVersion) -> str:
    """The same as text."""
    return "; ".join(f"{item.get('field', '')} {item['message']} {item.get('remedy', '')}" for item in version.problems)


VERDICTS = {
    "complete": ("success", "circle-check"),
    "short": ("danger", "circle-x"),
    "surplus": ("warning", "alert-triangle"),
    "unprovable": ("neutral", "help"),
}


def verdict(row: FeedDay) -> Badge:
    """What the comparison of a day found."""
    tone, icon = VERDICTS[row.verdict]
    return Badge(row.get_verdict_display(), tone, icon)  # type: ignore[arg-type]


class DayTable(Table):
    """Certificates of completeness."""

    caption = "Certificates"
    page_size = 50
    default_sort = "-day"
    columns = [
        Column("day", "Day", kind="date", sortable=True),
        Column("feed", "Feed", accessor=lambda row: str(row.feed), hideable=True),
        Column("verdict", "Verdict", kind="badge", accessor=verdict),
        Column("expected", "There", kind="number", hint="Records the source says it changed that day"),
        Column("seen", "Here", kind="number"),
        Column("arrived", "Came in", kind="number", hideable=True, hint="New versions that came in that day"),
        Column("basis", "Proved by", accessor=lambda row: row.get_basis_display(), hideable=True),
        Column("reason", "Why", hideable=True),
        Column("checked_at", "Compared", kind="ago", hideable=True),
    ]

    def row_url(self, row: FeedDay) -> str:
        """The certificate."""
        return reverse("intake:day-detail", args=[row.pk])

    def row_tone(self, row: FeedDay) -> str:
        """Days that are short are marked; the verdict says it."""
        return "danger" if row.verdict == FeedDay.Verdict.SHORT else ""


class RunTable(Table):
    """Readings of a feed or a file, with what became of their records."""

    caption = "Runs"
    page_size = 25
    columns = [
        Column("started_at", "Started", kind="datetime"),
        Column("feed", "Feed", accessor=lambda row: str(row.feed), hideable=True),
        Column("trigger", "Because of"),
        Column("state", "State", kind="badge"),
        Column("read", "Read", kind="number"),
        Column("applied", "Applied", kind="number"),
        Column("unchanged", "Unchanged", kind="number", hideable=True),
        Column("refused", "Refused", kind="number"),
        Column("parked", "Wait", kind="number", hideable=True),
        Column("conflicts", "Conflicts", kind="number", hideable=True),
        Column("filtered", "Left out", kind="number", hideable=True, hidden=True),
        Column("stale", "Stale", kind="number", hideable=True, hidden=True),
        Column("took", "Took", accessor=lambda row: took(row)),
    ]

    def row_url(self, row: Run) -> str:
        """The run."""
        return reverse("intake:run-detail", args=[row.pk])

    def row_tone(self, row: Run) -> str:
        """Failed runs and runs with refused rows are marked; the columns say it."""
        if row.state == Run.State.FAILED:
            return "danger"
        return "warning" if row.refused or row.conflicts else ""


class FeedRuns(RunTable):
    """Runs of one feed."""

    columns = [column for column in RunTable.columns if column.name != "feed"]


def took(run: Run) -> str:
    """How long a run took."""
    if run.finished_at is None:
        return "running"
    return f"{(run.finished_at - run.started_at).total_seconds():,.1f} s"


class SourceTable(Table):
    """Source versions: which record, which version, what became of it and why."""

    caption = "Source versions"
    columns = [
        Column("source_id", "Record", accessor=lambda row: f"{nouns.one(row.entity)} {row.source_id}"),
        Column("connection", "Connection", accessor="connection", hideable=True),
        Column("version", "Version"),
        Column("status", "Became", kind="badge", accessor=outcome),
        Column("problems", "What is wrong, and what to do", accessor=problems),
        Column("row_number", "Row", kind="number", hideable=True),
        Column("mapping_version", "Mapping", kind="number", hideable=True, hidden=True),
        Column("received_at", "Received", kind="ago"),
    ]

    def row_url(self, row: SourceVersion) -> str:
        """The version as it came."""
        return reverse("intake:source-detail", args=[row.pk])


class DeliveryTable(Table):
    """Webhooks as they came."""

    caption = "Webhooks"
    columns = [
        Column("delivery_id", "Delivery", kind="code"),
        Column("connection", "Connection", accessor="connection", hideable=True),
        Column("status", "Status", kind="badge"),
        Column("times_seen", "Times seen", kind="number"),
        Column("problem", "Problem"),
        Column("received_at", "Received", kind="ago"),
    ]

    def row_url(self, row: Any) -> str:
        """The webhook."""
        return reverse("intake:delivery-detail", args=[row.pk])


class FileTable(Table):
    """Dropped files."""

    caption = "Files"
    columns = [
        Column("name", "File"),
        Column("connection", "Connection", accessor="connection"),
        Column("entity", "Holds", accessor=lambda row: nouns.many(row.entity)),
        Column("state", "State", kind="badge", accessor=lambda row: file_state(row)),
        Column("bytes", "Bytes", kind="number", sortable=True),
        Column("problem", "Problem", hideable=True),
        Column("dropped_by", "Dropped by", accessor=lambda row: row.dropped_by.label if row.dropped_by else "folder"),
        Column("dropped_at", "Dropped", kind="ago", sortable=True),
    ]

    def row_url(self, row: FileDrop) -> str:
        """The file."""
        return reverse("intake:file-detail", args=[row.pk])


def file_state(row: FileDrop) -> Badge:
    """The state of a file."""
    tone, icon = {"previewed": ("info", "eye"), "applied": ("success", "circle-check")}.get(
        row.state, ("danger", "circle-x")
    )
    return Badge(row.get_state_display(), tone, icon)  # type: ignore[arg-type]
