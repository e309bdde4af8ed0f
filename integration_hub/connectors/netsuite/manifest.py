"""What the NetSuite connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import Editable, FeedSpec, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

JOB_UPSERT = "netsuite.job.upsert"
JOB_INACTIVATE = "netsuite.job.inactivate"
INVOICE_POST = "netsuite.invoice.post"
CREDIT_POST = "netsuite.creditmemo.post"
JOURNAL_POST = "netsuite.journal.post"

MANIFEST = Manifest(
    vendor="netsuite",
    title="NetSuite",
    role="erp",
    feeds=(
        FeedSpec("legal_entity", "Subsidiaries", 10, every_seconds=300, hint_entities=("subsidiary",)),
        FeedSpec("payment_term", "Terms", 10, every_seconds=300, hint_entities=("term",)),
        FeedSpec("accounting_period", "Accounting periods", 20, hint_entities=("accountingPeriod", "accountingperiod")),
        FeedSpec("customer_account", "Customers", 20, hint_entities=("customer",)),
        FeedSpec("invoice", "Invoices", 40, hint_entities=("invoice",)),
        FeedSpec("payment", "Customer payments", 50, hint_entities=("customerPayment", "customerpayment")),
        FeedSpec("credit_memo", "Credit memos", 50, hint_entities=("creditMemo", "creditmemo")),
        FeedSpec("payable", "What people are owed", 50, hint_entities=("journalEntry", "journalentry")),
    ),
    writes=(
        WriteSpec(JOB_UPSERT, "Job of a contract", "U", undo=JOB_INACTIVATE),
        WriteSpec(JOB_INACTIVATE, "Job made inactive", "U"),
        WriteSpec(
            INVOICE_POST,
            "Invoice posted",
            "U",
            editable=(
                Editable("po_number", "Customer's order number", longest=45),
                Editable("memo", "Memo", longest=999),
                Editable("payment_terms", "Payment terms", roles=("finance",)),
                Editable("job_reference", "Job", roles=("finance",)),
                Editable("lines[].description", "Description", required=True, longest=999),
            ),
            figures=Figures(net="net", tax="tax_total", gross="gross", date="invoice_date"),
        ),
        WriteSpec(
            CREDIT_POST,
            "Credit memo posted",
            "U",
            editable=(
                Editable("po_number", "Customer's order number", longest=45),
                Editable("memo", "Memo", longest=999),
                Editable("lines[].description", "Description", required=True, longest=999),
            ),
            figures=Figures(net="net", tax="tax_total", gross="gross", date="invoice_date"),
        ),
        WriteSpec(
            JOURNAL_POST,
            "Journal posted",
            "U",
            editable=(Editable("memo", "Memo", longest=999),),
            figures=Figures(net="total", date="accounting_date"),
        ),
    ),
    settings=(
        Setting("client_id", "Client id of the integration record", secret=True),
        Setting("private_key", "PEM private key of the certificate", secret=True),
        Setting("certificate_id", "Certificate id of the M2M mapping"),
        Setting("algorithm", "PS256 or ES256", default="PS256"),
        Setting("page_size", "Rows per page, up to 1000", required=False, default="1000"),
        Setting("time_zone", "Time zone of the integration user", required=False, default="UTC"),
        Setting("item", "Internal id of the item on invoice lines", default="1"),
        Setting("items", "Items by kind of line, where they differ", required=False, help="A JSON object.", table=True),
        Setting("tax_code", "Tax code on tax details", required=False, default="AVATAX"),
        Setting("tax_type", "Tax type on tax details", required=False, default="SALES"),
        Setting(
            "line_reference_field",
            "Custom column that takes our line reference; - for none",
            required=False,
            default="custcol_hub_line",
        ),
    ),
    budget=Limits(concurrency=4),
    limits="Concurrency per account, shared with all integrations; above it 429.",
    windows="Accounting periods and their AR lock; a lock of one subsidiary shows only when posting.",
    webhook="No signed webhook of its own; a hint from a user-event script is possible.",
    scopes="rest_webservices; Invoice, Credit Memo, Journal Entry, Job, Customer, Employee, SuiteAnalytics Workbook, "
    "periods (view). SuiteTax.",
    unconfirmed=(
        "REST tells a closed period as USER_ERROR in words: they are recognised in English.",
        "What is open of a journal's payable is read from its accounting line; paying it should move its stamp.",
        "SuiteQL stamps are taken to be in the time zone of the integration user.",
    ),
    without={
        Trait.DELETIONS: "SuiteQL does not list what was deleted; counting and rolls find it.",
        Trait.APPROVALS: "The ERP is not read for time.",
        Trait.QUOTA: "It limits calls at once, not calls a day.",
    },
)
