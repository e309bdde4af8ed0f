"""What the Dynamics 365 Finance connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import Editable, FeedSpec, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

CUSTOMER_UPSERT = "dynamics.customer.upsert"
JOB_UPSERT = "dynamics.job.upsert"
JOB_INACTIVATE = "dynamics.job.inactivate"
INVOICE_POST = "dynamics.invoice.post"
CREDIT_POST = "dynamics.creditmemo.post"
JOURNAL_POST = "dynamics.journal.post"
POSTINGS = (INVOICE_POST, CREDIT_POST, JOURNAL_POST)

LONGEST_TEXT = 60
"""Characters of the text of a journal and of the name of a project."""
_DOCUMENT = (
    Editable("po_number", "Customer's order number", longest=200),
    Editable("memo", "Memo", longest=1000),
    Editable("lines[].description", "Description", required=True, longest=1000),
)
_FIGURES = Figures(net="net", tax="tax_total", gross="gross", date="invoice_date")
_TERMS = Editable("payment_terms", "Payment terms", roles=("finance",))
_JOB = Editable("job_reference", "Project", roles=("finance",))

MANIFEST = Manifest(
    vendor="dynamics",
    title="Dynamics 365 Finance",
    role="erp",
    feeds=(
        FeedSpec("legal_entity", "Legal entities", 10, every_seconds=300),
        FeedSpec("payment_term", "Terms of payment", 10, every_seconds=300),
        FeedSpec("accounting_period", "Ledger periods", 20),
        FeedSpec("customer_account", "Customers", 20),
        FeedSpec("invoice", "Free-text invoices", 40),
        FeedSpec("payment", "Customer payment journals", 50),
        FeedSpec("credit_memo", "Credit notes", 50),
    ),
    writes=(
        WriteSpec(
            CUSTOMER_UPSERT,
            "Customer made or renamed",
            "U",
            editable=(Editable("name", "Name", required=True, longest=100), Editable("email", "E-mail address")),
        ),
        WriteSpec(JOB_UPSERT, "Project of a contract", "U", undo=JOB_INACTIVATE),
        WriteSpec(JOB_INACTIVATE, "Project finished", "U"),
        WriteSpec(INVOICE_POST, "Invoice posted", "P", editable=(*_DOCUMENT, _TERMS, _JOB), figures=_FIGURES),
        WriteSpec(CREDIT_POST, "Credit note posted", "P", editable=_DOCUMENT, figures=_FIGURES),
        WriteSpec(
            JOURNAL_POST,
            "Journal posted",
            "P",
            editable=(Editable("memo", "Memo", longest=LONGEST_TEXT),),
            figures=Figures(net="total", date="accounting_date"),
        ),
    ),
    settings=(
        Setting("client_id", "Application (client) id of the app registration", secret=True),
        Setting("client_secret", "Its client secret", secret=True),
        Setting("tenant", "Directory (tenant) id"),
        Setting("login_url", "Where the tenant signs in", required=False, default="https://login.microsoftonline.com"),
        Setting(
            "companies",
            "Legal entities this connection is for",
            required=False,
            help="Codes with commas between; empty for all the user sees. Periods are asked of these before posting.",
        ),
        Setting("revenue_account", "Main account of invoice lines"),
        Setting(
            "revenue_accounts",
            "Main accounts by kind of line, where they differ",
            required=False,
            help="A JSON object.",
            table=True,
        ),
        Setting("tax_account", "Main account that takes the tax as it was quoted"),
        Setting("tax_name", "What a tax line says", required=False, default="Sales tax"),
        Setting(
            "dimensions",
            "Segments behind the main account",
            required=False,
            default="department",
            help="In the order of the account structure: department, class, location.",
        ),
        Setting("customer_group", "Customer group of new customers", required=False, default="10"),
        Setting("project_group", "Project group of new projects", required=False, default="TM"),
        Setting("stage_open", "Stage of a project that is worked on", required=False, default="InProcess"),
        Setting("stage_closed", "Stage of a project that is over", required=False, default="Finished"),
        Setting("journal_name", "Name of the journal of costs and revenue", required=False, default="GenJrn"),
        Setting("batch_size", "Lines in one change set", required=False, default="100"),
        Setting("page_size", "Rows per page, up to 10000", required=False, default="1000"),
        Setting(
            "modified_field",
            "Field that says when a row changed; - for none",
            required=False,
            default="ModifiedDateTime",
            help="Without it every reading takes all rows and compares them.",
        ),
        Setting(
            "names",
            "Names of entities, fields and actions where they differ",
            required=False,
            help='A JSON object: the name the README uses to that of the environment, or to "-" for a field it lacks.',
            table=True,
        ),
        Setting(
            "closed_words",
            "What a refusal for a closed period says",
            required=False,
            help="A regular expression, beside the English wording.",
        ),
    ),
    budget=Limits(concurrency=4),
    limits="By the resources of the environment: 429 with Retry-After, sooner for integrations of low priority "
    "(throttling priority mapping). 10,000 rows a page.",
    windows="Ledger periods (open, on hold, permanently closed) per legal entity, and access to them per module.",
    webhook="None is taken: business events carry no signature, are tried three times a second apart and then only "
    "logged. The feeds are polled.",
    scopes="The client id mapped to a user (System administration > Setup > Microsoft Entra applications) who may "
    "maintain customers, projects, free-text invoices and journals, and view legal entities, ledgers and periods.",
    unconfirmed=(
        "The names of free-text invoices, period statuses, vendors and the action that posts: setting `names`.",
        "Whether a data entity exposes when it was modified: setting `modified_field`.",
        "The wording of a closed period: setting `closed_words`.",
        "How many operations a change set takes: setting `batch_size`.",
        "The stages of a project: settings `stage_open` and `stage_closed`.",
        "Posting may be a batch job: what does not show as posted yet is asked for again.",
        "A credit note is settled by Dynamics with the invoice it corrects.",
    ),
    without={
        Trait.DELETIONS: "Its lists do not name what was deleted; counting and rolls find it.",
        Trait.APPROVALS: "The ERP is not read for time.",
        Trait.QUOTA: "It is limited by the resources of the environment, not by calls a day.",
    },
)
