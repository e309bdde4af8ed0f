"""What payments and credits settle of an invoice (billing.md R20, R25): never more than it, never more than they hold.

What does not fit is not taken in part, because nobody said which part: it is refused with the reason, and a person
looks at it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from integration_hub.kernel.money import ZERO, show

SHORT_AMOUNT = Decimal(1)
SHORT_SHARE = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Part of a payment or credit memo that its source applied to one invoice.

    `turn` orders those that do not stand yet, and no two are alike; `held` is what the document has in all, `claimed`
    the sum of all its applications, to whatever invoice.
    """

    turn: tuple[date, str, int]
    amount: Decimal
    currency: str
    held: Decimal
    claimed: Decimal
    stands: bool = False


def refusals(*, gross: Decimal, currency: str, claims: Iterable[Claim]) -> dict[Claim, str]:
    """Why each claim on an invoice is refused; empty for those that stand. What stands already comes first."""
    left, answers = gross, {}
    for claim in sorted(claims, key=lambda claim: (not claim.stands, claim.turn)):
        answers[claim] = reason = _refusal(claim, left, currency)
        left -= ZERO if reason else claim.amount
    return answers


def _refusal(claim: Claim, left: Decimal, currency: str) -> str:
    if claim.currency != currency:
        return f"It is in {claim.currency}, the invoice in {currency}."
    if claim.claimed > claim.held:
        claimed, held = show(claim.claimed, claim.currency), show(claim.held, claim.currency)
        return f"{claimed} of it are applied in all, and it is only {held}."
    if claim.amount > left:
        return f"{show(claim.amount, currency)} applied where {show(left, currency)} are open."
    return ""


def is_short(*, gross: Decimal, paid: Decimal, credited: Decimal) -> bool:
    """Whether somebody paid part of an invoice and left more than the tolerance: 1.00 or 0.1 %, whichever is lower."""
    left = gross - paid - credited
    return paid > 0 and left > min(SHORT_AMOUNT, gross * SHORT_SHARE)
