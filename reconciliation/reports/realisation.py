"""How much of the standard price reaches the invoice, and the bank (billing.md §4, R17)."""

from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, ExpressionWrapper, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from billing.sheets import in_currency
from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.reports.measures import (
    Asked,
    Cut,
    Figure,
    Line,
    Measure,
    Month,
    Sums,
    by,
    by_month,
    months_of,
    ratio,
    summed,
)
from reconciliation.reports.pieces import CUTS, KEYS, LEFT, grouped, period, pieces, work_lines
from reconciliation.reports.standard import EXACT, with_standard

_INVOICE = "candidate_line__candidate__invoice"


def _settled(asked: Asked) -> "QuerySet[Any]":
    """Chargeable time that is billed or written off, with its standard value and its part of what was paid."""
    rows = pieces(asked).filter(
        state__in=(*LEFT, "written_off"), event__kind="time", event__approval="approved", event__chargeable=True
    )
    share = ExpressionWrapper(F("net") * F(f"{_INVOICE}__paid") / F(f"{_INVOICE}__gross"), output_field=EXACT)
    paid = Case(When(**{f"{_INVOICE}__gross__gt": 0}, then=share), default=Value(ZERO), output_field=EXACT)
    return with_standard(rows).annotate(collected_of_it=paid)


def _sums(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    billed, valued = Q(state__in=LEFT), Q(standard__isnull=False)

    def of(name: str, which: Q) -> Coalesce:
        return Coalesce(Sum(name, filter=which), ZERO)

    found: QuerySet[Any] = rows.annotate(
        billed_minutes=of("minutes", billed & valued),
        standard_value=of("standard", valued),
        standard_billed=of("standard", billed & valued),
        billed=of("net", billed & valued),
        collected=of("collected_of_it", billed & valued),
        unvalued=of("minutes", Q(standard__isnull=True)),
        count=Count("pk"),
    )
    return found


def _lines(asked: Asked) -> list[Line]:
    cut: Cut = REALISATION.cut(asked)
    rows = _settled(asked).filter(event__service_date__range=(asked.start, asked.end))
    found = _sums(grouped(rows, cut)).order_by(*KEYS)
    return work_lines(cut, found, state=(*LEFT, "written_off"), kind="time", **period(asked))


def _months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    rows = _settled(asked).filter(event__service_date__range=(months_of(asked)[0], asked.end))
    return by_month(_sums(rows.values(by_currency=in_currency(), by_month=TruncMonth("event__service_date"))))


def _hours(name: str) -> Any:
    return lambda sums: sums.get(name, ZERO) / 60


def _sixty(sums: Sums) -> Decimal:
    return Decimal(60)


REALISATION = Measure(
    slug="realisation",
    title="Billing and rate realisation",
    question="How much of the standard price of delivered hours is billed, and how much of that is paid?",
    formula="Of the chargeable time of the period that is settled, billed or written off. Billing realisation: billed "
    "net by the standard value of all of it. Rate realisation: billed net by the standard value of the billed hours. "
    "Total: what was paid of it, whenever it came in, by the standard value of all. The standard price is that of the "
    "day of service: of the person, else the role, else everybody.",
    version=1,
    counted="pieces of settled time",
    permission="billing.view_piece",
    cuts=CUTS,
    figures=(
        Figure("hours", "Hours billed", "hours", _hours("billed_minutes")),
        Figure("standard_value", "Standard value", "money", summed("standard_value")),
        Figure("billed", "Billed", "money", summed("billed")),
        Figure("collected", "Paid", "money", summed("collected")),
        Figure("standard_rate", "Standard per hour", "money", ratio("standard_billed", "billed_minutes", _sixty)),
        Figure("billed_rate", "Billed per hour", "money", ratio("billed", "billed_minutes", _sixty)),
        Figure(
            "billing",
            "Billing realisation",
            "percent",
            by(formulas.billing_realisation, "billed", "standard_value"),
            leading=True,
        ),
        Figure("rate", "Rate realisation", "percent", by(formulas.rate_realisation, "billed", "standard_billed")),
        Figure("collection", "Paid of billed", "percent", by(formulas.collection_realisation, "collected", "billed")),
        Figure("total", "Total realisation", "percent", by(formulas.total_realisation, "collected", "standard_value")),
        Figure("unvalued", "Without a standard price", "hours", _hours("unvalued")),
    ),
    lines=_lines,
    months=_months,
    notes=(
        "Hours without a standard price are in none of the figures but the last.",
        "Paid: the piece's part of the payments on its invoice, by its net.",
        "A credit counts in the month of the work it takes back.",
    ),
)
