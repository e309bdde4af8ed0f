"""What the Stripe connector reads and writes and what an administrator sets up."""

from datetime import timedelta

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import Editable, FeedSpec, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

CUSTOMER_UPSERT = "stripe.customer.upsert"
INVOICE_POST = "stripe.invoice.post"
CREDIT_POST = "stripe.creditmemo.post"

HORIZON = timedelta(days=30)
"""How long Stripe keeps events."""
_FIGURES = Figures(net="net", tax="tax_total", gross="gross", date="invoice_date")

MANIFEST = Manifest(
    vendor="stripe",
    title="Stripe",
    role="billing",
    feeds=(
        FeedSpec("legal_entity", "Account", 10, every_seconds=300),
        FeedSpec("payment_term", "Terms of the connection", 10, every_seconds=300),
        FeedSpec("customer_account", "Customers", 20, horizon=HORIZON, hint_entities=("customer",)),
        FeedSpec("invoice", "Invoices", 40, horizon=HORIZON, hint_entities=("invoice",)),
        FeedSpec("payment", "Invoice payments", 50, horizon=HORIZON, hint_entities=("invoice_payment",)),
        FeedSpec("credit_memo", "Credit notes", 50, horizon=HORIZON, hint_entities=("credit_note",)),
    ),
    writes=(
        WriteSpec(
            CUSTOMER_UPSERT,
            "Customer made or renamed",
            "K",
            editable=(Editable("name", "Name", required=True), Editable("email", "E-mail address", longest=512)),
        ),
        WriteSpec(
            INVOICE_POST,
            "Invoice finalised",
            "K",
            editable=(
                Editable("po_number", "Customer's order number", longest=140),
                Editable("memo", "Memo", longest=500),
                Editable("lines[].description", "Description", required=True, longest=500),
            ),
            figures=_FIGURES,
        ),
        WriteSpec(
            CREDIT_POST,
            "Credit note issued",
            "K",
            editable=(Editable("memo", "Memo", longest=500),),
            figures=_FIGURES,
        ),
    ),
    settings=(
        Setting("api_key", "Secret key, or a restricted key with the permissions below", secret=True),
        Setting("account", "Id of the account, acct_…", help="A connection serves one account."),
        Setting("legal_entity", "Code of the legal entity the account belongs to"),
        Setting(
            "payment_terms", "Days by the name of payment terms", required=False, help="A JSON object.", table=True
        ),
        Setting("tax_name", "What tax is called on an invoice", required=False, default="Tax"),
        Setting("time_zone", "Time zone of the account, for its days", required=False, default="UTC"),
        Setting("page_size", "Rows per page, up to 100", required=False, default="100"),
    ),
    budget=Limits(calls=50, seconds=1, concurrency=10),
    limits="Calls per second and calls at once, per account and mode; above either 429, with the reason in a header. "
    "An object that somebody else is changing answers 409 lock_timeout.",
    windows="No accounting periods. A finalised invoice does not change any more; a credit note takes it back.",
    webhook="Stripe-Signature: HMAC-SHA256 over time and raw body, 300 seconds of tolerance; the secret (whsec_…) is "
    "that of the endpoint. What an event carries is never applied: the object is read again.",
    scopes="Read: accounts, customers, invoices, credit notes, events. Write: customers, invoices, credit notes.",
    unconfirmed=(
        "Events are kept for 30 days, results of idempotency keys for 24 hours.",
        "A permission is looked at before the object: so the test of a connection tells what a key may not write.",
        "The limits of calls: an administrator sets those of the account.",
        "A refund apart from a credit note is not read: the invoice stays paid in Stripe as well.",
    ),
    without={
        Trait.ORDER: "Its lists run from the newest to the oldest, and its objects say when they were made, not when "
        "they changed.",
        Trait.APPROVALS: "It is not read for time.",
        Trait.RENEWS: "A key is sent with every call.",
        Trait.QUOTA: "It limits calls a second and calls at once, not calls a day.",
        Trait.WINDOWS: "It has no accounting periods; what is finalised is closed.",
        Trait.PREFLIGHT: "It has no accounting periods; what is finalised is closed.",
        Trait.UNDO: "What is finalised stays; a credit note takes it back.",
    },
)
