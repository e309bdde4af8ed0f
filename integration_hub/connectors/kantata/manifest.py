"""What the Kantata connector reads and writes and what an administrator sets up."""

from datetime import timedelta

from integration_hub.connectors.registry import FeedSpec, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

PROJECT_CREATE = "kantata.project.create"
PROJECT_ARCHIVE = "kantata.project.archive"
RATECARD_UPSERT = "kantata.ratecard.upsert"
INVOICE_STATUS = "kantata.invoice_status.write"
REIMBURSEMENT = "kantata.reimbursement.write"
EVENTS_KEPT = timedelta(days=9)
"""How long deletions can be heard of."""

MANIFEST = Manifest(
    vendor="kantata",
    title="Kantata",
    role="psa",
    feeds=(
        FeedSpec("resource", "Users", 10, hint_entities=("users", "user")),
        FeedSpec("project", "Workspaces", 20, hint_entities=("workspaces", "workspace")),
        FeedSpec("task", "Tasks", 30, hint_entities=("stories", "story")),
        FeedSpec("milestone", "Milestones", 30, hint_entities=("stories", "story")),
        FeedSpec("time_entry", "Time entries", 40, horizon=EVENTS_KEPT, hint_entities=("time_entries", "time_entry")),
        FeedSpec(
            "time_approval",
            "Timesheet submissions",
            50,
            hint_entities=("timesheet_submissions", "timesheet", "time_entries"),
        ),
        FeedSpec(
            "expense",
            "Expenses",
            40,
            horizon=EVENTS_KEPT,
            hint_entities=("expenses", "expense", "expense_report_submissions", "expense_report"),
        ),
    ),
    writes=(
        WriteSpec(PROJECT_CREATE, "Project shell with its milestones", "P", undo=PROJECT_ARCHIVE),
        WriteSpec(PROJECT_ARCHIVE, "Project archived", "P"),
        WriteSpec(RATECARD_UPSERT, "Rate card of a contract", "P"),
        WriteSpec(INVOICE_STATUS, "Invoice status on the project", "P"),
        WriteSpec(REIMBURSEMENT, "Reimbursement on its expenses", "P"),
    ),
    settings=(
        Setting("token", "Access token of the integration user", secret=True),
        Setting("page_size", "Rows per page, up to 200", required=False, default="200"),
        Setting("creator_role", "Side we take in projects: maven or buyer", required=False, default="maven"),
        Setting(
            "submission_order",
            "Order of submissions: date (documented) or updated_at",
            required=False,
            default="date",
        ),
        Setting(
            "acceptance_date",
            "Where a milestone's acceptance date is: due_date (set when accepted), changed, or event (an add-on)",
            required=False,
            default="due_date",
        ),
        Setting(
            "deletions",
            "How deletions are heard of: events (an add-on, kept for nine days) or none",
            required=False,
            default="events",
        ),
    ),
    limits="429 without a wait time, extra limits on workspaces; numbers are unpublished.",
    webhook="No webhooks; a hint from a relay is possible, records are always read again.",
    scopes="The integration user needs account-wide access to projects, time, expenses and rate cards.",
    unconfirmed=(
        "Whether approving moves the entry's updated_at: approvals are their own stream, so either way is fine.",
        "Whether a project may carry several references of one service: invoices use a service name of their own.",
    ),
    without={
        Trait.RENEWS: "Its tokens never run out.",
        Trait.QUOTA: "It publishes no quota, and answers 429 only.",
        Trait.AMOUNTS: "Amounts written to it are rates of a card and notes on a project.",
        Trait.WINDOWS: "The PSA has no accounting periods.",
        Trait.PREFLIGHT: "There is no window to ask about.",
    },
)
