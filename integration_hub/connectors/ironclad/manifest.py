"""What the Ironclad connector reads and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting
from integration_hub.connectors.traits import Trait

_NOTHING_WRITTEN = "Nothing is written to it: what is executed there is final."

MANIFEST = Manifest(
    vendor="ironclad",
    title="Ironclad",
    role="clm",
    feeds=(
        FeedSpec("customer", "Counterparties", 10, every_seconds=900, hint_entities=("entity",)),
        FeedSpec("signature", "Workflows in flight", 20, every_seconds=120, hint_entities=("workflow",)),
        FeedSpec("contract", "Executed contracts", 30, hint_entities=("record", "workflow_completed")),
        FeedSpec("amendment", "Executed amendments", 40, hint_entities=("record", "workflow_completed")),
    ),
    writes=(),
    settings=(
        Setting("client_id", "Client id of the OAuth application", secret=True),
        Setting("client_secret", "Client secret of the OAuth application", secret=True),
        Setting("as_user", "E-mail address or id of the user on whose behalf is read",
                help="Ironclad shows what this user may see, and nothing says what is missing."),
        Setting("contract_types", "Record types that are contracts with customers, parted by commas",
                help="As GET /records/metadata names them: masterServicesAgreement,statementOfWork"),
        Setting("amendment_types", "Record types that are amendments of those, parted by commas"),
        Setting("page_size", "Rows per page, up to 100", required=False, default="100"),
    ),
    budget=Limits(calls=300, seconds=60),
    limits="Calls a minute for the whole company, by family: 600 reading records, 400 reading workflows, 40 writing "
    "workflows; above it 429.",
    windows="None.",
    webhook="X-Ironclad-Webhook-Verification: RSA over event id, raw body and nonce; the connection keeps the public "
    "key. An event names a workflow or record, which is read again. Edits of records send none: they are polled.",
    scopes="OAuth scopes public.records.readRecords, public.records.readSchemas, public.entities.readEntities, "
    "public.workflows.readWorkflows.",
    unconfirmed=(
        "The order of what is signed in a webhook: event id, body, nonce, by RSASSA-PKCS1-v1_5 with SHA-256.",
        "Whether lastUpdated includes its instant: each page begins a millisecond before the last row.",
        "Whether 429 names a wait: without one the connection waits by itself.",
        "A record names its counterparty by a property of type reference; the mapping says which.",
        "That the count of a list is of the whole list: of records and workflows yes, of counterparties no.",
    ),
    without={
        Trait.WRITES: _NOTHING_WRITTEN,
        Trait.DELETIONS: "No list tells what was deleted; an executed contract stays here whatever becomes of its "
        "record.",
        Trait.APPROVALS: "It keeps no time.",
        Trait.QUOTA: "It limits the calls of a minute, not those of a day.",
        Trait.LIES: _NOTHING_WRITTEN,
        Trait.REFUSES: _NOTHING_WRITTEN,
        Trait.AMOUNTS: _NOTHING_WRITTEN,
        Trait.WINDOWS: _NOTHING_WRITTEN,
        Trait.PREFLIGHT: "There is no window to ask about.",
        Trait.UNDO: _NOTHING_WRITTEN,
    },
)  # fmt: skip
