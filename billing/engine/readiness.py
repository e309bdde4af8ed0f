"""The readiness checklist of an invoice candidate (billing.md §3.1): what is missing, whose it is, what to do.

Stops keep a candidate from being approved or posted, warnings want a look, notes are only shown. Checks of single
pieces were made when the work was decided; here only what concerns the document is asked. Numbers are those of §3.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Literal

from billing.engine.values import ZERO
from integration_hub.kernel.money import show

Level = Literal["stop", "warn", "note"]
DocumentKind = Literal["invoice", "credit_memo", "release"]

FINANCE, ANALYST, LEAD, ADMIN = "finance", "billing_analyst", "delivery_lead", "integration_admin"
TAX_TOLERANCE_PER_LINE = Decimal("0.01")
TAX_TOLERANCE = Decimal("0.05")
ANOMALY_FACTOR = 3
ANOMALY_HISTORY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFacts:
    """What is known of a candidate. Money is in its currency.

    `retained` is withheld of it, or charged to deposits, and off the net already: orders and what is usual are measured
    by both together.
    `po_amount` is what the order covers, net, None without a limit; `po_taken` is what is billed on it or reserved by
    other documents. `tax_quoted`: the engine answered for exactly these lines; `tax_of_engine` is its figure, `tax` the
    one on the lines. `service_date` is the last day of the work in it, `accounting_date` the first open day on or after
    that (R10), None when no period is open.
    `earlier_nets` are this contract's earlier invoices. `approved_hashes` are the contents people approved, lapsed
    approvals too, and `content_hash` is today's. `bill_to_missing` and `erp_missing` name fields and references,
    `tax_undetermined` and `unbooked` lines whose tax code, or account, no rule determines. `over_credited` names
    invoices, with what a credit memo takes of them beyond what is left.
    """

    kind: DocumentKind = "invoice"
    currency: str
    invoice_date: date
    service_date: date
    net: Decimal
    gross: Decimal
    retained: Decimal = ZERO
    line_count: int
    po_required: bool = False
    po_number: str = ""
    po_amount: Decimal | None = None
    po_taken: Decimal = ZERO
    po_expires_on: date | None = None
    bill_to_verified: bool = True
    bill_to_missing: tuple[str, ...] = ()
    customer_active: bool = True
    credit_hold: bool = False
    tax_quoted: bool = True
    tax_undetermined: tuple[str, ...] = ()
    tax: Decimal = ZERO
    tax_of_engine: Decimal | None = None
    period_open: bool = True
    accounting_date: date | None = None
    erp_customer_known: bool = True
    erp_missing: tuple[str, ...] = ()
    unbooked: tuple[str, ...] = ()
    no_post_holds: tuple[str, ...] = ()
    stragglers: int = 0
    stragglers_amount: Decimal = ZERO
    earlier_nets: tuple[Decimal, ...] = ()
    content_hash: str = ""
    approved_hashes: tuple[str, ...] = ()
    minimum: Decimal = ZERO
    amendment_pending: bool = False
    amendment_lowers_price: bool = False
    soft_caps_exceeded: tuple[str, ...] = ()
    retainers_unfunded: tuple[str, ...] = ()
    over_credited: tuple[tuple[str, Decimal], ...] = ()

    @property
    def worked(self) -> Decimal:
        """The net of the work, before anything was withheld."""
        return self.net + self.retained


@dataclass(frozen=True, slots=True)
class Check:
    """One question with its answer. `message` and `remedy` are empty when it is `ok`; so is nobody's to act.

    `detail` gives the figures behind the message, where there are any.
    """

    number: int
    question: str
    level: Level
    ok: bool
    code: str
    message: str
    owner_role: str
    remedy: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _No:
    """A negative answer: what is wrong and what helps, with a level where it differs from the question's own."""

    code: str
    message: str
    remedy: str
    level: Level | None = None
    detail: str = ""


_Answer = _No | tuple[_No, ...] | None
_Question = tuple[int, str, Level, str, Callable[[CandidateFacts], _Answer]]


def check(facts: CandidateFacts) -> list[Check]:
    """Every question about a document of its kind, in the order of §3.1, with its answer; one check per open hold."""
    return [answer for question in _ASKED[facts.kind] for answer in _ask(question, facts)]


def stops(checks: Sequence[Check]) -> tuple[str, ...]:
    """The codes that keep it from being posted, in the order of the list."""
    return tuple(found.code for found in checks if not found.ok and found.level == "stop")


def warnings(checks: Sequence[Check]) -> tuple[str, ...]:
    """The codes that want a look."""
    return tuple(found.code for found in checks if not found.ok and found.level == "warn")


def tolerance(lines: int) -> Decimal:
    """How far the engine's tax may be from that on so many lines: as far as rounding can bring them apart."""
    return min(TAX_TOLERANCE_PER_LINE * lines, TAX_TOLERANCE)


def _ask(question: _Question, facts: CandidateFacts) -> list[Check]:
    number, text, level, owner, answer = question
    answers = answer(facts)
    if not answers:
        return [Check(number, text, level, True, "", "", "", "")]
    return [
        Check(number, text, no.level or level, False, no.code, no.message, owner, no.remedy, no.detail)
        for no in (answers if isinstance(answers, tuple) else (answers,))
    ]


