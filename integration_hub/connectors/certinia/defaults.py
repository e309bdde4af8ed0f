"""The mapping a new Certinia connection starts with. Administrators change it in the admin; names are the org's."""

from typing import Any

from integration_hub.connectors.certinia.client import KEY


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


RESOURCE = [
    _rule("name", "Name"),
    _rule("email", "Email"),
    _rule("role", "pse__Resource_Role__c", value_map="role"),
    _rule("cost_centre", "pse__Practice__r.Name", value_map="cost_centre"),
    _rule("active", "pse__Is_Resource_Active__c", "boolean"),
]
PROJECT = [
    _rule("name", "Name"),
    _rule("reference", KEY),
    _rule("contract_number", KEY),
    _rule("currency", "CurrencyIsoCode"),
    _rule("status", "(!pse__Is_Active__c && 'Inactive') || pse__Stage__c", value_map="project_status"),
    _rule("starts_on", "pse__Start_Date__c", "date"),
    _rule("ends_on", "pse__End_Date__c", "date"),
]
TASK = [
    _rule("project_id", "pse__Project__c", required=True),
    _rule("code", "Id", required=True),
    _rule("name", "Name"),
]
MILESTONE = [
    _rule("project_id", "pse__Project__c", required=True),
    _rule("name", "Name"),
    _rule("reference", KEY),
    _rule("status", "pse__Status__c", required=True, value_map="milestone_status"),
    _rule("accepted_on", "pse__Actual_Date__c", "date"),
    _rule("accepted_by", "pse__Approver__r.Name"),
    _rule("evidence", "pse__Description__c"),
]
# Approval is the header's; what was split off for a month says whether it is billable.
TIME_ENTRY = [
    _rule("project_id", "pse__Project__c", required=True),
    _rule("resource_id", "pse__Resource__c", required=True),
    _rule("task_id", "pse__Assignment__c"),
    _rule("role", "pse__Assignment__r.pse__Role__c", value_map="role"),
    _rule("worked_on", "day", "date", required=True),
    _rule("minutes", "minutes", "decimal", required=True),
    _rule("billable", "(split && split.pse__Billable__c) || (!split && pse__Billable__c)", "boolean"),
    _rule("approval", "pse__Status__c", required=True, value_map="timecard_status"),
    _rule("notes", "notes || pse__Timecard_Notes__c"),
]
TIME_APPROVAL = [
    _rule("project_id", "pse__Project__c"),
    _rule("resource_id", "pse__Resource__c"),
    _rule("state", "pse__Status__c", required=True, value_map="timecard_status"),
    _rule("entry_ids", "entries", "as_is"),
]
EXPENSE = [
    _rule("project_id", "pse__Project__c", required=True),
    _rule("resource_id", "pse__Resource__c"),
    _rule("spent_on", "pse__Expense_Date__c", "date", required=True),
    _rule("category", "pse__Type__c"),
    _rule("amount", "pse__Amount__c", "decimal", required=True),
    _rule("currency", "CurrencyIsoCode", required=True),
    _rule("billable", "pse__Billable__c", "boolean"),
    _rule("approval", "pse__Expense_Report__r.pse__Status__c", required=True, value_map="report_status"),
    _rule("has_receipt", "!pse__Lost_Receipt__c", "boolean"),
    _rule("reimbursable", "!pse__Non_Reimbursible__c", "boolean"),
    # What is not given back to a person was paid by the firm.
    _rule("paid_by", "pse__Non_Reimbursible__c && 'company' || 'employee'"),
    _rule("report_id", "pse__Expense_Report__c"),
    _rule("approved_by_id", "pse__Expense_Report__r.pse__Approver__c"),
    _rule("notes", "pse__Description__c"),
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
                "Draft": "planned",
                "Planned": "planned",
                "In Progress": "open",
                "On Hold": "on_hold",
                "Completed": "completed",
                "Cancelled": "closed",
                "Inactive": "closed",
            }
        },
        "milestone_status": {
            "rows": {
                "Planned": "planned",
                "Open": "in_progress",
                "Submitted": "submitted",
                "Approved": "accepted",
                "Rejected": "in_progress",
                "Cancelled": "cancelled",
            }
        },
        "timecard_status": {
            "rows": {"Saved": "draft", "Submitted": "submitted", "Approved": "approved", "Rejected": "rejected"}
        },
        "report_status": {
            "rows": {"Draft": "draft", "Submitted": "submitted", "Approved": "approved", "Rejected": "rejected"}
        },
    },
}
