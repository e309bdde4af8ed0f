"""The formulas of the measures (billing.md §4), over values: the reports, the close and the scenarios of finance share
them, so that a figure means the same wherever it stands.

Exact, and rounded by whoever shows them. A share is a part of one (0.0140 is 1.40 %). None where there is nothing to
divide by: nobody can know then, and it is no nought.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from integration_hub.kernel.money import ZERO

YEAR = Decimal(365)


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """One sum by another."""
    return part / whole if whole else None


# -- what stands ---------------------------------------------------------------------------------------------------


def wip(*states: Decimal) -> Decimal:
    """Money at bill rate: work in any state on its way to an invoice. Source: decisions."""
    return sum(states, ZERO)


def unbilled_ready(billable: Decimal, reserved: Decimal) -> Decimal:
    """Money that could be invoiced today. Source: decisions."""
    return billable + reserved


def contract_asset(revenue: Decimal, billed: Decimal) -> Decimal:
    """Money earned and not billed yet, of one contract, both cumulative. Source: revenue, posted documents."""
    return max(ZERO, revenue - billed)


def contract_liability(revenue: Decimal, billed: Decimal, retainers: Decimal) -> Decimal:
    """Money billed ahead of the work, of one contract, with its retainers. Source: as of the asset."""
    return max(ZERO, billed - revenue) + retainers


def backlog(price: Decimal, revenue: Decimal) -> Decimal:
    """Money contracted on firm lines and not earned yet. Source: versions, revenue."""
    return price - revenue


def exposure(receivable: Decimal, wip_value: Decimal) -> Decimal:
    """Money a customer may still fail to pay: invoiced and not. Source: the ERP's receivables, decisions."""
    return receivable + wip_value


def credit_left(limit: Decimal, exposed: Decimal) -> Decimal:
    """Money of a customer's credit limit that is left; below nought what is over it."""
    return limit - exposed


# -- days ----------------------------------------------------------------------------------------------------------


def dso(receivable: Decimal, sales: Decimal, days: Decimal) -> Decimal | None:
    """Days of credit sales that are owed: average receivable by the sales of the period, times its days, not the
    count-back. Source: the ERP's receivables.
    """
    return share(receivable * days, sales)


def wip_days(wip_value: Decimal, fees: Decimal) -> Decimal | None:
    """Days of fees that are worked and not billed, by the fees of twelve months. Source: decisions, posted."""
    return share(wip_value * YEAR, fees)


def debtor_days(receivable: Decimal, fees: Decimal) -> Decimal | None:
    """Days of fees that are billed and not paid, by the fees of twelve months. Source: receivables, posted."""
    return share(receivable * YEAR, fees)


def lock_up_days(of_wip: Decimal, of_debtors: Decimal) -> Decimal:
    """Days from the work to the cash: WIP days and debtor days, added before anything is rounded."""
    return of_wip + of_debtors


def mean_days(waiting: Decimal, money: Decimal) -> Decimal | None:
    """Mean of days that is weighed with money: Σ money × days by Σ money. From service to invoice it is the time to
    bill (source: pieces), of open cases the age of exceptions (source: cases).
    """
    return share(waiting, money)


# -- people and prices ---------------------------------------------------------------------------------------------


def available_hours(capacity: Decimal, leave: Decimal, holidays: Decimal) -> Decimal:
    """Hours that are there to be worked. Source: calendars."""
    return capacity - leave - holidays


def utilisation(billable: Decimal, available: Decimal) -> Decimal | None:
    """Share of the available hours that is billable. Source: time, calendars."""
    return share(billable, available)


def billable_mix(billable: Decimal, worked: Decimal) -> Decimal | None:
    """Share of the worked hours that is billable. Source: time."""
    return share(billable, worked)


def billing_realisation(billed: Decimal, standard_value: Decimal) -> Decimal | None:
    """Share of the standard value of work that is billed for that same work. Source: posted, standard card."""
    return share(billed, standard_value)


def rate_realisation(billed: Decimal, standard_billed: Decimal) -> Decimal | None:
    """Share of the standard price that billed hours bring: billed by their hours at standard rate. It shows discounts.

    Source: posted, standard card.
    """
    return share(billed, standard_billed)


def collection_realisation(applied: Decimal, billed: Decimal) -> Decimal | None:
    """Share of what is billed that is paid. Source: payments."""
    return share(applied, billed)


