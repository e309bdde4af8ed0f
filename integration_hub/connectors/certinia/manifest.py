"""What the Certinia connector reads and writes and what an administrator sets up."""

from integration_hub.connectors import tracking
from integration_hub.connectors.certinia.client import KEY
from integration_hub.connectors.force.settings import LIMITS, RECYCLE_BIN, SETTINGS, UNCONFIRMED
from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

PROJECT_CREATE = f"certinia.{tracking.CREATE}"
PROJECT_ARCHIVE = f"certinia.{tracking.ARCHIVE}"
INVOICE_STATUS = f"certinia.{tracking.INVOICE}"


def _feed(entity: str, title: str, weight: int, seconds: int, *names: str) -> FeedSpec:
    """Every reading takes calls from a quota that the whole org shares, so what moves little is read less often."""
    hints = (*names, *(name.removesuffix("__c").lower() for name in names))
    return FeedSpec(entity, title, weight, seconds, horizon=RECYCLE_BIN, hint_entities=hints)


MANIFEST = Manifest(
    vendor="certinia",
    title="Certinia PSA",
    role="psa",
    feeds=(
        _feed("resource", "Resources", 10, 900, "Contact"),
        _feed("project", "Projects", 20, 300, "pse__Proj__c"),
        _feed("task", "Assignments", 30, 300, "pse__Assignment__c"),
        _feed("milestone", "Milestones", 30, 300, "pse__Milestone__c"),
        _feed("time_entry", "Days of timecards", 40, 120, "pse__Timecard_Header__c", "pse__Timecard__c"),
        _feed("time_approval", "Timecards", 50, 120, "pse__Timecard_Header__c"),
        _feed("expense", "Expenses", 40, 300, "pse__Expense__c", "pse__Expense_Report__c"),
    ),
    writes=(
        WriteSpec(PROJECT_CREATE, "Project shell with its milestones", "U", undo=PROJECT_ARCHIVE),
        WriteSpec(PROJECT_ARCHIVE, "Project set inactive", "U"),
        WriteSpec(INVOICE_STATUS, "Invoice as a billing event of the project", "U"),
    ),
    settings=(
        *SETTINGS,
        Setting("key_field", "Field for our references", required=False, default=KEY,
                help="On projects, milestones and billing events: a text that is an external id and unique."),
        Setting("resource_flag", "Field that says which contacts are resources", required=False,
                default="pse__Is_Resource__c", help="A hyphen: all contacts are."),
        Setting("multi_currency", "Whether the org keeps several currencies", required=False, default="yes",
                help="yes or no; with one currency, records carry none."),
        Setting("project_fields", "What each new project has besides", required=False, table=True,
                help='A JSON object of fields and values, such as {"pse__Region__c": "a0R5e000001XyZa"}.'),
        Setting("invoice_fields", "Fields of billing events for status and amount", required=False, table=True,
                help='A JSON object: {"status": "Hub_Status__c", "amount": "Hub_Amount__c"} unless it says otherwise.'),
    ),
    budget=Limits(outside=5),
    limits=f"{LIMITS} The package's triggers run on every write: at most 50 records go in one call.",
    webhook="Optional hint with a signed body; records are always read again by their stamp.",
    scopes="OAuth scope api, a licence of the package; read on its objects and on contacts and accounts, edit on"
    " projects, milestones and billing events.",
    unconfirmed=(
        *UNCONFIRMED,
        "Which fields mark resources and active projects, and statuses of milestones: mapping and settings name them.",
        "How many records of the package one call takes before its triggers give up: 50 are sent at most.",
        "Whether deciding on a report changes its expenses: reports are asked beside them, so either way is fine.",
    ),
    without={
        Trait.WINDOWS: "Projects and billing events are written at any time.",
        Trait.PREFLIGHT: "There is no window to ask about.",
    },
)  # fmt: skip
