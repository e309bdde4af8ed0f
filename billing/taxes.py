"""Why the tax on the lines and the tax engine's figure differ by cents, told from the figures themselves."""

from decimal import Decimal
from typing import cast

from billing.engine.documents import TaxLevel, share_tax
from billing.engine.readiness import tolerance
from billing.models import TaxDetermination
from integration_hub.kernel.money import ZERO, Rounding, show

LEVELS: tuple[TaxLevel, ...] = ("line", "invoice")
ROUNDED = {"line": "rounded on each line and added up", "invoice": "rounded once per rate for the whole document"}


def of_candidate(candidate_id: int) -> TaxDetermination | None:
    """What the engine said about a candidate, None when it has not answered."""
    return TaxDetermination.objects.select_related("candidate__legal_entity").filter(candidate=candidate_id).first()


def difference(tax: TaxDetermination | None) -> str:
    """Why both figures are right, or that rounding does not explain it; empty when they agree. One query at most."""
    if tax is None or tax.estimate is None or tax.estimate == tax.tax:
        return ""
    lines = list(tax.candidate.lines.order_by("number"))
    apart = abs(tax.estimate - tax.tax)
    gap = show(apart, tax.currency)
    if apart > tolerance(len(lines)):
        return f"They differ by {gap}, which is more than rounding explains."
    totals = _totals(tax, [(line.net, line.tax_rate or ZERO) for line in lines])
    ours, theirs = (_level(totals, figure) for figure in (tax.estimate, tax.tax))
    if ours and theirs:
        return (
            f"They differ by {gap} because of rounding: on the lines the tax is {ROUNDED[ours]}, as the client's "
            f"bill-to asks; the engine's figure is {ROUNDED[theirs]}. The invoice carries the tax on the lines."
        )
    return (
        f"They differ by {gap}, which rounding on {len(lines)} line{'s' if len(lines) != 1 else ''} can make. "
        "The invoice carries the tax on the lines."
    )


def _totals(tax: TaxDetermination, bases: list[tuple[Decimal, Decimal]]) -> dict[TaxLevel, Decimal]:
    """What the tax comes to, rounded either way."""
    rounding = cast(Rounding, tax.candidate.legal_entity.rounding)
    return {
        level: sum(share_tax(bases, level=level, currency=tax.currency, rounding=rounding), ZERO) for level in LEVELS
    }


def _level(totals: dict[TaxLevel, Decimal], figure: Decimal) -> TaxLevel | None:
    return next((level for level, total in totals.items() if total == figure), None)