def _amendment(facts: CandidateFacts) -> _No | None:
    if not facts.amendment_pending:
        return None
    if facts.amendment_lowers_price:
        return _No(
            "AMENDMENT_PENDING", "A pending amendment lowers a price.", "Apply or void it before billing.", level="stop"
        )
    return _No("AMENDMENT_PENDING", "An amendment is not in force yet.", "Wait for it, or bill now and rebill later.")


def _soft_caps(facts: CandidateFacts) -> _No | None:
    if not facts.soft_caps_exceeded:
        return None
    named = ", ".join(facts.soft_caps_exceeded)
    return _No("SOFT_CAP_EXCEEDED", f"Over the soft limit: {named}.", "Tell the client, or agree a higher limit.")


def _purchase_order(facts: CandidateFacts) -> _No | None:
    if not facts.po_number:
        missing = _No("PO_MISSING", "The client wants a PO number and there is none.", "Ask the client for the PO.")
        return missing if facts.po_required else None
    if facts.po_expires_on is not None and facts.invoice_date > facts.po_expires_on:
        message = f"PO {facts.po_number} expired on {facts.po_expires_on}."
        return _No("PO_EXPIRED", message, "Ask the client for a new PO or an extension.")
    short = facts.po_taken + facts.worked - facts.po_amount if facts.po_amount is not None else ZERO
    return _exhausted(facts, facts.po_amount or ZERO, short) if short > 0 else None


def _exhausted(facts: CandidateFacts, amount: Decimal, short: Decimal) -> _No:
    def net(value: Decimal) -> str:
        return f"{show(value, facts.currency)} net"

    return _No(
        "PO_EXHAUSTED",
        f"PO {facts.po_number} is {net(short)} short.",
        f"Ask the client to raise it by {net(short)} at least, or to name another PO.",
        detail=f"The order is for {net(amount)}. {net(facts.po_taken)} is billed on it or planned by other candidates; "
        f"this candidate needs {net(facts.worked)}.",
    )


def _retainers(facts: CandidateFacts) -> _No | None:
    if not facts.retainers_unfunded:
        return None
    message = f"Nothing is paid into the retainer yet: {', '.join(facts.retainers_unfunded)}."
    return _No("RETAINER_UNFUNDED", message, "Post the prepayment first, or bill the work in cash.")


def _bill_to(facts: CandidateFacts) -> _No | None:
    if facts.bill_to_missing:
        message = f"The bill-to lacks {', '.join(facts.bill_to_missing)}."
        return _No("BILLTO_INCOMPLETE", message, "Complete the bill-to profile.")
    if not facts.bill_to_verified:
        message = "The bill-to profile is not verified."
        return _No("BILLTO_INCOMPLETE", message, "Verify the bill-to profile, or bill to another.")
    return None


def _customer(facts: CandidateFacts) -> _No | None:
    if not facts.customer_active:
        return _No("CUSTOMER_INACTIVE", "The customer is not active.", "Activate the customer, or bill to another.")
    if facts.credit_hold:
        return _No(
            "CREDIT_HOLD", "The customer is on credit hold.", "Release the credit hold when the account is clear."
        )
    return None


def _holds(facts: CandidateFacts) -> tuple[_No, ...]:
    codes = sorted(set(facts.no_post_holds))
    words = {code: code.replace("_", " ").lower() for code in codes}
    return tuple(_No(code, f"A hold keeps it from posting: {words[code]}.", "Release the hold.") for code in codes)


def _tax(facts: CandidateFacts) -> _No | None:
    if facts.tax_undetermined:
        message = f"No rule determines the tax code of line {', '.join(facts.tax_undetermined)}."
        return _No("TAX_MISSING", message, "Publish a rule that takes it, or correct what it is decided by.")
    if not facts.tax_quoted:
        return _No("TAX_MISSING", "The tax engine has not answered for these lines.", "Quote the tax again.")
    if facts.tax_of_engine is None:
        return None
    if abs(facts.tax_of_engine - facts.tax) <= tolerance(facts.line_count):
        return None
    quoted, ours = show(facts.tax_of_engine, facts.currency), show(facts.tax, facts.currency)
    message = f"The tax engine says {quoted}, the lines say {ours}."
    return _No("TAX_VARIANCE", message, "Check tax codes and address, then quote again or accept the engine's figure.")


def _period(facts: CandidateFacts) -> _No | None:
    if not facts.period_open:
        message = f"No period is open on or after {facts.service_date}."
        return _No("PERIOD_CLOSED", message, "Open the next period, or have this one reopened by two people.")
    if facts.accounting_date is not None and facts.accounting_date > facts.service_date:
        message = f"The period of {facts.service_date} is closed: it posts on {facts.accounting_date}."
        return _No("PERIOD_CLOSED", message, "Nothing to do, or have the period reopened.", level="note")
    return None


