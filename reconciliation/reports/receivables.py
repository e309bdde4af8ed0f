"""Measures of what was invoiced: how long clients take to pay, and how much of it they pay."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, DateField, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest, TruncMonth
from django.urls import reverse

from billing.models import CreditApplication, Invoice, PaymentApplication
from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.reports.measures import (
    COUNT,
    Asked,
    Figure,
    Key,
    Line,
    Measure,
    Month,
    Sums,
    by,
    months_of,
    summed,
)
from reconciliation.reports.work import balances

BY = ("legal_entity__code", "bill_to__customer__code", "bill_to__customer__name", "currency")


def _invoices(asked: Asked) -> "QuerySet[Any]":
    rows = Invoice.objects.filter(invoice_date__lte=asked.end)
    return asked.rows(rows, customer="bill_to__customer")


def _settling(asked: Asked) -> list["QuerySet[Any]"]:
    """Payments and credits that stand, on those invoices, each with the day `on` from which it lowers what is open."""
    invoices = _invoices(asked).values("pk")
    return [
        model.objects.filter(stands=True, invoice__in=invoices)
        .annotate(on=Greatest(F(day), F("invoice__invoice_date"), output_field=DateField()))
        .filter(on__lte=asked.end)
        .order_by()
        for model, day in ((PaymentApplication, "payment__received_on"), (CreditApplication, "memo__issued_on"))
    ]


def _key(row: Mapping[str, Any], path: str = "") -> Key:
    return Key(*(row[f"{path}{name}"] for name in BY))


def _address(key: Key, **filters: Any) -> str:
    wanted = {"legal_entity": key.legal_entity, "customer": key.code, "currency": key.currency, **filters}
    return f"{reverse('billing:invoice-list')}?{urlencode(wanted, doseq=True)}"


# -- DSO ---------------------------------------------------------------------------------------------------------


def _dso_lines(asked: Asked) -> list[Line]:
    before, inside = Q(invoice_date__lt=asked.start), Q(invoice_date__gte=asked.start)
    found: dict[Key, dict[str, Decimal]] = {}
    for row in _invoices(asked).values(*BY).annotate(
        opening=Coalesce(Sum("gross", filter=before), ZERO),
        closing=Coalesce(Sum("gross"), ZERO),
        billed=Coalesce(Sum("gross", filter=inside), ZERO),
        count=Count("pk"),
    ):  # fmt: skip
        found[_key(row)] = {name: Decimal(row[name]) for name in ("opening", "closing", "billed", COUNT)}
    for rows in _settling(asked):
        paths = [f"invoice__{name}" for name in BY]
        for row in rows.values(*paths).annotate(
            opening=Coalesce(Sum("amount", filter=Q(on__lt=asked.start)), ZERO), closing=Coalesce(Sum("amount"), ZERO)
        ):
            sums = found[_key(row, "invoice__")]
            sums["opening"] -= row["opening"]
            sums["closing"] -= row["closing"]
    return [
        Line(key, _average(sums, asked.days), _address(key, invoice_date_before=asked.end.isoformat()))
        for key, sums in sorted(found.items(), key=lambda pair: _order(pair[0]))
    ]


def _order(key: Key) -> tuple[str, ...]:
    return key.legal_entity, key.code, key.currency


def _average(sums: Mapping[str, Decimal], days: int) -> Sums:
    """With the average receivable times the days of the period, which can be added up."""
    return {**sums, "average_days": (sums["opening"] + sums["closing"]) / 2 * days}


def _dso_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    """Balances at the end of each month, then what was billed in it and its average receivable."""
    billed = _invoices(asked).values(by_currency=F("currency"), by_month=TruncMonth("invoice_date"))
    billed_rows = list(billed.annotate(closing=Sum("gross")))
    settled = [
        rows.values(by_currency=F("invoice__currency"), by_month=TruncMonth("on")).annotate(closing=-Sum("amount"))
        for rows in _settling(asked)
    ]
    ends = balances([billed_rows, *settled], asked)
    in_month = {(row["by_currency"], row["by_month"]): row["closing"] for row in billed_rows}
    found: dict[str, dict[Month, Sums]] = {}
    for currency, by_month in ends.items():
        opening = ZERO
        for place, month in enumerate(months_of(asked)):
            closing = by_month[month].get("closing", ZERO)
            if place:
                sums = {"opening": opening, "closing": closing, "billed": in_month.get((currency, month), ZERO)}
                found.setdefault(currency, {})[month] = _average(sums, _days_in(month, asked.end))
            opening = closing
    return found


def _days_in(month: date, end: date) -> int:
    """Days of a month; of the last one up to the end of the period."""
    last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return (min(last, end) - month).days + 1


def _dso(sums: Sums) -> Decimal | None:
    return formulas.dso(sums.get("average_days", ZERO), sums.get("billed", ZERO), Decimal(1))  # times its days already


DSO = Measure(
    slug="dso",
    title="Days sales outstanding",
    question="How many days of sales do clients owe?",
    formula="Average of what was open before the first day and at the end of the last, divided by what was invoiced in "
    "the period, times its days; with tax. Open: invoices by their date, less payments and credits that stand, by "
    "theirs.",
    version=1,
    counted="invoices",
    permission="billing.view_invoice",
    figures=(
        Figure("opening", "Open before", "money", summed("opening")),
        Figure("closing", "Open at the end", "money", summed("closing")),
        Figure("billed", "Invoiced", "money", summed("billed")),
        Figure("dso", "Days", "number", _dso, leading=True),
    ),
    lines=_dso_lines,
    months=_dso_months,
    notes=(
        "The method is that of the average balance, not the count-back.",
        "A month in which nothing was invoiced has no figure.",
    ),
)


# -- collection --------------------------------------------------------------------------------------------------


def _collected(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    left = Sum(F("gross") - F("paid") - F("credited"))
    found: QuerySet[Any] = rows.annotate(
        billed=Sum("gross"), received=Sum("paid"), conceded=Sum("credited"), left=left, count=Count("pk")
    )
    return found


def _collection_lines(asked: Asked) -> list[Line]:
    rows = _collected(_invoices(asked).filter(invoice_date__gte=asked.start).values(*BY)).order_by(*BY)
    period = {"invoice_date_after": asked.start.isoformat(), "invoice_date_before": asked.end.isoformat()}
    return [Line(_key(row), _numbers(row), _address(_key(row), **period)) for row in rows]


def _collection_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    rows = _invoices(asked).filter(invoice_date__gte=months_of(asked)[0])
    found: dict[str, dict[Month, Sums]] = {}
    for row in _collected(rows.values("currency", by_month=TruncMonth("invoice_date"))):
        found.setdefault(row["currency"], {})[row["by_month"]] = _numbers(row)
    return found


def _numbers(row: Mapping[str, Any], names: Iterable[str] = ("billed", "received", "conceded", "left", COUNT)) -> Sums:
    return {name: Decimal(row[name] or 0) for name in names}


COLLECTION = Measure(
    slug="collection",
    title="Collection realisation",
    question="How much of what was invoiced was paid?",
    formula="Payments that stand on the invoices dated in the period, whenever they came in, divided by the gross of "
    "these invoices.",
    version=1,
    counted="invoices",
    permission="billing.view_invoice",
    figures=(
        Figure("billed", "Invoiced", "money", summed("billed")),
        Figure("received", "Paid", "money", summed("received")),
        Figure("conceded", "Credited", "money", summed("conceded")),
        Figure("left", "Open", "money", summed("left")),
        Figure(
            "collection",
            "Paid of invoiced",
            "percent",
            by(formulas.collection_realisation, "received", "billed"),
            leading=True,
        ),
    ),
    lines=_collection_lines,
    months=_collection_months,
    notes=("Paid and credited are as known now, so that the figure of a past month still grows.",),
)
