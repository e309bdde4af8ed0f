"""The table of what a person was told."""

from typing import Any

from django.urls import reverse

from integration_hub.cases.tables import ROLES, severity
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.notices.models import Kind, Notice

_TONES = {Kind.MISSED: "danger", Kind.ESCALATED: "danger", Kind.NEAR: "warning", Kind.HEALED: "success"}
_ICONS = {
    Kind.OPENED: "inbox",
    Kind.ASSIGNED: "user-check",
    Kind.MENTION: "message",
    Kind.CHANGED: "eye",
    Kind.NEAR: "clock",
    Kind.MISSED: "alert-octagon",
    Kind.ESCALATED: "alert-octagon",
    Kind.REOPENED: "repeat",
    Kind.HEALED: "circle-check",
}


def why(notice: Notice) -> Badge:
    """Why the person was told."""
    kind = Kind(notice.kind)
    return Badge(kind.label, _TONES.get(kind, "neutral"), _ICONS[kind])  # type: ignore[arg-type]


class NoticeTable(Table):
    """What one was told, newest first; what is not read yet stands out."""

    caption = "Notices"
    default_sort = "-id"
    selectable = True
    columns = [
        Column("title", "Exception", accessor=lambda row: Titled(row.title, row.text)),
        Column("kind", "Why", kind="badge", accessor=why),
        Column("severity", "Severity", kind="badge", accessor=severity, hideable=True),
        Column("case.owner_role", "Owner role", accessor=lambda row: ROLES.get(row.case.owner_role, ""),
               hideable=True, hidden=True),
        Column("happened_at", "When", kind="ago"),
        Column("is_read", "Read", kind="badge", accessor=lambda row: Badge("Read", "neutral", "check")
               if row.is_read else Badge("New", "info", "point")),
        Column("legal_entity", "Entity", hideable=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        """The exception; on the way the notice is marked as read."""
        return reverse("notices:notice-open", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        """What is read steps back; the column says it in words."""
        return "muted" if row.is_read else ""


class ToldTable(NoticeTable):
    """What one message tells of, as an administrator sees it: it is not his inbox, so it leads to the exception."""

    caption = "What the message tells of"
    selectable = False
    columns = [column for column in NoticeTable.columns if column.name != "is_read"]

    def row_url(self, row: Any) -> str:
        """The exception."""
        return reverse("cases:case-detail", args=[row.case_id])

    def row_tone(self, row: Any) -> str:
        """All alike."""
        return ""
