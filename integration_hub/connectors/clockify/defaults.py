"""The mapping a new Clockify connection starts with. Administrators change it in the admin."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


RESOURCE = [
    _rule("name", "name"),
    _rule("email", "email"),
    _rule("active", "status != 'DEACTIVATED'", "boolean"),
]
PROJECT = [
    _rule("name", "name"),
    _rule("reference", "reference"),
    _rule("contract_number", "reference"),
    _rule("status", "(archived && 'closed') || 'open'"),
]
TIME_ENTRY = [
    _rule("project_id", "projectId", required=True),
    _rule("resource_id", "userId", required=True),
    _rule("task_id", "taskId"),
    _rule("worked_on", "worked_on", "date", required=True),
    _rule("minutes", "minutes", "decimal", required=True),
    _rule("billable", "billable", "boolean"),
    _rule("approval", "approval_state", required=True, value_map="approval"),
    _rule("notes", "description"),
]
TIME_APPROVAL = [
    _rule("resource_id", "approvalRequest.owner.userId"),
    _rule("state", "approvalRequest.status.state", required=True, value_map="approval"),
    _rule("entry_ids", "entries[].id", "as_is"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "resource": {"rules": RESOURCE},
        "project": {"rules": PROJECT},
        # Breaks and time off are no work; a running timer has no end yet, and stopping it is a change.
        "time_entry": {
            "row_filter": "timeInterval.end && (type == 'REGULAR' || type == 'OVERTIME')",
            "rules": TIME_ENTRY,
        },
        "time_approval": {"row_filter": "approvalRequest.type != 'EXPENSE'", "rules": TIME_APPROVAL},
    },
    "values": {
        "approval": {
            "rows": {
                "NONE": "draft",
                "PENDING": "submitted",
                "APPROVED": "approved",
                "REJECTED": "rejected",
                "WITHDRAWN_SUBMISSION": "draft",
                "WITHDRAWN_APPROVAL": "submitted",
            }
        },
    },
}
