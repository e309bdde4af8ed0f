"""What the Tryton connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import Editable, FeedSpec, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

INVOICE_POST = "tryton.invoice.post"
CREDIT_POST = "tryton.creditmemo.post"
JOURNAL_POST = "tryton.journal.post"

_DOCUMENT = (
    Editable("po_number", "Customer's order number", longest=200),
    Editable("memo", "Memo", longest=999),
    Editable("payment_terms", "Payment terms", roles=("finance",)),
    Editable("lines[].description", "Description", required=True, longest=999),
)
_FIGURES = Figures(net="net", tax="tax_total", gross="gross", date="invoice_date")

MANIFEST = Manifest(
    vendor="tryton",
    title="Tryton",
    role="erp",
    feeds=(
        FeedSpec("legal_entity", "Companies", 10, every_seconds=300),
        FeedSpec("payment_term", "Payment terms", 10, every_seconds=300),
        FeedSpec("accounting_period", "Periods", 20),
        FeedSpec("customer_account", "Parties", 20),
        FeedSpec("invoice", "Customer invoices", 40),
        FeedSpec("payment", "Payment lines", 50),
        FeedSpec("credit_memo", "Credit notes", 50),
        FeedSpec("payable", "What people are owed", 50),
    ),
    writes=(
        WriteSpec(INVOICE_POST, "Invoice posted", "P", editable=_DOCUMENT, figures=_FIGURES),
        WriteSpec(CREDIT_POST, "Credit note posted", "P", editable=_DOCUMENT, figures=_FIGURES),
        WriteSpec(
            JOURNAL_POST,
            "Journal posted",
            "P",
            editable=(Editable("memo", "Memo", longest=999),),
            figures=Figures(net="total", date="accounting_date"),
        ),
    ),
    settings=(
        Setting("login", "Login of the integration user", secret=True),
        Setting("password", "Its password", secret=True),
        Setting("database", "Name of the Tryton database"),
        Setting("company", "Code of the company's party", help="A connection serves one company."),
        Setting("revenue_account", "Code of the revenue account of invoice lines"),
        Setting(
            "revenue_accounts",
            "Codes by kind of line, where they differ",
            required=False,
            help="A JSON object.",
            table=True,
        ),
        Setting("tax_account", "Code of the account that takes the tax"),
        Setting("tax_name", "What a tax line says", required=False, default="Tax"),
        Setting("receivable_account", "Code of the receivable account of parties without their own"),
        Setting("journal", "Code of the journal of invoices", required=False, default="REV"),
        Setting("cost_journal", "Code of the journal of cost journals", required=False, default="MISC"),
        Setting("price_digits", "Decimals Tryton keeps of a unit price", required=False, default="4"),
        Setting("page_size", "Rows per page, up to 500", required=False, default="500"),
    ),
    budget=Limits(concurrency=4),
    limits="None of its own; a proxy in front of it may answer 429 or 503. Wrong passwords are slowed down, then 429.",
    windows="Periods and the journals in them; numbers of a sequence follow the dates of its documents.",
    webhook="None.",
    scopes="The group Accounting in the company; nothing else.",
    unconfirmed=("Closed periods and the order of dates are told in words: they are recognised in English.",),
    without={
        Trait.DELETIONS: "Its lists do not name what was deleted; counting and rolls find it.",
        Trait.APPROVALS: "The ERP is not read for time.",
        Trait.QUOTA: "It has none.",
        Trait.UNDO: "What is posted stays; a credit note takes it back.",
    },
)
