"""The mapping a new Harvest connection starts with. Administrators change it in the admin."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


RESOURCE = [
    _rule("name", "join(' ', [first_name, last_name])"),
    _rule("email", "email"),
    _rule("role", "roles[0]", value_map="role"),
    _rule("active", "is_active", "boolean"),
]
PROJECT = [
    _rule("name", "name"),
    _rule("reference", "code"),
    _rule("contract_number", "code"),
    _rule("currency", "client.currency"),
    _rule("status", "(is_active && 'open') || 'closed'"),
    _rule("starts_on", "starts_on", "date"),
    _rule("ends_on", "ends_on", "date"),
]
TASK = [
    _rule("project_id", "project.id", required=True),
    _rule("code", "id", required=True),
    _rule("name", "task.name"),
]
TIME_ENTRY = [
    _rule("project_id", "project.id", required=True),
    _rule("resource_id", "user.id", required=True),
    _rule("task_id", "task_assignment.id"),
    _rule("worked_on", "spent_date", "date", required=True),
    _rule("minutes", "minutes", "decimal", required=True),
    _rule("billable", "billable", "boolean"),
    _rule("approval", "(is_closed && 'approved') || approval_status", required=True, value_map="approval"),
    _rule("notes", "notes"),
]
EXPENSE = [
    _rule("project_id", "project.id", required=True),
    _rule("resource_id", "user.id"),
    _rule("spent_on", "spent_date", "date", required=True),
    _rule("category", "expense_category.name"),
    _rule("amount", "total_cost", "decimal", required=True),
    _rule("currency", "client.currency", required=True),
    _rule("billable", "billable", "boolean"),
    _rule("approval", "(is_closed && 'approved') || 'submitted'"),
    _rule("has_receipt", "receipt.url && 'yes' || 'no'", "boolean"),
    _rule("notes", "notes"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "resource": {"rules": RESOURCE},
        "project": {"rules": PROJECT},
        "task": {"rules": TASK},
        # A running timer's hours still grow; stopping it moves its stamp.
        "time_entry": {"row_filter": "!is_running", "rules": TIME_ENTRY},
        "expense": {"rules": EXPENSE},
    },
    "values": {
        "role": {"when_unknown": "keep", "rows": {}},
        "approval": {"rows": {"unsubmitted": "draft", "submitted": "submitted", "approved": "approved"}},
    },
}
