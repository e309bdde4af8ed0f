"""What the Clockify connector reads and writes and what an administrator sets up."""

from integration_hub.connectors import tracking
from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting
from integration_hub.connectors.traits import Trait

PROJECT_CREATE = f"clockify.{tracking.CREATE}"
PROJECT_ARCHIVE = f"clockify.{tracking.ARCHIVE}"
INVOICE_STATUS = f"clockify.{tracking.INVOICE}"

MANIFEST = Manifest(
    vendor="clockify",
    title="Clockify",
    role="psa",
    feeds=(
        FeedSpec("resource", "Users", 10, every_seconds=900, hint_entities=("users",)),
        FeedSpec("project", "Projects", 20, every_seconds=300, hint_entities=("projects",)),
        FeedSpec("time_entry", "Time entries", 40, every_seconds=300, hint_entities=("time_entries",)),
        FeedSpec("time_approval", "Approval requests", 50, every_seconds=300, hint_entities=("approval_requests",)),
    ),
    writes=tracking.writes("clockify"),
    settings=(
        Setting("key", "API key of the integration user", secret=True),
        Setting("workspace_id", "Workspace id, as the address of its settings shows it"),
        Setting("page_size", "Rows per page", required=False, default="50"),
    ),
    budget=Limits(calls=50, seconds=1),
    limits="50 calls in a second for a paid workspace; new free ones have 30 in an hour, of all users together.",
    webhook="Records are always read again; its own webhooks have a signature of their own and are not taken yet.",
    scopes="An administrator's key: others see only their own time.",
    unconfirmed=(
        "The order of the lists of changes: they are read to their end and sorted here.",
        "Whether the lists of changes go back to the beginning of a workspace: compare a month before going live.",
        "Whether submitting and approving move an entry: approvals are their own stream, so either way is fine.",
        "Whether the list of approval requests names those that were rejected or withdrawn.",
        "In which zone `start` of a list of changes is read: a day more than needed is asked for.",
        "The largest page.",
    ),
    without={
        Trait.MONEY: "It is read for time, not for money.",
        Trait.COUNTS: "Its lists do not say how many records there are.",
        Trait.RENEWS: "An API key is sent with every call.",
        Trait.QUOTA: "It limits the calls of a second or an hour, not those of a day.",
        Trait.AMOUNTS: "Amounts written to it are words in the note of a project.",
        Trait.WINDOWS: "It locks time of a day, and takes projects and their notes at any time.",
        Trait.PREFLIGHT: "There is no window to ask about.",
    },
)
