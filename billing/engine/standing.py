"""What a work and its terms say by themselves: whether it is charged at all, covered by the contract, all billed."""

from datetime import date
from decimal import Decimal

from billing.engine.pricing import to_charge
from billing.engine.schedule import DAY
from billing.engine.values import Line, Price, State, Terms, Work

UNSIGNED = ("draft", "in_review")


def uncharged(work: Work, charge: str) -> tuple[State, tuple[str, ...]] | None:
    """Work that its approver refused, or that is not charged as its source says; the latter once it is approved (R19).

    Until then nobody has confirmed what it is, not even that it is for free: it waits like all the rest, worth nothing.
    """
    if work.approval == "rejected":
        return "non_billable", ("REJECTED",)
    if work.chargeable or charge != "non_chargeable":
        return None
    return ("non_billable", ("NON_BILLABLE",)) if work.approval == "approved" else ("blocked", ("NOT_APPROVED",))


def malformed(work: Work) -> bool:
    """Whether it lacks the figure that its kind is priced by."""
    if work.kind in ("time", "usage"):
        return (work.minutes if work.kind == "time" else work.quantity) is None
    return work.amount is None


def contract_code(terms: Terms, work: Work) -> str:
    """Whether the contract covers the day. Fees and milestones come from the contract itself and may fall after it."""
    if terms.signed_on is None or terms.status in UNSIGNED:
        return "CONTRACT_NOT_SIGNED"
    if work.kind in ("milestone", "fee"):
        return ""
    if terms.starts_on is not None and work.service_date < terms.starts_on:
        return "CONTRACT_MISSING"
    if terms.ends_on is not None and work.service_date > terms.ends_on:
        return "CONTRACT_EXPIRED"
    return ""


def price_code(price: Price, line: Line | None) -> str:
    """Why there is no price; on a retainer that matters only beyond the bucket."""
    return "" if line is not None and line.method == "retainer_hours" and price.code in RATE_CODES else price.code


RATE_CODES = ("RATE_MISSING", "ROLE_MISSING", "FX_MISSING", "FX_STALE")


def negative(work: Work) -> bool:
    """Whether it takes something back by itself."""
    return any(figure is not None and figure < 0 for figure in (work.minutes, work.quantity, work.amount))


def sign_code(work: Work, price: Price) -> str:
    """Negative work needs its original; a fall below what is already billed is a correction, not a new charge."""
    if negative(work):
        return "NEGATIVE_UNMATCHED"
    minutes = open_minutes(work)
    below = (minutes is not None and minutes < 0) or (price.value is not None and price.value < 0)
    return "LATE_CHANGE" if below else ""


def late_by(terms: Terms, work: Work) -> int:
    """By how many days work came after the client's bar on late work; 0 where it counts as in time.

    What is billed in part already was in time when it came, and fees and milestones come from the contract itself.
    """
    if terms.time_bar_days is None or work.recorded_on is None or work.waived or work.kind in ("milestone", "fee"):
        return 0
    if work.locked_minutes or work.locked_amount:
        return 0
    return max(0, (work.recorded_on - work.service_date).days - terms.time_bar_days)


def all_billed(work: Work) -> bool:
    """Whether nothing of the work is left to decide: what stands posted or reserved is all of it."""
    if not work.billed or work.disposals:
        return False
    if work.minutes is not None:
        return to_charge(work) == work.locked_minutes
    if any(part.payer_id is not None and part.worth is None for part in work.billed):
        return False  # one payer's share says nothing of the others'
    return all(part.worth in (None, work.locked_amount) for part in work.billed)


def open_minutes(work: Work) -> Decimal | None:
    """What of the minutes to charge is not locked; None for work without minutes."""
    return None if work.minutes is None else to_charge(work) - work.locked_minutes


def wholly_locked(work: Work, price: Price) -> bool:
    """Whether nothing of it is left, in minutes or money."""
    return bool(work.locked_minutes or work.locked_amount) and not open_minutes(work) and not price.value


def turning_days(terms: Terms) -> list[date]:
    """The days on which an answer of the terms may change; between two of them it is the same."""
    days = {row.valid_from for row in terms.rates} | {row.valid_to for row in terms.rates if row.valid_to}
    spans = [(terms.starts_on, terms.ends_on), *((line.starts_on, line.ends_on) for line in terms.lines)]
    days |= {start for start, _ in spans if start} | {end + DAY for _, end in spans if end}
    for quote in (quote for _, some in terms.quotes or () for quote in some):
        days |= {quote.on, quote.on + DAY * (terms.fx_max_age_days + 1)}
    days |= {turn for day in terms.charging.days for turn in (day, day + DAY)}
    return sorted(days)
