"""Submissions and what becomes of them.

Approval lives on the submission. Whether the entries' own stamp moves with it is a setting, because with the real
vendor it does not, and a hub that polls entries only will never learn of an approval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import stamps
from ..accounts import KANTATA_USER_ID
from ..messages import Call, Json, scalar
from ..store import Records, Store
from .changes import Changes
from .errors import invalid
from .schema import COLLECTIONS
from .shapes import Collection


@dataclass(frozen=True, slots=True)
class Resolution:
    """One verb: from which states it may be used, and where it leads."""

    kind: str
    status: str
    allowed: tuple[str, ...]


RESOLUTIONS = {
    "approve": Resolution("approval", "approved", ("new",)),
    "reject": Resolution("rejection", "rejected", ("new", "approved")),
    "cancel": Resolution("cancellation", "cancelled", ("new", "approved")),
}
LINES = {
    "timesheet_submissions": ("time_entries", "time_entry_ids", "date_performed"),
    "expense_report_submissions": ("expenses", "expense_ids", "date"),
}


class Approvals:
    """Submitting lines and resolving submissions."""

    def __init__(
        self, store: Store, records: dict[str, Records], changes: Changes, setting: Callable[[str], Any]
    ) -> None:
        self._store = store
        self._records = records
        self._changes = changes
        self._setting = setting

    def submit(self, call: Call | None, of: Collection, values: Json) -> str:
        """A new submission of lines of one project and one person."""
        lines_name, ids_field, date_field = LINES[of.name]
        lines_of = COLLECTIONS[lines_name]
        wanted = values.get("line_item_ids")
        if not isinstance(wanted, list) or not wanted:
            raise invalid("Please select at least one line item", "line_item_ids")
        lines = [self._changes.body(lines_of, scalar(key, "line_item_ids")) for key in wanted]
        if len({line["workspace_id"] for line in lines}) > 1 or len({line["user_id"] for line in lines}) > 1:
            raise invalid("Line items must belong to one project and one person", "line_item_ids")
        if any(line["active_submission_id"] for line in lines):
            raise invalid("Line items are already part of an active submission", "line_item_ids")
        values = {"workspace_id": lines[0]["workspace_id"]} | values
        if str(values["workspace_id"]) != lines[0]["workspace_id"]:
            raise invalid("Line items do not belong to the project", "workspace_id")
        submission_id = self._changes.create(call, of, values | {"user_id": lines[0]["user_id"]})
        days = sorted(line[date_field] for line in lines)
        self._changes.touch(
            None,
            of,
            self._changes.body(of, submission_id),
            {"start_date": days[0], "end_date": days[-1], ids_field: [line["id"] for line in lines]},
            quietly=True,
        )
        for line in lines:
            marks = {"active_submission_id": submission_id, "recent_submission_id": submission_id}
            self._changes.touch(call, lines_of, line, marks)
        return submission_id

    def resolve(self, call: Call, of: Collection, submission_id: str, verb: str) -> Json:
        """Approve, reject or cancel; the resolution."""
        resolution = RESOLUTIONS[verb]
        submission = self._changes.body(of, submission_id)
        if submission["status"] not in resolution.allowed:
            raise invalid(f"A submission that is {submission['status']} cannot be {resolution.status}", "status")
        now = stamps.offset(self._store.clock.now(), self._setting("utc_offset_minutes"))
        self._changes.touch(
            call,
            of,
            submission,
            {
                "status": resolution.status,
                "current_resolution_creator_id": KANTATA_USER_ID,
                "current_resolution_created_at": now,
            },
        )
        self._mark_lines(call, of, submission, resolution)
        return {
            "id": self._store.next("kantata:resolution"),
            "type": resolution.kind,
            "target_type": of.subject,
            "target_id": int(submission_id),
            "user_id": int(KANTATA_USER_ID),
            "account_id": 1,
            "current": True,
            "created_at": now,
            "updated_at": now,
        }

    def _mark_lines(self, call: Call, of: Collection, submission: Json, resolution: Resolution) -> None:
        lines_name, ids_field, _ = LINES[of.name]
        approved = resolution.status == "approved"
        changes: Json = {"approved": approved} | ({} if approved else {"active_submission_id": None})
        for key in submission[ids_field]:
            line = self._records[lines_name].get(key)
            if line is not None and line["recent_submission_id"] == submission["id"]:
                quietly = not self._setting("approval_touches_entries")
                self._changes.touch(call, COLLECTIONS[lines_name], line, changes, quietly=quietly)
