"""What the Chargebee connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import Editable, FeedSpec, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

CUSTOMER_UPSERT = "chargebee.customer.upsert"
INVOICE_POST = "chargebee.invoice.post"
CREDIT_POST = "chargebee.creditmemo.post"

_FIGURES = Figures(net="net", tax="tax_total", gross="gross", date="invoice_date")
_LINES = Editable("lines[].description", "Description", required=True, longest=250)

MANIFEST = Manifest(
    vendor="chargebee",
    title="Chargebee",
    role="billing",
    feeds=(
        FeedSpec("legal_entity", "Legal entity of the connection", 10, every_seconds=300),
        FeedSpec("payment_term", "Terms of the connection", 10, every_seconds=300),
        FeedSpec("customer_account", "Customers", 20, hint_entities=("customer",)),
        FeedSpec("invoice", "Invoices", 40, hint_entities=("invoice", "pending")),
        FeedSpec("payment", "Transactions that are payments", 50, hint_entities=("payment", "transaction")),
        FeedSpec("credit_memo", "Credit notes", 50, hint_entities=("credit", "credit_note")),
    ),
    writes=(
        WriteSpec(
            CUSTOMER_UPSERT,
            "Customer made or renamed",
            "K",
            editable=(Editable("name", "Name", required=True), Editable("email", "E-mail address", longest=70)),
        ),
        WriteSpec(
            INVOICE_POST,
            "Invoice imported",
            "K",
            editable=(
                Editable("po_number", "Customer's order number", longest=100),
                Editable("memo", "Memo", longest=500),
                _LINES,
            ),
            figures=_FIGURES,
        ),
        WriteSpec(CREDIT_POST, "Credit note imported", "K", editable=(_LINES,), figures=_FIGURES),
    ),
    settings=(
        Setting("api_key", "API key of the site, with full access", secret=True),
        Setting("site", "Name of the site", help="The first part of its address; a test site ends in -test."),
        Setting("legal_entity", "Code of the legal entity the site belongs to"),
        Setting("currency", "Currency of the legal entity, such as USD"),
        Setting("country", "Country of the legal entity, such as US"),
        Setting(
            "customer_field",
            "Field of customers that holds our customer number, cf_…",
            required=False,
            help="Empty: a customer's id in Chargebee is our number.",
        ),
        Setting(
            "payment_terms", "Days by the name of payment terms", required=False, help="A JSON object.", table=True
        ),
        Setting("reason_code", "Reason code of credit notes, as the site has it", required=False, default="Other"),
        Setting("tax_name", "What tax is called on an invoice", required=False, default="Tax"),
        Setting("time_zone", "Time zone of the site, for its days", required=False, default="UTC"),
        Setting("include_deleted", "Whether lists are asked for what was deleted", required=False, default="yes"),
        Setting("page_size", "Rows per page, up to 100", required=False, default="100"),
    ),
    budget=Limits(calls=100, seconds=60, concurrency=5),
    limits="Calls per minute, by the plan of the site; above it 429 with Retry-After, which is kept.",
    windows="No accounting periods. An imported invoice does not change any more; a credit note takes it back.",
    webhook="HTTP basic authentication on our address, `user:password`; nothing is signed. What an event carries is "
    "never applied: the object is read again.",
    scopes="An API key with full access, or one that reads and writes customers, invoices and credit notes.",
    unconfirmed=(
        "Lists may be sorted by updated_at; include_deleted lists what was deleted (setting include_deleted).",
        "Results of idempotency keys are kept for a day, and a key with another payload is refused.",
        "A right is looked at before the object: so the test of a connection tells whether a key may write.",
        "The limit of calls: an administrator sets that of the site.",
        "Imported credit notes say themselves what is allocated to which invoice.",
        "A delivery of a webhook is tried again for up to three days.",
        "A refund apart from a credit note is not read: the invoice stays paid in Chargebee as well.",
    ),
    without={
        Trait.SIGNS: "Its webhooks carry a password and no signature: they are hints, and read again.",
        Trait.APPROVALS: "It is not read for time.",
        Trait.RENEWS: "A key is sent with every call.",
        Trait.QUOTA: "It limits calls a minute, not calls a day.",
        Trait.WINDOWS: "It has no accounting periods; what is imported is closed.",
        Trait.PREFLIGHT: "It has no accounting periods; what is imported is closed.",
        Trait.UNDO: "What is imported stays; a credit note takes it back.",
    },
)
