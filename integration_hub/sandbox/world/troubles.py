"""The deliberate troubles of the world, as data: what was done, and which case, hold or count must come of it.

Tests and the demo's report check this list against the hub; nobody has to read the story to know how it must end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["case", "hold", "warning", "count", "posted once", "normal"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble. `month` is the calendar month it is played in, `contract` the key of the contract it concerns.

    `code` is the case code, hold code or warning that must appear; empty where the right outcome is that nothing does.
    `object` names the kind of object that carries it. `stays_open` says whether it still waits at the end.
    """

    number: int
    slug: str
    title: str
    done: str
    month: int
    outcome: Outcome
    code: str
    object: str
    contract: str = ""
    person: str = ""
    stays_open: bool = True
    also: tuple[str, ...] = ()
    """Further codes that may or must appear for the same cause."""


TROUBLES: tuple[Trouble, ...] = (
    Trouble(
        1, "missing-rate", "Missing rate",
        "Two analysts work on a contract that agreed no price for analysts.",
        7, "case", "RATE_MISSING", "time entry", contract="COP-REG",
    ),
    Trouble(
        2, "unsigned-amendment", "Unsigned amendment",
        "A rate amendment with a date in the past is drafted in the CRM and never signed.",
        7, "warning", "AMENDMENT_PENDING", "amendment", contract="ORB-LIS",
    ),
    Trouble(
        3, "unmapped-cost-centre", "Unmapped cost centre",
        "A new joiner arrives with cost centre DE-CLD, which nobody has mapped; her time has no person to belong to.",
        9, "case", "VALUE_UNMAPPED", "resource", contract="RHE-SCHAD", person="milena.horvat",
        also=("PARKED_REFERENCE",),
    ),
    Trouble(
        4, "closed-period", "Closed period",
        "After approval of an invoice dated 31 August, receivables of August are locked in the ERP; then it is posted.",
        8, "case", "PERIOD_CLOSED", "candidate", contract="HWP-TOM",
    ),
    Trouble(
        5, "duplicate-webhooks", "Duplicate webhooks",
        "The relay sends one in five hints twice and shuffles them.",
        5, "count", "", "inbound hint", stays_open=False,
    ),
    Trouble(
        6, "lost-answer", "Lost answer",
        "The ERP books an invoice and its answer is lost.",
        5, "posted once", "", "invoice", contract="AGH-EHR", stays_open=False, also=("ERP_UNKNOWN",),
    ),
    Trouble(
        7, "po-exhausted", "Purchase order exhausted",
        "Work goes on after the client's order TW-PO-88213 is used up.",
        9, "case", "PO_EXHAUSTED", "candidate", contract="TID-YARD",
    ),
    Trouble(
        8, "tax-mismatch", "Tax mismatch",
        "The tax engine commits another amount than it quoted.",
        6, "case", "TAX_VARIANCE", "candidate", contract="HWW-ONB", also=("ERP_VARIANCE",),
    ),
    Trouble(
        9, "customer-missing-in-erp", "Customer missing in the ERP",
        "A contract is signed with a customer that nobody created in the ERP.",
        5, "case", "ERP_MAPPING", "contract", contract="BRI-LOY",
    ),
    Trouble(
        10, "activation-fails", "Activation fails for good",
        "The ERP refuses the job of a contract in Swiss francs; what was done is undone, the workspace archived.",
        5, "case", "PROCESS_FAILED", "contract", contract="ALP-REP",
    ),
    Trouble(
        11, "after-the-end", "Time after the contract's end",
        "Three days of support are logged after 31 August, when the contract had ended.",
        9, "case", "CONTRACT_EXPIRED", "time entry", contract="SEV-DEPOT", person="imogen.clarke",
    ),
    Trouble(
        12, "cap-reached", "Cap reached in the middle of an entry",
        "A capped engagement goes on past its limit of 168,000.00.",
        8, "case", "CAP_REACHED", "time entry", contract="AWC-DATA",
    ),
    Trouble(
        13, "negative-hours", "Negative hours",
        "Minus three hours are booked against work that never was.",
        6, "case", "NEGATIVE_UNMATCHED", "time entry", contract="TID-YARD", person="luke.bannister",
    ),
    Trouble(
        14, "client-query", "Client query",
        "The PMO holds a contract because the client asks what the testers did.",
        9, "hold", "CLIENT_QUERY", "contract", contract="RHE-SCHAD",
    ),
    Trouble(
        15, "late-change", "Changed and deleted after approval",
        "Before billing, one approved entry gets an hour more and another is deleted.",
        5, "normal", "", "time entry", contract="AGH-EHR", stays_open=False,
    ),
    Trouble(
        16, "foreign-expense", "Expense in another currency",
        "A hotel in Winterthur is paid in Swiss francs, for which there is no exchange rate.",
        7, "case", "FX_MISSING", "expense", contract="LAT-MES", person="mehmet.yildiz",
    ),
    Trouble(
        17, "retro-amendment", "Rate amendment signed late",
        "On 24 August the client signs a higher architect rate from 1 August; unbilled August work is decided again.",
        8, "normal", "", "amendment", contract="LIN-S4", stays_open=False,
    ),
)  # fmt: skip

BY_SLUG = {trouble.slug: trouble for trouble in TROUBLES}

CODES_MEANT = frozenset(
    code for trouble in TROUBLES for code in (trouble.code, *trouble.also) if code
)  # what a report may find without being surprised


def played(last_month: int) -> tuple[Trouble, ...]:
    """The troubles of a story that ends with this calendar month."""
    return tuple(trouble for trouble in TROUBLES if trouble.month <= last_month)
