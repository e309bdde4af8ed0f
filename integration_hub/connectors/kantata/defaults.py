"""The mapping a new Kantata connection starts with. Administrators change it in the admin."""

from typing import Any

LINE_STATE = (
    "(approved && 'approved') || (active_submission_id && 'submitted')"
    " || (submission.status == 'rejected' && 'rejected') || 'draft'"
)
"""Approval of a time entry or expense: its own flag, else what became of its submission."""

OURS = "external_references[?service_name=='throughline' && service_model=='{model}'] | [0].service_model_ref"


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


RESOURCE = [
    _rule("name", "full_name"),
    _rule("email", "email_address"),
    _rule("role", "role_name", value_map="role"),
    _rule("cost_centre", "cost_center", value_map="cost_centre"),
    _rule("active", "!disabled", "boolean"),
]
PROJECT = [
    _rule("name", "title"),
    _rule("reference", OURS.format(model="Contract")),
    _rule("contract_number", OURS.format(model="Contract")),
    _rule("currency", "currency"),
    _rule("status", "(archived && 'Archived') || status.message", value_map="project_status"),
    _rule("starts_on", "start_date", "date"),
    _rule("ends_on", "due_date", "date"),
]
TASK = [
    _rule("project_id", "workspace_id", required=True),
    _rule("code", "id", required=True),
    _rule("name", "title"),
]
MILESTONE = [
    _rule("project_id", "workspace_id", required=True),
    _rule("name", "title"),
    _rule("reference", OURS.format(model="Milestone")),
    _rule("status", "state", required=True, value_map="milestone_status"),
    _rule("accepted_on", "accepted_at", "date"),
    _rule("evidence", "(external_references[?external_link] | [0].external_link) || description"),
]
TIME_ENTRY = [
    _rule("project_id", "workspace_id", required=True),
    _rule("resource_id", "user_id", required=True),
    _rule("task_id", "story_id"),
    _rule("role", "role_name", value_map="role"),
    _rule("worked_on", "date_performed", "date", required=True),
    _rule("minutes", "time_in_minutes", "decimal", required=True),
    _rule("billable", "billable", "boolean"),
    _rule("approval", LINE_STATE),
    _rule("notes", "notes"),
]
TIME_APPROVAL = [
    _rule("project_id", "workspace_id"),
    _rule("resource_id", "user_id"),
    _rule("state", "status", required=True, value_map="submission_status"),
    _rule("entry_ids", "time_entry_ids", "as_is"),
]
EXPENSE = [
    _rule("project_id", "workspace_id", required=True),
    _rule("resource_id", "user_id"),
    _rule("spent_on", "date", "date", required=True),
    _rule("category", "category"),
    _rule("amount", "amount", "decimal", required=True),
    _rule("currency", "currency", required=True),
    _rule("billable", "is_billable", "boolean"),
    _rule("approval", LINE_STATE),
    _rule("has_receipt", "receipt_id && 'yes' || 'no'", "boolean"),
    _rule("reimbursable", "reimbursable", "boolean"),
    # Kantata does not say who paid; a custom field that does takes the place of this.
    _rule("paid_by", "reimbursable && 'employee' || 'company'"),
    _rule("report_id", "submission.id"),
    _rule("approved_by_id", "submission.current_resolution_creator_id"),
    _rule("notes", "notes"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        "resource": {"rules": RESOURCE},
        "project": {"rules": PROJECT},
        "task": {"rules": TASK},
        "milestone": {"rules": MILESTONE},
        "time_entry": {"rules": TIME_ENTRY},
        "time_approval": {"rules": TIME_APPROVAL},
        "expense": {"rules": EXPENSE},
    },
    "values": {
        "role": {"when_unknown": "keep", "rows": {}},
        "cost_centre": {"when_unknown": "keep", "rows": {}},
        "project_status": {
            "rows": {
                "Estimate": "planned",
                "Not Started": "planned",
                "Active": "open",
                "At Risk": "open",
                "On Hold": "on_hold",
                "Done": "completed",
                "Cancelled": "closed",
                "Archived": "closed",
            }
        },
        "milestone_status": {
            "rows": {
                "not started": "planned",
                "started": "in_progress",
                "needs info": "in_progress",
                "needs review": "submitted",
                "completed": "accepted",
                "approved": "accepted",
                "rejected": "in_progress",
                "cancelled": "cancelled",
            }
        },
        "submission_status": {
            "rows": {"new": "submitted", "approved": "approved", "rejected": "rejected", "cancelled": "draft"}
        },
    },
}
