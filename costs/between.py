"""What the borrower, the lender and the group make of a charge: read anew, from what is stored of the work."""

from django.db.models import QuerySet

from billing.engine.intercompany import Sums, Views, views
from contracts.costing import cost_of, cost_rates
from costs.actions.intercompany import bills, converter
from costs.models import IntercompanyCharge
from integration_hub.kernel.money import ZERO, Rounding, round_money
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q


def charges_for(user: User) -> "QuerySet[IntercompanyCharge]":
    """The charges a person may see: who works for the lender or the borrower does."""
    either = scope_q(user, "lender__code") | scope_q(user, "borrower__code")
    rows = IntercompanyCharge.objects.filter(either)
    return rows.select_related("lender", "borrower", "project", "resource", "transfer_price", "event")


def views_of(row: IntercompanyCharge, *, group_currency: str = "") -> Views | None:
    """The three views of a current charge, the group's in the borrower's currency unless another is named.

    None where the work has no price, the lender no cost rate, or an exchange rate is missing.
    """
    found = bills([row.work_key]).get(row.work_key)
    rate = cost_rates([row.lender_id]).of(
        legal_entity=row.lender_id, resource=row.resource.code, role=row.role, vendor=row.resource.vendor,
        on=row.service_date,
    )  # fmt: skip
    if not row.is_current or found is None or rate is None:
        return None
    bill, bill_currency = found
    lending: Rounding = row.lender.rounding  # type: ignore[assignment]
    borrowing: Rounding = row.borrower.rounding  # type: ignore[assignment]
    sums = Sums(
        revenue=round_money(bill or ZERO, bill_currency, borrowing), revenue_currency=bill_currency,
        charge=row.amount, charge_currency=row.currency,
        cost=cost_of(row.minutes, rate, lending), cost_currency=rate.currency,
    )  # fmt: skip
    return views(
        sums, lending_currency=row.lender.currency, group_currency=group_currency or row.borrower.currency,
        convert=converter(row.service_date, None),
    )  # fmt: skip
