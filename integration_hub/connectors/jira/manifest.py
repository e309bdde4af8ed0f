"""What the Jira connector reads and writes and what an administrator sets up."""

from integration_hub.connectors import tracking
from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

INVOICE_STATUS = f"jira.{tracking.INVOICE}"
PERMISSIONS = {
    "BROWSE_PROJECTS": "Browse projects",
    "USER_PICKER": "Browse users and groups",
    "ADMINISTER_PROJECTS": "Administer projects",
}
"""What the integration user needs, by Jira's names."""

MANIFEST = Manifest(
    vendor="jira",
    title="Jira with Tempo",
    role="psa",
    feeds=(
        FeedSpec("resource", "Users", 10, every_seconds=900, hint_entities=("user",)),
        FeedSpec("project", "Projects", 20, every_seconds=900, hint_entities=("project",)),
        FeedSpec("task", "Issues", 30, every_seconds=300, hint_entities=("issue",)),
        FeedSpec("time_entry", "Worklogs", 40, every_seconds=120, hint_entities=("worklog",)),
        FeedSpec("time_approval", "Timesheets", 50, every_seconds=300, hint_entities=("timesheet", "worklog")),
    ),
    writes=(WriteSpec(INVOICE_STATUS, "Invoice reference as a property of the project", "P"),),
    settings=(
        Setting("email", "E-mail address of the integration user", secret=True),
        Setting("api_token", "Atlassian API token of that user", secret=True),
        Setting("tempo_token", "Tempo API token of that user", secret=True),
        Setting("tempo_url", "Address of Tempo", required=False, default="https://api.tempo.io"),
        Setting("page_size", "Worklogs asked for at once, up to 1000", required=False, default="1000"),
        Setting("hours", "Hours that count: billable (as Tempo has them) or spent", required=False, default="billable"),
        Setting("approval_days", "Days back in which timesheets are looked at", required=False, default="62"),
        Setting("approval_first_days", "The same, for the first reading", required=False, default="400"),
    ),
    budget=Limits(calls=50, seconds=1),
    limits="Bursts per endpoint, writes to one issue, and points by the hour for apps; API tokens spend no points.",
    webhook="Records are always read again; Jira's own webhooks say little of worklogs, and run out after 30 days.",
    scopes="Jira: Browse projects, Browse users and groups, Administer projects (for properties)."
    " Tempo: view worklogs, approvals, periods, teams and accounts.",
    unconfirmed=(
        "In which zone a search reads `updated`: the user's, as far as is known; the overlap must cover a difference.",
        "Whether a change in Tempo moves Jira's stamp: Tempo is asked beside it, so either way is fine.",
        "Whether deciding on a timesheet moves its worklogs: timesheets are their own stream, so either way is fine.",
        "The names of Tempo's scopes, its limits, the state REJECTED, and the shape of account links.",
        "Whether a search with the changes of an issue always has the last move among them.",
    ),
    without={
        Trait.MONEY: "It is read for time, not for money.",
        Trait.COUNTS: "Neither counts work: Jira tells ids of changes, Tempo the rows of a page.",
        Trait.RENEWS: "API tokens are sent with every call.",
        Trait.WINDOWS: "Tempo locks time of a period, and Jira takes properties at any time.",
        Trait.PREFLIGHT: "There is no window to ask about.",
        Trait.UNDO: "A property says what became of an invoice; the next state takes its place.",
    },
)
