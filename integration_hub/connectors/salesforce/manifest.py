"""What the Salesforce connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.force.settings import LIMITS, RECYCLE_BIN, SETTINGS, UNCONFIRMED
from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting, WriteSpec
from integration_hub.connectors.salesforce.defaults import OBJECTS
from integration_hub.connectors.traits import Trait

CONTRACT_STATUS = "salesforce.contract.status"
AMENDMENT_STATUS = "salesforce.amendment.status"


def _feed(entity: str, title: str, weight: int) -> FeedSpec:
    name = OBJECTS[entity]
    return FeedSpec(entity, title, weight, horizon=RECYCLE_BIN, hint_entities=(name, name.removesuffix("__c").lower()))


MANIFEST = Manifest(
    vendor="salesforce",
    title="Salesforce",
    role="crm",
    feeds=(
        _feed("customer", "Accounts", 10),
        _feed("opportunity", "Opportunities", 20),
        _feed("contract", "Contracts", 30),
        _feed("contract_line", "Contract lines", 40),
        _feed("rate_item", "Rate items", 50),
        _feed("milestone_term", "Milestone terms", 50),
        _feed("amendment", "Contract amendments", 60),
    ),
    writes=(
        WriteSpec(CONTRACT_STATUS, "Status and amounts on the contract", "U"),
        WriteSpec(AMENDMENT_STATUS, "Status on the amendment", "U"),
    ),
    settings=(
        *SETTINGS,
        Setting(
            "objects",
            "Objects by entity, where the org renamed them",
            required=False,
            help="A JSON object.",
            table=True,
        ),
        Setting(
            "status_fields", "Fields that take what is written back", required=False, help="A JSON object.", table=True
        ),
    ),
    budget=Limits(outside=5),
    limits=LIMITS,
    webhook="Optional hint with a signed body; records are always read again by their stamp.",
    scopes="OAuth scope api; read on the mapped objects, edit on the fields written back.",
    unconfirmed=UNCONFIRMED,
    without={
        Trait.APPROVALS: "The CRM keeps no time.",
        Trait.WINDOWS: "A status is written at any time.",
        Trait.PREFLIGHT: "There is no window to ask about.",
        Trait.UNDO: "A status is written over by the next one.",
    },
)
