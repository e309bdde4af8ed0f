"""What the Harvest connector reads and writes and what an administrator sets up."""

from integration_hub.connectors import tracking
from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting
from integration_hub.connectors.traits import Trait

PROJECT_CREATE = f"harvest.{tracking.CREATE}"
PROJECT_ARCHIVE = f"harvest.{tracking.ARCHIVE}"
INVOICE_STATUS = f"harvest.{tracking.INVOICE}"

MANIFEST = Manifest(
    vendor="harvest",
    title="Harvest",
    role="psa",
    feeds=(
        FeedSpec("resource", "Users", 10, every_seconds=300, hint_entities=("users",)),
        FeedSpec("project", "Projects", 20, hint_entities=("projects",)),
        FeedSpec("task", "Task assignments", 30, every_seconds=300, hint_entities=("task_assignments",)),
        FeedSpec("time_entry", "Time entries", 40, hint_entities=("time_entries",)),
        FeedSpec("expense", "Expenses", 40, every_seconds=300, hint_entities=("expenses",)),
    ),
    writes=tracking.writes("harvest"),
    settings=(
        Setting("token", "Personal access token of the integration user", secret=True),
        Setting("account_id", "Account id, as the token's page shows it"),
        Setting("contact", "E-mail address Harvest may write to about our calls"),
        Setting("page_size", "Rows per page, up to 2000", required=False, default="2000"),
        Setting("hours", "Hours that count: rounded (as Harvest invoices them) or exact", required=False,
                default="rounded"),
        Setting("approval_days", "Days back in which approvals are looked for", required=False, default="45"),
        Setting("approval_seconds", "Seconds between two looks for approvals", required=False, default="900"),
        Setting("whole_days", "Days between two readings of the whole list, which tell what was deleted",
                required=False, default="7"),
    ),
    budget=Limits(calls=100, seconds=15),
    limits="100 calls in 15 seconds; more answer 429 with the seconds to wait.",
    webhook="None. A hint from a relay is possible; records are always read again.",
    scopes="An administrator's token: others see only their own time.",
    unconfirmed=(
        "Whether approving moves updated_at: recent entries are read again at times, so either way is fine.",
        "Whether updated_since includes its instant: each reading goes back behind the last one.",
        "Whether the address of a next page leads on after hours: a reading that is left off goes on with it.",
    ),
    without={
        Trait.ORDER: "Lists are in the order of days and ids: a reading moves its mark when a list is over.",
        Trait.DELETIONS: "No list tells what was deleted; the whole list, read at times, shows what is gone.",
        Trait.APPROVALS: "Entries carry their approval themselves: those of recent days are read again.",
        Trait.RENEWS: "A personal access token is sent with every call.",
        Trait.QUOTA: "It limits the calls of 15 seconds, not those of a day.",
        Trait.AMOUNTS: "Amounts written to it are words in the notes of a project.",
        Trait.WINDOWS: "It locks time of a day, and takes projects and their notes at any time.",
        Trait.PREFLIGHT: "There is no window to ask about.",
    },
)  # fmt: skip
