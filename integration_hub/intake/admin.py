"""Intake in the admin: the knobs of feeds, files to drop and look at, and ledgers that are only read."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integration_hub.intake.actions import feeds, files
from integration_hub.intake.models import Delivery, Feed, FeedDay, FileDrop, Rejection, Run, SourceVersion
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.mapping.adminsite import ActionAdmin, person


class ReadOnly(admin.ModelAdmin[Any]):
    """A ledger: looked at, never edited."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Feed)
class FeedAdmin(ActionAdmin):
    """Rhythm and patience of feeds; reading now, pausing and resuming as actions."""

    list_display = ("connection", "entity", "weight", "every_seconds", "is_active", "last_ok_at", "last_error_class")
    list_filter = ("connection", "is_active", "last_error_class")
    list_select_related = ("connection",)
    fields = (*feeds.KNOBS, "connection", "entity", "is_active", "cursor", "due_at", "last_ok_at", "last_error")
    readonly_fields = ("connection", "entity", "is_active", "cursor", "due_at", "last_ok_at", "last_error")
    actions = ("read_now", "pause", "resume")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:
        """Save the knobs by their action."""
        feeds.tune(feed_id=obj.pk, by=person(request), **{name: getattr(obj, name) for name in feeds.KNOBS})

    @admin.action(description="Read now", permissions=["change"])
    def read_now(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        """Read the chosen feeds now."""
        self._each(request, queryset, lambda feed: feeds.run_now(feed_id=feed.pk, by=person(request)))

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        """Stop reading the chosen feeds."""
        reason = "Paused in the administration"
        self._each(request, queryset, lambda feed: feeds.pause(feed_id=feed.pk, reason=reason, by=person(request)))

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        """Read the chosen feeds again."""
        self._each(request, queryset, lambda feed: feeds.resume(feed_id=feed.pk, by=person(request)))

    def _each(self, request: HttpRequest, queryset: QuerySet[Feed], act: Any) -> None:
        for feed in queryset:
            try:
                act(feed)
            except ThroughlineError as error:
                self.message_user(request, f"{feed}: {error}", messages.ERROR)


@admin.register(FeedDay)
class FeedDayAdmin(ReadOnly):
    """Certificates of completeness."""

    list_display = ("day", "feed", "verdict", "expected", "seen", "basis", "checked_at")
    list_filter = ("verdict", "basis", "feed__connection")
    list_select_related = ("feed__connection",)
    date_hierarchy = "day"


class DropForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """An upload: the file, perhaps a companion, perhaps control totals."""

    upload = forms.FileField(label="File", help_text="CSV or XLSX with a header row.")
    companion = forms.FileField(
        required=False, help_text="A second file whose columns belong to the rows of the first."
    )
    key = forms.CharField(required=False, help_text="The column of both files that joins them.")
    totals = forms.JSONField(
        required=False, label="Control totals", help_text='e.g. {"records": 120, "sums": {"Hours": "431.25"}}'
    )

    class Meta:
        model = FileDrop
        fields = ("connection", "entity")

    def clean(self) -> dict[str, Any]:
        """A companion needs its key."""
        given = super().clean() or {}
        if given.get("companion") and not given.get("key"):
            self.add_error("key", "Name the column that joins the two files.")
        return given


@admin.register(FileDrop)
class FileDropAdmin(ActionAdmin):
    """Files: upload, look at the first rows through the mapping, apply."""

    form = DropForm
    list_display = ("name", "connection", "entity", "bytes", "state", "dropped_by", "dropped_at", "applied_at")
    list_filter = ("state", "connection", "entity")
    list_select_related = ("connection", "dropped_by")
    search_fields = ("name", "sha256")
    actions = ("apply",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("hub_intake.drop_file"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The upload form for a new file; everything known for one that is there."""
        if obj is None:
            return ("connection", "entity", "upload", "companion", "key", "totals")
        return (
            "name",
            "connection",
            "entity",
            "state",
            "problem",
            "outcome",
            "manifest",
            "sha256",
            "preview",
            "errors",
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: FileDrop, form: Any, change: bool) -> None:
        """Drop the file by its action; the same content again shows the file that is there."""
        given = form.cleaned_data
        second = given.get("companion")
        found = files.drop(
            connection=given["connection"],
            entity=given["entity"],
            name=given["upload"].name,
            stream=given["upload"].file,
            by=person(request),
            companion=files.Companion(second.name, second.file, given["key"]) if second else None,
            totals=given.get("totals") or {},
        )
        obj.pk = found.pk
        obj.refresh_from_db()

    @admin.action(description="Apply the chosen files", permissions=["add"])
    def apply(self, request: HttpRequest, queryset: QuerySet[FileDrop]) -> None:
        """Load files in the background, in the order they were dropped."""
        for file in queryset.order_by("pk"):
            try:
                files.apply(file=file, by=person(request))
                self.message_user(request, f"{file.name} is being loaded.")
            except ThroughlineError as error:
                self.message_user(request, f"{file.name}: {error}", messages.ERROR)

    @admin.display(description="First rows through the mapping")
    def preview(self, obj: FileDrop) -> SafeString:
        """The first rows before and after, with what is wrong."""
        try:
            rows = files.preview(file=obj, rows=10)
        except (ThroughlineError, OSError) as error:
            return format_html("{}", error)
        lines = ((row.number, _short(row.before), _after(row)) for row in rows)
        body = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", lines)
        return format_html("<table><tr><th>Row</th><th>As it is</th><th>As we read it</th></tr>{}</table>", body)

    @admin.display(description="Newest run")
    def outcome(self, obj: FileDrop) -> str:
        """Counts and totals of the newest run."""
        run = obj.runs.order_by("-pk").first()
        if run is None:
            return "Not applied yet."
        counts = ", ".join(
            f"{name} {getattr(run, name)}" for name in ("read", "applied", "unchanged", "refused", "parked")
        )
        return f"{run.get_state_display()}: {counts}. {run.error}".strip()

    @admin.display(description="Error report")
    def errors(self, obj: FileDrop) -> SafeString:
        """Where to download what is wrong with its rows."""
        return format_html('<a href="{}">Download as CSV</a>', reverse("intake:file-errors", args=[obj.pk]))


def _short(values: Any) -> str:
    return json.dumps(dict(values), ensure_ascii=False)[:400]


def _after(row: files.PreviewRow) -> str:
    if row.problems:
        return " ".join(str(problem) for problem in row.problems)
    return "left out by the row filter" if row.filtered else _short(row.after)


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Readings and loads."""

    list_display = ("id", "feed", "trigger", "state", "started_at", "read", "applied", "unchanged", "refused", "parked")
    list_filter = ("state", "trigger", "feed__connection")
    list_select_related = ("feed__connection",)


@admin.register(SourceVersion)
class SourceVersionAdmin(ReadOnly):
    """Every version that came."""

    list_display = ("id", "connection", "entity", "source_id", "version", "status", "received_at")
    list_filter = ("status", "connection", "entity")
    list_select_related = ("connection",)
    search_fields = ("=source_id",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Webhooks."""

    list_display = ("delivery_id", "connection", "status", "times_seen", "received_at", "problem")
    list_filter = ("status", "connection")
    list_select_related = ("connection",)
    search_fields = ("=delivery_id",)


@admin.register(Rejection)
class RejectionAdmin(ReadOnly):
    """Webhooks that were refused before anything was stored."""

    list_display = ("day", "connection", "reason", "count", "last_at")
    list_filter = ("connection",)
    list_select_related = ("connection",)
