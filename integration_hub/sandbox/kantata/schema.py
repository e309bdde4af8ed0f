"""The account's collections, as data: fields, defaults, what a create must carry, how lists filter and sort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..store import Column, Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `refers` names the collection an id points into."""

    name: str
    type: str = "text"  # text, int, bool, date, id, ids, json
    default: Any = None
    refers: str = ""
    readonly: bool = False
    missing: str = ""
    """What the vendor says when a create lacks the field; empty when it may."""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One list parameter. `takes`: id, ids, bool, text, texts, date, range, or `always` (the value is ignored)."""

    takes: str
    sql: str


@dataclass(frozen=True, slots=True)
class Include:
    """A side-loaded association: `field` holds the id or ids; with `back` the other side points here."""

    collection: str
    field: str = ""
    back: str = ""


@dataclass(frozen=True)
class Collection:
    """One collection of the API."""

    name: str
    singular: str
    subject: str
    event: str
    fields: tuple[Field, ...]
    filters: dict[str, Filter]
    includes: dict[str, Include]
    orders: tuple[str, ...] = ("created_at", "updated_at")
    order: str = "created_at:desc"
    hidden: str = ""
    """Rows a list and a single read leave out unless `shown_by` is true."""
    shown_by: str = ""
    indexes: tuple[str, ...] = ()

    @property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @property
    def table(self) -> str:
        return f"kantata_{self.name}"

    def kind(self) -> Kind:
        numeric = {"int": "INTEGER", "id": "INTEGER", "bool": "INTEGER"}
        columns = tuple(
            Column(field.name, kind=numeric.get(field.type, "TEXT"))
            for field in self.fields
            if field.type not in {"ids", "json"}
        )
        return Kind(self.table, columns, indexes=self.indexes)


def _id(name: str, refers: str, **extra: Any) -> Field:
    return Field(name, "id", refers=refers, **extra)


def _ids(name: str, refers: str = "", **extra: Any) -> Field:
    return Field(name, "ids", default=(), refers=refers, **extra)


def _flag(name: str, default: bool = False, **extra: Any) -> Field:
    return Field(name, "bool", default=default, **extra)


REFERENCES = _ids("external_reference_ids", readonly=True)
TITLE = Field("title", missing="Please enter a title")
CURRENCY = Field("currency", default="USD")
BY_WORKSPACE = {"workspace_id": Filter("id", "workspace_id = ?"), "workspace_ids": Filter("ids", "workspace_id IN (?)")}
LINE_STATES = {
    "approved": Filter("always", "approved = 1"),
    "invoiced": Filter("always", "is_invoiced = 1"),
    "uninvoiced": Filter("always", "is_invoiced = 0"),
    "with_user_ids": Filter("ids", "user_id IN (?)"),
    "in_active_submission": Filter("bool", "(active_submission_id IS NOT NULL) = ?"),
}
LINE_FIELDS = (
    _id("workspace_id", "workspaces", missing="Please select a project"),
    _id("user_id", "users"),
    CURRENCY,
    Field("notes"),
    _flag("taxable"),
    _flag("approved", readonly=True),
    _flag("is_invoiced", readonly=True),
    Field("invoice_id", "id", readonly=True),
    Field("active_submission_id", "id", readonly=True),
    Field("recent_submission_id", "id", readonly=True),
    REFERENCES,
)
SUBMISSION_FIELDS = (
    TITLE,
    _id("workspace_id", "workspaces", missing="Please select a project"),
    _id("user_id", "users"),
    Field("comment"),
    Field("status", default="new", readonly=True),
    Field("start_date", "date", readonly=True),
    Field("end_date", "date", readonly=True),
    Field("current_resolution_creator_id", "id", readonly=True),
    Field("current_resolution_created_at", readonly=True),
    REFERENCES,
)
SUBMISSION_FILTERS = {
    **BY_WORKSPACE,
    "statuses": Filter("texts", "status IN (?)"),
    "user_ids": Filter("ids", "user_id IN (?)"),
    "start_date": Filter("date", "start_date = ?"),
    "end_date": Filter("date", "end_date = ?"),
    "start_date_after": Filter("date", "start_date >= ?"),
    "active": Filter("bool", "(status IN ('new', 'approved')) = ?"),
    "not_cancelled": Filter("bool", "(status <> 'cancelled') = ?"),
}
EXTERNAL = {"external_references": Include("external_references", back="subject")}

_ALL = (
    Collection(
        "workspace_groups",
        "workspace_group",
        "WorkspaceGroup",
        "workspace_group",
        (
            Field("name", missing="Please enter a name"),
            _flag("company", True),
            *(Field(name) for name in ("contact_name", "email", "phone_number", "address", "website", "notes")),
            _ids("workspace_ids", readonly=True),
            REFERENCES,
        ),
        {"search": Filter("like", "name LIKE ?")},
        EXTERNAL,
        orders=("created_at", "updated_at", "name"),
    ),
    Collection(
        "workspaces",
        "workspace",
        "Workspace",
        "workspace",
        (
            Field("title", missing="Please give your project a title"),
            Field("creator_role", missing="Please select a creator role", values=("maven", "buyer")),
            Field("description"),
            _flag("archived"),
            Field("start_date", "date"),
            Field("due_date", "date"),
            CURRENCY,
            Field("price_in_cents", "int"),
            _flag("budgeted"),
            _id("rate_card_id", "rate_cards"),
            _id("primary_workspace_group_id", "workspace_groups"),
            _ids("workspace_group_ids", "workspace_groups"),
            Field("status_key", "int", 300),
            Field("status", "json", readonly=True),
            _flag("require_time_approvals", True),
            _flag("require_expense_approvals", True),
            _ids("approver_ids", "users"),
            _ids("participant_ids", "users"),
            _ids("custom_field_value_ids"),
            Field("revenue_recognition_method"),
            REFERENCES,
        ),
        {
            "search": Filter("like", "title LIKE ?"),
            "by_title": Filter("text", "title = ?"),
            "workspace_group_ids": Filter("ids", "primary_workspace_group_id IN (?)"),
        },
        {
            **EXTERNAL,
            "primary_workspace_group": Include("workspace_groups", "primary_workspace_group_id"),
            "workspace_groups": Include("workspace_groups", "workspace_group_ids"),
            "rate_card": Include("rate_cards", "rate_card_id"),
            "participants": Include("users", "participant_ids"),
        },
        orders=("created_at", "updated_at", "title", "due_date"),
        order="updated_at:desc",
        hidden="archived = 0",
        shown_by="include_archived",
    ),
    Collection(
        "stories",
        "story",
        "Story",
        "story",
        (
            _id("workspace_id", "workspaces", missing="Please select a project"),
            Field("title", missing="Please give your task a title"),
            Field("story_type", missing="Please select a type", values=("task", "deliverable", "milestone", "issue")),
            _id("parent_id", "stories"),
            Field("description"),
            Field("state", default="not started"),
            Field("start_date", "date"),
            Field("due_date", "date"),
            Field("percentage_complete", "int", 0),
            _flag("billable", True),
            _flag("fixed_fee"),
            Field("budget_estimate_in_cents", "int"),
            Field("time_estimate_in_minutes", "int"),
            _ids("assignee_ids", "users"),
            _ids("sub_story_ids", readonly=True),
            _flag("archived"),
            Field("deleted_at", readonly=True),
            REFERENCES,
        ),
        {
            **BY_WORKSPACE,
            "story_type": Filter("texts", "story_type IN (?)"),
            "with_parent_id": Filter("ids", "parent_id IN (?)"),
            "parents_only": Filter("bool", "(parent_id IS NULL) = ?"),
        },
        {
            **EXTERNAL,
            "workspace": Include("workspaces", "workspace_id"),
            "parent": Include("stories", "parent_id"),
            "sub_stories": Include("stories", back="parent_id"),
            "assignees": Include("users", "assignee_ids"),
        },
        orders=("created_at", "updated_at", "due_date", "title"),
        hidden="archived = 0 AND deleted_at IS NULL",
        shown_by="include_archived",
        indexes=("workspace_id",),
    ),
    Collection(
        "users",
        "user",
        "User",
        "user",
        (
            Field("full_name", missing="Please enter a name"),
            Field("email_address"),
            Field("headline"),
            _id("role_id", "roles"),
            Field("cost_center"),
            _flag("disabled"),
            _flag("generic"),
            Field("account_id", "id", "1", readonly=True),
            Field("account_membership_id", "id", readonly=True),
            REFERENCES,
        ),
        {
            "by_email_address": Filter("text", "email_address = ? COLLATE NOCASE"),
            "search": Filter("like", "full_name LIKE ?"),
        },
        {**EXTERNAL, "role": Include("roles", "role_id")},
        orders=("created_at", "updated_at", "full_name"),
    ),
    Collection(
        "roles",
        "role",
        "Role",
        "role",
        (Field("name", missing="Please enter a name"), _flag("archived"), REFERENCES),
        {"search": Filter("like", "name LIKE ?")},
        EXTERNAL,
        orders=("created_at", "updated_at", "name"),
    ),
    Collection(
        "time_entries",
        "time_entry",
        "TimeEntry",
        "time_entry",
        (
            Field("date_performed", "date", missing="Please enter the date performed"),
            Field("time_in_minutes", "int", missing="Please enter the time worked"),
            *LINE_FIELDS,
            _id("story_id", "stories"),
            _id("role_id", "roles"),
            _flag("billable", True),
            Field("rate_in_cents", "int"),
            Field("cost_rate_in_cents", "int"),
            Field("location"),
        ),
        {
            **BY_WORKSPACE,
            **LINE_STATES,
            "billable": Filter("bool", "billable = ?"),
            "created_by": Filter("id", "user_id = ?"),
            "date_performed_between": Filter("range", "date_performed BETWEEN ? AND ?"),
            "with_timesheet_id": Filter("id", "active_submission_id = ?"),
            "with_recent_timesheet_ids": Filter("ids", "recent_submission_id IN (?)"),
            "in_active_invoice_id": Filter("id", "invoice_id = ?"),
        },
        {
            **EXTERNAL,
            "workspace": Include("workspaces", "workspace_id"),
            "story": Include("stories", "story_id"),
            "user": Include("users", "user_id"),
            "role": Include("roles", "role_id"),
            "invoice": Include("invoices", "invoice_id"),
            "active_submission": Include("timesheet_submissions", "active_submission_id"),
            "recent_submission": Include("timesheet_submissions", "recent_submission_id"),
        },
        orders=("created_at", "updated_at", "date_performed"),
        order="date_performed:desc",
        hidden="workspace_id NOT IN (SELECT id FROM kantata_workspaces WHERE archived = 1)",
        shown_by="from_archived_workspaces",
        indexes=("workspace_id", "date_performed, id", "active_submission_id"),
    ),
    Collection(
        "timesheet_submissions",
        "timesheet_submission",
        "Submission",
        "timesheet",
        (*SUBMISSION_FIELDS, _ids("time_entry_ids", readonly=True)),
        SUBMISSION_FILTERS,
        {
            **EXTERNAL,
            "time_entries": Include("time_entries", "time_entry_ids"),
            "user": Include("users", "user_id"),
            "workspace": Include("workspaces", "workspace_id"),
        },
        orders=("date",),
        order="date:desc",
    ),
    Collection(
        "expenses",
        "expense",
        "Expense",
        "expense",
        (
            Field("date", "date", missing="Please enter a date"),
            Field("category", missing="Please select a category"),
            Field("expense_category_id", "id"),
            Field("amount_in_cents", "int", missing="Please enter an amount"),
            *LINE_FIELDS,
            Field("quantity", "int", 1),
            Field("unit_price_in_cents", "int"),
            _flag("reimbursable"),
            _flag("is_billable", True),
            Field("receipt_id", "id"),
            Field("vendor"),
        ),
        {**BY_WORKSPACE, **LINE_STATES, "billable": Filter("bool", "is_billable = ?")},
        {
            **EXTERNAL,
            "workspace": Include("workspaces", "workspace_id"),
            "user": Include("users", "user_id"),
            "active_submission": Include("expense_report_submissions", "active_submission_id"),
        },
        orders=("created_at", "updated_at", "date"),
        order="date:desc",
        hidden="workspace_id NOT IN (SELECT id FROM kantata_workspaces WHERE archived = 1)",
        shown_by="from_archived_workspaces",
        indexes=("workspace_id",),
    ),
    Collection(
        "expense_report_submissions",
        "expense_report_submission",
        "ExpenseReportSubmission",
        "expense_report",
        (*SUBMISSION_FIELDS, _ids("expense_ids", readonly=True)),
        SUBMISSION_FILTERS,
        {
            **EXTERNAL,
            "expenses": Include("expenses", "expense_ids"),
            "user": Include("users", "user_id"),
            "workspace": Include("workspaces", "workspace_id"),
        },
        orders=("date",),
        order="date:desc",
    ),
    Collection(
        "billing_milestones",
        "billing_milestone",
        "BillingMilestone",
        "billing_milestone",
        (
            Field("title", missing="Please enter a title"),
            _id("workspace_id", "workspaces", missing="Please select a project"),
            Field("amount_in_cents", "int", missing="Please enter an amount"),
            CURRENCY,
            Field("date_to_invoice", "date"),
            _id("story_id", "stories"),
            Field("billing_type"),
            _ids("invoice_ids", readonly=True),
            REFERENCES,
        ),
        BY_WORKSPACE,
        {
            **EXTERNAL,
            "workspace": Include("workspaces", "workspace_id"),
            "story": Include("stories", "story_id"),
            "invoices": Include("invoices", "invoice_ids"),
        },
    ),
    Collection("rate_card_sets", "rate_card_set", "RateCardSet", "rate_card_set", (TITLE, REFERENCES), {}, EXTERNAL),
    Collection(
        "rate_cards",
        "rate_card",
        "RateCard",
        "rate_card",
        (TITLE, CURRENCY, _id("rate_card_set_id", "rate_card_sets"), _flag("archived"), REFERENCES),
        {"rate_card_set_ids": Filter("ids", "rate_card_set_id IN (?)")},
        {**EXTERNAL, "rate_card_versions": Include("rate_card_versions", back="rate_card_id")},
    ),
    Collection(
        "rate_card_set_versions",
        "rate_card_set_version",
        "RateCardSetVersion",
        "rate_card_set_version",
        (
            _id("rate_card_set_id", "rate_card_sets", missing="Please select a rate card set"),
            Field("effective_date", "date", missing="Please enter an effective date"),
        ),
        {"rate_card_set_id": Filter("id", "rate_card_set_id = ?")},
        {},
    ),
    Collection(
        "rate_card_versions",
        "rate_card_version",
        "RateCardVersion",
        "rate_card_version",
        (
            _id("rate_card_id", "rate_cards", missing="Please select a rate card"),
            _id("rate_card_set_version_id", "rate_card_set_versions"),
            Field("effective_date", "date"),
            Field("default_rate", "int", 0),
        ),
        {"rate_card_id": Filter("id", "rate_card_id = ?"), "rate_card_ids": Filter("ids", "rate_card_id IN (?)")},
        {
            "rate_card": Include("rate_cards", "rate_card_id"),
            "rate_card_roles": Include("rate_card_roles", back="rate_card_version_id"),
        },
    ),
    Collection(
        "rate_card_roles",
        "rate_card_role",
        "RateCardRole",
        "rate_card_role",
        (
            _id("rate_card_version_id", "rate_card_versions", missing="Please select a rate card version"),
            _id("role_id", "roles", missing="Please select a role"),
            Field("rate", "int", missing="Please enter a rate"),
        ),
        {
            "rate_card_version_id": Filter("id", "rate_card_version_id = ?"),
            "rate_card_version_ids": Filter("ids", "rate_card_version_id IN (?)"),
        },
        {"role": Include("roles", "role_id")},
    ),
    Collection(
        "invoices",
        "invoice",
        "Invoice",
        "invoice",
        (
            Field("title"),
            Field("message"),
            Field("invoice_date", "date"),
            Field("due_date", "date"),
            CURRENCY,
            Field("purchase_order"),
            Field("project_code"),
            _flag("draft", True),
            Field("status", default="not sent", readonly=True),
            Field("total_in_cents", "int", 0, readonly=True),
            Field("balance_in_cents", "int", 0, readonly=True),
            _ids("workspace_ids", "workspaces"),
            _ids("time_entry_ids", "time_entries"),
            _ids("expense_ids", "expenses"),
            _ids("billing_milestone_ids", "billing_milestones"),
            REFERENCES,
        ),
        {"status": Filter("texts", "status IN (?)")},
        {
            **EXTERNAL,
            "workspaces": Include("workspaces", "workspace_ids"),
            "time_entries": Include("time_entries", "time_entry_ids"),
            "expenses": Include("expenses", "expense_ids"),
        },
        orders=("created_at", "updated_at", "invoice_date"),
    ),
    Collection(
        "external_references",
        "external_reference",
        "ExternalReference",
        "external_reference",
        (
            Field("service_name", missing="Please enter a service name"),
            Field("service_model", missing="Please enter a service model"),
            Field("service_model_ref", missing="Please enter a service model ref"),
            Field("subject_type", missing="Please enter a subject type"),
            Field("subject_id", "id", missing="Please enter a subject id"),
            Field("status", default="successful", values=("pending", "successful", "failed")),
            Field("external_status"),
            Field("external_message"),
            Field("external_link"),
            _flag("locked"),
            Field("last_synced_at", readonly=True),
        ),
        {
            name: Filter("text", f"{name} = ?")
            for name in (
                "subject_type",
                "service_name",
                "service_model",
                "service_model_ref",
                "status",
                "external_status",
                "external_message",
            )
        }
        | {"subject_id": Filter("id", "subject_id = ?")},
        {"subject": Include("", back="subject_of")},
        orders=("created_at", "updated_at", "last_synced_at"),
        order="last_synced_at:desc",
        indexes=("subject_type, subject_id", "service_name, service_model_ref"),
    ),
    Collection(
        "subscribed_events",
        "subscribed_event",
        "SubscribedEvent",
        "",
        (Field("event_id", "id"), Field("event_type"), Field("subject_type"), Field("subject_id", "id")),
        {"event_types": Filter("texts", "event_type IN (?)"), "subject_id": Filter("id", "subject_id = ?")},
        {"subject": Include("", back="subject_of")},
        orders=("created_at",),
    ),
)

COLLECTIONS = {collection.name: collection for collection in _ALL}
SUBJECTS = {collection.subject: collection for collection in _ALL}

STATUSES = {
    100: ("grey", "Estimate"),
    200: ("light", "Not Started"),
    300: ("green", "Active"),
    400: ("yellow", "At Risk"),
    500: ("red", "On Hold"),
    600: ("blue", "Done"),
    700: ("grey", "Cancelled"),
}
"""Project statuses by key; every account names its own, so read the message, not the number."""
