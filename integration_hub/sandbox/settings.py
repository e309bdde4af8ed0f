"""What a rehearsal may turn: limits, page sizes, and every behaviour that public documentation leaves unconfirmed."""

from __future__ import annotations

from typing import Any

from .messages import Json
from .store import Store

DEFAULTS: dict[str, Json] = {
    "landscape": {
        "clock_offset_seconds": 0,  # moves every vendor's clock, e.g. to rehearse a month end
        "call_log_keep": 200_000,
        "world_progress": {},  # what the player of the demo world has played; a reset forgets it
    },
    "salesforce": {
        "page_size": 2000,  # a smaller page than asked may come back at any time
        "daily_limit": 15_000,  # calls in a rolling day; above it 403 REQUEST_LIMIT_EXCEEDED
        "session_minutes": 120,  # unconfirmed: it is a policy of the org
        "contract_end_date": "writable",  # or "derived": StartDate + ContractTerm, and writing it is refused
        "psa_installed": True,  # False: the objects of the managed package `pse` do not exist
        "psa_statuses": {},  # what this customer calls the package's statuses, e.g. {"Approved": "Signed off"}
        "psa_reports_touch_expenses": False,  # unconfirmed: whether deciding on a report changes its expenses
        "psa_lock_financials": True,  # what is in the financials is edited with Admin_Global_Edit__c only
        "psa_batch": 50,  # unconfirmed figure: more rows of the package in one call run into its triggers' limits
        "work_ms": 0,
    },
    "kantata": {
        "allow_negative_time": True,
        "approval_touches_entries": False,  # False: `approved` flips while updated_at of the entry stays (a vice)
        "lock_approved_entries": False,  # unconfirmed: editing approved time is refused
        "require_subject_type": True,  # the contract requires it on GET external_references
        "strict_orders": False,  # True: only the sort orders the published contract lists
        "utc_offset_minutes": -420,
        "event_retention_days": 9,
        "event_delay_ms": 0,  # subscribed events appear so much later than the change
        "work_ms": 0,
    },
    "netsuite": {
        "concurrency": 15,  # calls at once over all integrations; above it 429
        "token_seconds": 3600,
        "closed_period": "reject",  # or "next_open": the company preference that moves the posting period
        "suiteql_cap": 100_000,
        "suiteql_values": "text",  # or "native"; unconfirmed: REST SuiteQL sends every value as a string
        "offset_multiple_of_limit": True,  # unconfirmed: an offset that is no multiple of the limit is refused
        "invoice_approval": "2",  # approvalStatus of new invoices: 1 pending (not posted), 2 approved
        "work_ms": 0,  # how long each call occupies its slot; raise it to meet the concurrency limit
    },
    "dynamics": {
        "page_size": 10_000,  # rows of a page at most; the server leads on by a nextLink
        "default_company": "us01",  # all that is seen without cross-company=true
        "mapped": True,  # False: no user is mapped to the client id, and a good token is refused
        "pressure": 0,  # how many of the priorities Low, Medium, High are refused for want of resources
        "priority": "Medium",  # of this integration, in the throttling priority mapping
        "retry_after": 5,
        "token_seconds": 3599,  # unconfirmed: 60 to 90 minutes
        "modified": True,  # unconfirmed: whether the data entities expose ModifiedDateTime
        "posting": "now",  # or "batch"; unconfirmed: the action hands the journal to a batch job
        "posting_ms": 0,  # how long that job waits
        "period_checked": "posting",  # or "line"; unconfirmed: when a closed period is noticed
        "settle_corrections": True,  # unconfirmed: a credit note is settled with the invoice it corrects
        "names": {},  # unconfirmed names of sets, fields and actions: {ours: what the environment calls it}
        "work_ms": 0,
    },
    "sap": {
        "page_size": 5_000,  # rows of a page at most; the server leads on by `__next`
        "csrf_seconds": 1800,  # how long a session and its token live
        "dialog_user": False,  # True: the user is a dialog user, and every call is answered by a page to sign in
        "errors_in_header": False,  # True: a refusal comes as 204 with the error in the header `sap-message`
        "message_ms": 0,  # how long a message that was taken with 202 waits
        "billing": "now",  # or "run"; unconfirmed: requests are billed by a run, `load("sap", "billing", [])`
        "duplicate_check": False,  # unconfirmed: one reference document is posted once only
        "work_ms": 0,
    },
    "avatax": {
        "tax_variance": {},  # company code -> amount added to the tax at commit
        "force_timeout_seconds": 30,
        "force_timeout_commits": False,  # unconfirmed: whether $include=ForceTimeout leaves a transaction behind
        "read_default_include": "",  # unconfirmed: what reads and changes carry without $include; creates carry all
        "commit_twice": "ok",  # or "error"; unconfirmed: what committing a committed transaction answers
        "companies": ["DEFAULT", "US", "GB", "DE", "FR", "NL"],
        "work_ms": 0,
    },
    "harvest": {
        "calls_per_window": 100,  # calls in any 15 seconds; above it 429 with Retry-After
        "cursor_paging": True,  # time entries: page numbers are null, only `links.next` leads on
        "rounding_minutes": 15,  # rounded_hours; 0 rounds nothing
        "approval_touches_entries": False,  # unconfirmed: whether approving moves updated_at
        "work_ms": 0,
    },
    "webhook": {
        "refuses": "",  # type of the messages it answers with 422
        "work_ms": 0,
    },
    "clockify": {
        "calls_per_second": 50,  # above it 429
        "approval_touches_entries": False,  # unconfirmed: whether submitting and deciding are changes of the entry
        "work_ms": 0,
    },
    "jira": {
        "calls_per_second": 350,  # of one method to one endpoint; above it 429 with RateLimit-Reason
        "issue_writes_per_second": 50,  # unconfirmed figure: the limit of writes to one issue
        "quiet_seconds": 60,  # worklogs changed since then are in no list of changes yet
        "index_ms": 2000,  # issues changed since then are in no search yet, unless it names them to reconcile
        "search_token_seconds": 604_800,  # a nextPageToken older than that is refused
        "lacking_permissions": [],  # of those in jira/api.py
        "may_write": True,  # False: properties and worklogs are refused with 403
        "work_ms": 0,
    },
    "tempo": {
        "calls_per_second": 50,  # unconfirmed; above it 429
        "period": "WEEK",  # or "MONTH": what timesheets are approved by
        "approval_touches_worklogs": False,  # False: a decision moves no updatedAt (a vice)
        "lacking_scopes": [],  # of those in tempo/api.py: 403
        "work_ms": 0,
    },
    "ironclad": {
        "records_per_minute": 600,  # reading of the whole company, its counterparties too; above it 429
        "workflows_per_minute": 400,
        "writes_per_minute": 40,  # of workflows
        "token_seconds": 3600,
        "renamed": {},  # property -> the name an administrator of the tenant gave it since
        "retyped": {},  # property -> the type it has now, such as string: values are told as texts
        "work_ms": 0,
    },
    "docusign": {
        "calls_per_hour": 3000,  # of the account, since the full hour
        "burst_calls": 200,  # in 30 seconds; 500 in production
        "limit_status": 400,  # or 429; unconfirmed: the code in the body is what tells
        "polls_of_an_envelope": 10,  # unconfirmed figure: readings of one envelope within an hour
        "token_seconds": 3600,
        "consented": True,  # False: nobody has allowed the integration to speak for the user
        "fields_move_status_date": False,  # unconfirmed: whether a custom field makes an envelope "changed"
        "fields_of_ended": True,  # unconfirmed: whether custom fields of a completed envelope may be written
        "work_ms": 0,
    },
    "stripe": {
        "calls_per_second": 100,  # unconfirmed figure; above it 429 rate_limit
        "concurrency": 25,  # unconfirmed figure: calls at once; above it 429 as well
        "event_retention_days": 30,
        "search_delay_ms": 60_000,  # how long a search does not know of a change
        "pending_items_default": "exclude",  # unconfirmed: older versions took waiting items on every new invoice
        "restricted_lacks": [],  # permissions the restricted key has not, e.g. rak_invoice_write
        "work_ms": 0,
    },
    "chargebee": {
        "calls_per_minute": 6000,  # unconfirmed figure; above it 429 with Retry-After
        "sorts": True,  # unconfirmed: whether lists may be sorted by updated_at
        "tells_deleted": True,  # unconfirmed: whether include_deleted lists what was deleted
        "consolidates": False,  # charges stay on a pending invoice until it is closed
        "currencies": ["USD", "EUR", "GBP", "JPY", "CHF", "CAD", "SEK"],  # those enabled for the site
        "work_ms": 0,
    },
}