def total_realisation(applied: Decimal, standard_value: Decimal) -> Decimal | None:
    """Share of the standard value that is paid: billing times collection realisation, in which billed cancels out."""
    return share(applied, standard_value)


# -- margin --------------------------------------------------------------------------------------------------------


def margin(revenue: Decimal, cost: Decimal) -> Decimal:
    """Money left of revenue after direct costs: labour at cost, expenses, subcontractors, transfer prices."""
    return revenue - cost


def margin_share(revenue: Decimal, cost: Decimal) -> Decimal | None:
    """The same as a share of revenue. Source: revenue, costs."""
    return share(margin(revenue, cost), revenue)


def margin_at_completion(price: Decimal, estimate: Decimal) -> Decimal | None:
    """Share of a fixed price that is left after what all of it is estimated to cost (EAC)."""
    return share(price - estimate, price)


# -- what is lost --------------------------------------------------------------------------------------------------


def leaked(standard_value: Decimal, billed: Decimal, written_off: Decimal, still_open: Decimal) -> Decimal:
    """Money of approved chargeable work that is neither billed nor written off with approval nor open.

    Source: decisions.
    """
    return standard_value - billed - written_off - still_open


def leakage(standard_value: Decimal, billed: Decimal, written_off: Decimal, still_open: Decimal) -> Decimal | None:
    """The same as a share of the standard value."""
    return share(leaked(standard_value, billed, written_off, still_open), standard_value)


def write_off_rate(written_off: Decimal, standard_value: Decimal) -> Decimal | None:
    """Share of the standard value that is written down and off before the invoice. Source: decisions."""
    return share(written_off, standard_value)


def bad_debt_rate(written_off: Decimal, billed: Decimal) -> Decimal | None:
    """Share of what is billed that is written off after the invoice, told apart from the above. Source: receivables."""
    return share(written_off, billed)


# -- how well it runs ----------------------------------------------------------------------------------------------


def touchless(untouched: Decimal, posted: Decimal) -> Decimal | None:
    """Share of posted pieces that nobody touched after their approval in the source, by count or by money.

    Source: audit events.
    """
    return share(untouched, posted)


def first_time_right(right: Decimal, invoices: Decimal) -> Decimal | None:
    """Share of invoices without credit, dispute or refusal within 90 days. Source: documents."""
    return share(right, invoices)


def exception_rate(ever_blocked: Decimal, pieces: Decimal) -> Decimal | None:
    """Share of pieces that were ever blocked. Source: decisions."""
    return share(ever_blocked, pieces)


def self_healed(healed: Decimal, ever_blocked: Decimal) -> Decimal | None:
    """Share of those that came right without a person. Source: cases."""
    return share(healed, ever_blocked)


def accrual_error(accrued: Decimal, actual: Decimal) -> Decimal | None:
    """How far an accrual at the close was from what came later, as a share of that, whichever way. Source: revenue."""
    return share(abs(accrued - actual), abs(actual))


def close_readiness(passing: Decimal, due: Decimal) -> Decimal | None:
    """Share of the money due that passes all checks. Source: readiness."""
    return share(passing, due)


def reconciliation_coverage(agreed: Decimal, posted: Decimal) -> Decimal | None:
    """Share of the posted money of which total, tax and payment agree with the ERP today. Source: reconciliation."""
    return share(agreed, posted)


def sla_hit(in_time: Decimal, cases: Decimal) -> Decimal | None:
    """Share of cases closed within their clock. Source: cases."""
    return share(in_time, cases)


# -- over many rows ------------------------------------------------------------------------------------------------


def weighed_days(rows: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The mean that is weighed with money, over rows of (money, days)."""
    pairs = list(rows)
    return mean_days(sum((money * days for money, days in pairs), ZERO), sum((money for money, _ in pairs), ZERO))


def percentile(values: Iterable[Decimal], part: Decimal) -> Decimal | None:
    """The value below which a part of all lies, between two neighbours in proportion, as PostgreSQL's percentile_cont:
    the cycle of invoices by its median and by its ninetieth of a hundred. Unit: that of the values.
    """
    ranked = sorted(values)
    if not ranked:
        return None
    place = part * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def count_back(receivable: Decimal, sales: Sequence[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Days of sales that are owed by the count-back: periods (sales, days), the latest first, are taken off what is
    owed as long as they fit, the last in part. None where all of them together do not reach.
    """
    found = ZERO
    for sold, days in sales:
        if receivable <= sold:
            return found + (days * receivable / sold if sold else ZERO)
        found, receivable = found + days, receivable - sold
    return None
