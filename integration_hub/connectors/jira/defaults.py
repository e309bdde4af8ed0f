"""The mapping a new Jira connection starts with. Administrators change it in the admin."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


RESOURCE = [
    _rule("name", "displayName"),
    _rule("email", "emailAddress"),
    _rule("active", "active", "boolean"),
]
PROJECT = [
    _rule("name", "name"),
    _rule("reference", "reference"),
    _rule("contract_number", "reference"),
    _rule("status", "(archived && 'closed') || 'open'"),
]
TASK = [
    _rule("project_id", "fields.project.id", required=True),
    _rule("code", "id", required=True),
    _rule("name", "title"),
]
TIME_ENTRY = [
    _rule("project_id", "project_id", required=True),
    _rule("resource_id", "author.accountId", required=True),
    _rule("task_id", "issueId"),
    _rule("worked_on", "tempo.startDate", "date", required=True),
    _rule("minutes", "minutes", "decimal", required=True),
    _rule("billable", "tempo.billableSeconds > `0`", "boolean"),
    # The approval is the timesheet's. An entry that is new or changed waits for it.
    _rule("approval", "'draft'"),
    _rule("notes", "tempo.description"),
]
TIME_APPROVAL = [
    _rule("resource_id", "user.accountId"),
    _rule("state", "status.key", required=True, value_map="approval"),
    _rule("entry_ids", "entries[].id", "as_is"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        # Apps and the customers of a help desk have accounts too.
        "resource": {"row_filter": "accountType == 'atlassian'", "rules": RESOURCE},
        "project": {"rules": PROJECT},
        "task": {"rules": TASK},
        # What Tempo has not taken over yet comes again when it has.
        "time_entry": {"row_filter": "tempo", "rules": TIME_ENTRY},
        "time_approval": {"rules": TIME_APPROVAL},
    },
    "values": {
        "approval": {
            "rows": {
                "OPEN": "draft",
                "WAITING_FOR_APPROVAL": "submitted",
                "APPROVED": "approved",
                "REJECTED": "rejected",
            }
        },
    },
}