class Settings:
    """Current values: what the control port set, on top of the defaults; kept in the state file."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._set: dict[str, Json] = {vendor: store.facts(f"settings:{vendor}") for vendor in DEFAULTS}

    def get(self, vendor: str, key: str) -> Any:
        return self._set[vendor].get(key, DEFAULTS[vendor][key])

    def change(self, vendor: str, values: Json) -> None:
        """Set several values; raises ValueError that names the first one that does not exist or has another type."""
        if vendor not in DEFAULTS:
            raise ValueError(f"no settings for {vendor!r}; there are {', '.join(DEFAULTS)}")
        for key, value in values.items():
            if key not in DEFAULTS[vendor]:
                raise ValueError(f"{vendor} has no setting {key!r}; it has {', '.join(DEFAULTS[vendor])}")
            expected = type(DEFAULTS[vendor][key])
            if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
                raise ValueError(f"{vendor}.{key} must be of type {expected.__name__}")
        for key, value in values.items():
            self._set[vendor][key] = value
            self._store.remember(f"settings:{vendor}", key, value)

    def restore(self, vendor: str) -> None:
        """Back to the defaults."""
        self._set[vendor] = {}
        self._store.forget(f"settings:{vendor}")

    def all(self) -> dict[str, Json]:
        return {vendor: defaults | self._set[vendor] for vendor, defaults in DEFAULTS.items()}