def _anomaly(facts: CandidateFacts) -> _No | None:
    past = [abs(net) for net in facts.earlier_nets if net]
    if len(past) < ANOMALY_HISTORY:
        return None
    usual = median(past)
    if usual / ANOMALY_FACTOR <= abs(facts.worked) <= usual * ANOMALY_FACTOR:
        return None
    message = f"{show(facts.worked, facts.currency)} where {show(usual, facts.currency)} is usual for this contract."
    return _No("AMOUNT_ANOMALY", message, "Compare with the last cycle and confirm.")


def _stragglers(facts: CandidateFacts) -> _No | None:
    if not facts.stragglers:
        return None
    pieces = "1 earlier piece" if facts.stragglers == 1 else f"{facts.stragglers} earlier pieces"
    message = f"{pieces} of work, {show(facts.stragglers_amount, facts.currency)}, left unbilled."
    return _No("STRAGGLERS", message, "Include it, hold it with a reason, or write it off.")


def _total(facts: CandidateFacts) -> _No | None:
    if facts.gross < 0:
        return _No("NEGATIVE_TOTAL", "The total is negative.", "Issue a credit memo, or wait for charges.")
    charged = max(facts.net, facts.worked)  # what deposits have paid is charged to them, and must be
    if charged == 0:
        return _No("BELOW_MINIMUM", "There is nothing to charge.", "Carry it to the next cycle.")
    if charged < facts.minimum:
        message = f"Below the minimum invoice of {show(facts.minimum, facts.currency)}."
        return _No("BELOW_MINIMUM", message, "Carry it to the next cycle.")
    return None


def _credit(facts: CandidateFacts) -> _No | None:
    """A credit memo that credits something, and no invoice beyond what is left of it."""
    if facts.over_credited:
        excess = ", ".join(f"{number} by {show(amount, facts.currency)}" for number, amount in facts.over_credited)
        remedy = "Withdraw the credit that the ERP has already, or dissolve this one."
        return _No("OVER_CREDIT", f"It credits more than is left of {excess}.", remedy)
    if not facts.net:
        return _No("BELOW_MINIMUM", "There is nothing to credit.", "Dissolve it.")
    return None


def _approvals(facts: CandidateFacts) -> _No | None:
    """Approvals bind to a content: those of another have lapsed, so this asks for new ones and stops nobody who gives
    them.
    """
    if not facts.approved_hashes or facts.content_hash in facts.approved_hashes:
        return None
    return _No("APPROVAL_STALE", "Figures moved since it was approved.", "Look at what changed and approve again.")


def _erp(facts: CandidateFacts) -> _No | None:
    if facts.unbooked:
        message = f"No rule says what line {', '.join(facts.unbooked)} is booked to."
        return _No("ERP_MAPPING", message, "Publish a rule that takes it, or correct what it is decided by.")
    missing = (() if facts.erp_customer_known else ("the customer",)) + facts.erp_missing
    if not missing:
        return None
    message = f"The ERP does not know {', '.join(missing)}."
    return _No("ERP_MAPPING", message, "Map it, or create it in the ERP.")


_QUESTIONS: tuple[_Question, ...] = (
    (2, "Is there a pending amendment that would change this?", "warn", FINANCE, _amendment),
    (9, "Is there room under the soft limits?", "warn", LEAD, _soft_caps),
    (10, "Is the PO valid: number, amount, dates?", "stop", ANALYST, _purchase_order),
    (11, "Is every prepaid retainer of the contract funded?", "warn", FINANCE, _retainers),
    (13, "Is the bill-to complete?", "stop", FINANCE, _bill_to),
    (14, "Is the customer active and not on credit hold?", "stop", FINANCE, _customer),
    (15, "Is there no open hold on posting?", "stop", FINANCE, _holds),
    (16, "Is the tax determined, within tolerance?", "stop", FINANCE, _tax),
    (18, "Is the period open for the accounting date?", "stop", FINANCE, _period),
    (22, "Is the amount usual for this contract?", "warn", FINANCE, _anomaly),
    (23, "Was nothing unbilled left behind?", "warn", ANALYST, _stragglers),
    (25, "Is the total positive and above the minimum?", "stop", ANALYST, _total),
    (26, "Are the approvals valid for this content?", "warn", FINANCE, _approvals),
    (28, "Does the ERP know everything this refers to?", "stop", ADMIN, _erp),
)  # fmt: skip
_OF_CREDITS: tuple[_Question, ...] = (
    *(question for question in _QUESTIONS if question[0] in (13, 15, 18)),
    (25, "Is every invoice credited by no more than is left of it?", "stop", ANALYST, _credit),
    *(question for question in _QUESTIONS if question[0] in (26, 28)),
)
"""A credit memo takes back what was billed: order, limits, tax and what is usual were asked of the invoice."""
_OF_RELEASES: tuple[_Question, ...] = tuple(
    question for question in _QUESTIONS if question[0] in (13, 14, 15, 16, 18, 25, 26, 28)
)
"""A release charges what was withheld of work that was asked about when it was invoiced; a deposit charges none yet."""
_ASKED: dict[DocumentKind, tuple[_Question, ...]] = {
    "invoice": _QUESTIONS,
    "credit_memo": _OF_CREDITS,
    "release": _OF_RELEASES,
}
