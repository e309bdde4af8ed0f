"""Which screens are pictured, who looks at them, how they are reached, and what each is for."""

from dataclasses import dataclass

DARK, NARROW = "dark", "narrow"
BOTH = (DARK, NARROW)


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture. `path` is opened as `person`; `row` then follows the first row that holds this text."""

    slug: str
    title: str
    purpose: str
    person: str
    path: str
    row: str | None = None
    tail: str = ""
    """Appended to the address that was reached: a tab or another depth."""
    ready: str = ""
    """What must be on the page before it is pictured, where a script draws it."""
    also: tuple[str, ...] = ()
    """Variants beside the light wide one."""

    @property
    def names(self) -> list[str]:
        """Names of its pictures, without the ending."""
        return [self.slug, *(f"{self.slug}-{variant}" for variant in self.also)]


HOMES = (
    Screen("sign-in", "Sign in", "The way in; five wrong passwords make it wait.", "", "/sign-in/", also=BOTH),
    Screen("home-finance", "Home of finance", "What finance must decide today, oldest and largest first.",
           "fiona", "/", also=BOTH),
    Screen("home-billing-analyst", "Home of the billing analyst", "Candidates that lack something, rejected invoices.",
           "anna", "/"),
    Screen("home-pmo", "Home of the PMO", "Work that cannot be billed yet, holds, processes that wait.", "paula", "/",
           also=(NARROW,)),
    Screen("home-delivery-lead", "Home of a delivery lead", "Only his legal entity: work, caps, receipts.",
           "derek", "/"),
    Screen("home-integration-admin", "Home of the integration admin", "Connections, refused records, stuck work.",
           "ines", "/"),
    Screen("home-auditor", "Home of the auditor", "Everything to see, nothing to decide.", "aude", "/"),
    Screen("search", "Search", "Any number, id or name of any system.", "fiona", "/search/?q=00000020"),
)  # fmt: skip

CONTRACTS = (
    Screen("contracts", "Contracts", "Every contract with its customer, method, state and dates.", "paula",
           "/contracts/", also=BOTH),
    Screen("contract", "Contract", "How much is agreed, billed, held and left.", "paula", "/contracts/", "00000020",
           also=BOTH),
    Screen("contract-lines", "Contract: lines and limits", "What was sold, how it is billed, how full the caps are.",
           "paula", "/contracts/", "00000020", "?tab=lines"),
    Screen("contract-rates", "Contract: prices", "Which rate holds from which day.",
           "paula", "/contracts/", "00000020", "?tab=rates"),
    Screen("contract-versions", "Contract: versions", "Terms and amendments, by effect and by knowledge.",
           "paula", "/contracts/", "00000020", "?tab=versions"),
    Screen("contract-billing", "Contract: billing", "Work, candidates and invoices of this contract.",
           "paula", "/contracts/", "00000020", "?tab=billing"),
    Screen("contract-systems", "Contract: systems", "Its records in CRM, PSA and ERP.",
           "paula", "/contracts/", "00000020", "?tab=systems"),
    Screen("projects", "Projects", "Projects of the PSA with the contract they deliver.", "paula",
           "/contracts/projects/"),
    Screen("project", "Project", "Tasks, milestones and delivered work.", "paula", "/contracts/projects/", ""),
    Screen("exchange-rates", "Exchange rates", "What a foreign expense is converted at, and who said so.", "fiona",
           "/contracts/exchange-rates/"),
    Screen("customers", "Customers", "Who is billed, by legal entity.", "paula", "/contracts/customers/"),
    Screen("customer", "Customer", "Contracts, money and records of one customer.", "paula", "/contracts/customers/",
           ""),
)  # fmt: skip

BILLING = (
    Screen("billable-work", "Billable work", "Every hour, expense and milestone, priced, with where it stands.",
           "fiona", "/billing/work/", also=BOTH),
    Screen("work-item", "Work item", "Why this hour costs what it costs, step by step.", "fiona", "/billing/work/", "",
           also=(NARROW,)),
    Screen("holds", "Holds", "What may not be billed, why, and since when.", "fiona", "/billing/holds/"),
    Screen("hold", "Hold", "What it keeps back and who may release it.", "fiona", "/billing/holds/", ""),
    Screen("billing-runs", "Billing runs", "Each grouping of billable work into candidates.", "anna", "/billing/runs/"),
    Screen("billing-run", "Billing run", "What was taken, what was left out, and why.", "anna", "/billing/runs/", ""),
    Screen("candidates", "Invoice candidates", "Proposed invoices by what they wait for.", "fiona",
           "/billing/candidates/", also=BOTH),
    Screen("candidates-attention", "Candidates that need attention", "What stops them, with the money.", "anna",
           "/billing/candidates/?group=attention"),
    Screen("candidates-posted", "Posted candidates", "What became an invoice.", "fiona",
           "/billing/candidates/?group=posted"),
    Screen("candidate-ready", "Candidate ready to approve", "Everything an approver decides on, on one page.",
           "fiona", "/billing/candidates/?group=ready", "", also=BOTH),
    Screen("candidate-attention", "Candidate that needs attention", "The answers of the checks, and who must act.",
           "anna", "/billing/candidates/?group=attention", ""),
    Screen("candidate-posted", "Posted candidate", "Approvals, effect and the ERP's number.", "fiona",
           "/billing/candidates/?group=posted", ""),
    Screen("candidate-entries", "Time and expenses of a candidate", "What is behind the lines, as the client gets it.",
           "fiona", "/billing/candidates/?group=ready", "", "entries/"),
    Screen("invoices", "Invoices", "What the ERP holds, paid and open.", "fiona", "/billing/invoices/", also=BOTH),
    Screen("invoice", "Invoice", "Printed lines, tax, payments, and where they came from.", "fiona",
           "/billing/invoices/", "INV-"),
    Screen("invoice-proof", "Proof of an invoice", "Whether every figure follows from the work, checked now.", "aude",
           "/invoice-proofs/1/"),
    Screen("invoice-credit", "Credit over an invoice", "What each line has left, and what of it goes back.", "anna",
           "/billing/invoices/", "INV-", "credit/", also=(NARROW,)),
    Screen("credit-memos", "Credit memos", "What was credited, against which invoice.", "fiona",
           "/billing/credit-memos/"),
    Screen("late-changes", "Late changes", "Work that changed at its source after it was billed.", "fiona",
           "/billing/late-changes/"),
    Screen("decision-tables-delivered", "Rules as delivered", "What decides where nobody published others.", "fiona",
           "/decision-tables/delivered/"),
    Screen("costs", "Costs of work", "Approved hours at the cost rate of their day.", "fiona", "/costs/",
           also=(NARROW,)),
    Screen("reimbursements", "Reimbursements", "What people spent and are owed, until it is paid.", "fiona",
           "/costs/reimbursements/", also=(NARROW,)),
    Screen("reimbursement", "Reimbursement", "Its expenses, its way to the ERP, and whether it is paid.", "fiona",
           "/costs/reimbursements/", ""),
    Screen("purchases", "Purchases", "Lines of vendors' bills, and what becomes of them.", "fiona",
           "/costs/purchases/"),
    Screen("payments", "Payments", "What came in and what it paid.", "fiona", "/billing/payments/"),
)  # fmt: skip

EXCEPTIONS = (
    Screen("exceptions", "Exceptions", "One case per root cause, with owner, clock and money held.", "fiona",
           "/exceptions/?view=all", also=BOTH),
    Screen("exception", "Exception", "What it means, what to do, which records wait.", "fiona",
           "/exceptions/?view=all", "", also=BOTH),
)  # fmt: skip

TRACE = (
    Screen("trace", "Trace", "From any number of any system in both directions.", "aude", "/trace/"),
    Screen("lineage", "Lineage of an invoice", "Up to contract and hours, down to the cash.", "fiona",
           "{lineage}?depth=5", also=(NARROW,)),
    Screen("tie-out", "Tie-out", "Do all systems agree, to the cent.", "fiona", "/tie-out/", also=BOTH),
    Screen("tie-out-history", "Tie-outs", "Each comparison that was made.", "fiona", "/tie-out/history/"),
    Screen("pairs", "Reconciliation", "Each pair of books: does it agree, is it certified, what breaks.", "fiona",
           "/pairs/", also=BOTH),
    Screen("pair", "Pair", "Both sides, their feeds, its runs and breaks.", "fiona", "/pairs/of/invoices/"),
    Screen("breaks", "Breaks", "Items that two systems do not agree on.", "fiona", "/pairs/breaks/"),
    Screen("closes", "Closes", "Each month of each legal entity, and who signed it.", "fiona", "/closes/",
           also=(NARROW,)),
    Screen("notices", "Notices", "What one was told of exceptions, each with the way to its exception.", "ines",
           "/notices/", also=BOTH),
    Screen("told", "How I am told", "By what, how soon, and when not.", "paula", "/notices/preferences/"),
    Screen("messages", "Messages", "What was sent outside the console, and whether it arrived.", "ines",
           "/notices/messages/"),
    Screen("clocks", "Clocks", "How long things take, in working time, against targets.", "fiona", "/clocks/",
           also=BOTH),
    Screen("clock", "Clock", "Its distribution, its weeks, and what runs, nearest to its target first.", "fiona",
           "/clocks/time-to-bill/"),
    Screen("reports", "Reports", "Which measures there are, each with its question and formula.", "fiona", "/reports/"),
    Screen("report", "Report", "Formula, sums per currency, trend, and the way to the pieces.", "fiona",
           "/reports/wip/", also=BOTH),
    Screen("audit-trail", "Audit trail", "Who did what, when and why; append only.", "aude", "/audit/"),
    Screen("audit-event", "Event", "One entry with what was before and after.", "aude", "/audit/", ""),
    Screen("seals", "Seals", "Proof that the trail was not changed afterwards.", "aude", "/audit/seals/"),
)  # fmt: skip

INTEGRATION = (
    Screen("streams", "Streams", "Which events other systems are told of, and how far.", "ines", "/streams/",
           also=(NARROW,)),
    Screen("stream", "Stream", "What waits, what the next event says, what was handed over.", "ines",
           "/streams/of/data-warehouse/", also=BOTH),
    Screen("connections", "Connections", "The systems, whether they answer, and how fresh their data are.",
           "ines", "/connections/", also=(NARROW,)),
    Screen("connection", "Connection", "Feeds, promises of each write, limits and credentials of one system.",
           "ines", "/connections/netsuite/", also=(DARK,)),
    Screen("connection-add", "New connection", "Which systems can be connected.", "ines", "/connections/new/"),
    Screen("feed", "Feed", "One kind of record from one system: rhythm, watermark, runs.", "ines",
           "/connections/kantata/", "time"),
    Screen("feed-runs", "Runs", "Every reading: what was read, applied, parked, refused.", "ines", "/runs/"),
    Screen("feed-run", "Run", "One reading with its pages and its totals.", "ines", "/runs/", ""),
    Screen("sources", "Source records", "Every version of every record as it came.", "ines", "/sources/"),
    Screen("source", "Source record", "As it came, what it became, what it is part of.", "ines", "/sources/", ""),
    Screen("webhooks", "Webhooks", "Hints of the vendors: verified, then read again.", "ines", "/webhooks/"),
    Screen("files", "Files", "Dropped exports of systems without an API.", "ines", "/files/"),
    Screen("file-new", "Drop a file", "With the control totals of its sender.", "ines", "/files/new/"),
    Screen("file-preview", "Preview of a file", "Rows through the mapping, errors per row, before anything is stored.",
           "ines", "/files/", "hours.csv", also=BOTH),
    Screen("effects", "Effects", "Every intended change in another system, once.", "ines", "/effects/"),
    Screen("effect", "Effect", "Intent, attempts and the proof that it happened.", "ines", "/effects/", ""),
    Screen("lanes", "Lanes", "Work in order per contract; what is stuck.", "ines", "/lanes/"),
    Screen("stuck-lanes", "Stuck lanes", "What stands still and why.", "ines", "/lanes/stuck/"),
    Screen("processes", "Processes", "Activations, amendments, postings in named steps.", "ines", "/processes/"),
    Screen("process", "Process", "Where it stands, what it did, what would undo it.", "ines", "/processes/", ""),
    Screen("calls", "Calls", "Every request to another system with its answer.", "ines", "/calls/"),
)  # fmt: skip

ADMINISTRATION = (
    Screen("admin", "Django admin", "Set-up that changes rarely.", "admin", "/admin/"),
    Screen("admin-mappings", "Mappings", "Versions of each mapping: draft, published, superseded.", "admin",
           "/admin/hub_mapping/mapping/"),
    Screen("admin-mapping", "Mapping", "Rules from columns to fields, with what a change would do.", "admin",
           "/admin/hub_mapping/mapping/", ""),
    Screen("admin-value-maps", "Value maps", "What a value of theirs means here.", "admin",
           "/admin/hub_mapping/valuemap/"),
    Screen("preferences", "Preferences", "Theme, shortcuts, password.", "fiona", "/preferences/"),
    Screen("help", "Keyboard", "Every key.", "fiona", "/help/"),
    Screen("api-docs", "REST API", "Every operation with its parameters and answers.", "admin", "/api/docs/",
           ready=".opblock"),
)  # fmt: skip

SECTIONS: tuple[tuple[str, tuple[Screen, ...]], ...] = (
    ("Sign-in, homes, search", HOMES),
    ("Contracts", CONTRACTS),
    ("Billing and cash", BILLING),
    ("Exceptions", EXCEPTIONS),
    ("Trace, tie-out, audit", TRACE),
    ("Integration", INTEGRATION),
    ("Administration", ADMINISTRATION),
)
