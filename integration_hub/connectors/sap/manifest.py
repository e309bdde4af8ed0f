"""What the SAP S/4HANA Cloud connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import Editable, FeedSpec, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

CUSTOMER_UPSERT = "sap.customer.upsert"
JOB_UPSERT = "sap.job.upsert"
JOB_INACTIVATE = "sap.job.inactivate"
INVOICE_POST = "sap.invoice.post"
CREDIT_POST = "sap.creditmemo.post"
JOURNAL_POST = "sap.journal.post"

LONGEST_TEXT = 50
"""Characters of the text of a journal item."""
_DOCUMENT = (
    Editable("po_number", "Customer's order number", longest=35),
    Editable("memo", "Memo", longest=1000),
    Editable("lines[].description", "Description", required=True, longest=1000),
)
_FIGURES = Figures(net="net", tax="tax_total", gross="gross", date="invoice_date")

MANIFEST = Manifest(
    vendor="sap",
    title="SAP S/4HANA Cloud",
    role="erp",
    feeds=(
        FeedSpec("legal_entity", "Company codes", 10, every_seconds=300),
        FeedSpec("customer_account", "Customers", 20),
        FeedSpec("invoice", "Billing documents", 40),
        FeedSpec("payment", "Incoming payments", 50),
        FeedSpec("credit_memo", "Credit memos", 50),
    ),
    writes=(
        WriteSpec(
            CUSTOMER_UPSERT,
            "Customer made or renamed",
            "U",
            editable=(Editable("name", "Name", required=True, longest=80),),
        ),
        WriteSpec(JOB_UPSERT, "Project of a contract", "U", undo=JOB_INACTIVATE),
        WriteSpec(JOB_INACTIVATE, "Project completed", "U"),
        WriteSpec(INVOICE_POST, "Invoice posted", "P", editable=_DOCUMENT, figures=_FIGURES),
        WriteSpec(CREDIT_POST, "Credit memo posted", "P", editable=_DOCUMENT, figures=_FIGURES),
        WriteSpec(
            JOURNAL_POST,
            "Journal entry posted",
            "P",
            editable=(Editable("memo", "Memo", longest=LONGEST_TEXT),),
            figures=Figures(net="total", date="accounting_date"),
        ),
    ),
    settings=(
        Setting("user", "Communication user", secret=True),
        Setting("password", "Its password", secret=True),
        Setting("product", "Product of invoice lines", help="SAP finds the revenue account by it."),
        Setting(
            "products",
            "Products by kind of line, where they differ",
            required=False,
            help="A JSON object.",
            table=True,
        ),
        Setting(
            "sales_areas",
            "Sales areas by company code, where they are not <company>/10/00",
            required=False,
            help='A JSON object, such as {"US01": "1710/10/00"}.',
            table=True,
        ),
        Setting(
            "companies",
            "Company codes this connection is for",
            required=False,
            help="Codes with commas between; empty for all the user sees.",
        ),
        Setting("logical_system", "Logical system of our documents", required=False, default="THROUGHLINE"),
        Setting("partner_grouping", "Grouping of new business partners", required=False, default="BP02"),
        Setting("receivable_account", "Reconciliation account of new customers", required=False, default="12100000"),
        Setting("project_type", "Type of new projects", required=False, default="10"),
        Setting("project_profile", "Profile of new projects", required=False, default="YP03"),
        Setting("status_open", "Status of a project that is worked on", required=False, default="10"),
        Setting("status_closed", "Status of a project that is over", required=False, default="40"),
        Setting("invoice_type", "Type of billing document requests for invoices", required=False, default="FDR1"),
        Setting("credit_type", "Type of those for credit memos", required=False, default="CDR1"),
        Setting("journal_type", "Document type of journal entries", required=False, default="SA"),
        Setting("payment_types", "Document types of incoming payments", required=False, default="DZ"),
        Setting(
            "journal_service",
            "How journal entries are posted: confirmed or bulk",
            required=False,
            default="confirmed",
            help="Confirmed is answered with the document or the reason; bulk is only taken, and read later.",
        ),
        Setting(
            "message_minutes",
            "Minutes before a message that was taken is sent again",
            required=False,
            default="60",
            help="What SAP took and does not show yet may still wait in its queue.",
        ),
        Setting("page_size", "Rows per page", required=False, default="1000"),
        Setting(
            "names",
            "Names of services, sets, fields and functions where they differ",
            required=False,
            help='A JSON object: the name the README uses to that of the tenant, or to "-" for a field it lacks.',
            table=True,
        ),
        Setting(
            "closed_words",
            "What a refusal for a closed period says",
            required=False,
            help="A regular expression, beside message F5 201 and its English wording.",
        ),
    ),
    budget=Limits(concurrency=4),
    limits="Not published: 429 is possible, and 503 during upgrades.",
    windows="Posting periods per company code and type of account: receivables may be open while the ledger is closed.",
    webhook="None is taken: events go to a broker, and name keys only. The feeds are polled.",
    scopes="Communication arrangements SAP_COM_0008 (business partners), SAP_COM_0308 (enterprise projects), "
    "SAP_COM_0176 (billing document requests), SAP_COM_0002 (journal entries), and those that read billing documents, "
    "journal entry items and company codes.",
    unconfirmed=(
        "The names of company codes and of fields the README lists, and of services by their version: setting `names`.",
        "The elements of a billing document request, and what types it has: settings `invoice_type`, `credit_type`.",
        "The statuses of a project: settings `status_open` and `status_closed`.",
        "The wording of a closed period: setting `closed_words`.",
        "Whether SAP refuses a reference document twice: it is looked for before each posting, and not relied on.",
        "How long a message may wait in a queue: setting `message_minutes`.",
    ),
    without={
        Trait.DELETIONS: "Its lists do not name what was deleted; counting and rolls find it.",
        Trait.APPROVALS: "The ERP is not read for time.",
        Trait.RENEWS: "User and password of the communication user are sent with every call.",
        Trait.QUOTA: "No quota is published.",
        Trait.PREFLIGHT: "No service tells which posting periods are open; the refusal of a posting does.",
    },
)
