"""Measures of delivered work: what is not billed yet, and how long billing takes."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, DateField, F, Func, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest, TruncMonth

from billing.sheets import in_currency
from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.reports.measures import (
    Asked,
    Figure,
    Line,
    Measure,
    Month,
    Sums,
    by,
    by_month,
    cumulated,
    months_of,
    summed,
    sums_of,
)
from reconciliation.reports.pieces import CUTS, KEYS, LEFT, OPEN, POSTED_ON, grouped, pieces, work_lines


def _pieces(asked: Asked) -> "QuerySet[Any]":
    return pieces(asked).filter(event__service_date__lte=asked.end)


# -- WIP ---------------------------------------------------------------------------------------------------------


def _wip(asked: Asked) -> "QuerySet[Any]":
    rows: QuerySet[Any] = _pieces(asked).annotate(posted_on=POSTED_ON)
    return rows.filter(Q(state__in=OPEN) | Q(state__in=LEFT, posted_on__gt=asked.end))


def _wip_lines(asked: Asked) -> list[Line]:
    def of(*states: str) -> Coalesce:
        return Coalesce(Sum("amount", filter=Q(state__in=states)), ZERO)

    cut = WIP.cut(asked)
    rows = grouped(_wip(asked), cut).annotate(
        ready=of("billable", "reserved", *LEFT), blocked=of("blocked"), held=of("held"), postponed=of("postponed"),
        wip=Coalesce(Sum("amount"), ZERO), minutes=Sum("minutes"), count=Count("pk"),
        unpriced=Count("pk", filter=Q(amount__isnull=True)),
    )  # fmt: skip
    return work_lines(cut, rows.order_by(*KEYS), state=OPEN, service_date_before=asked.end.isoformat())


def _wip_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    """What came in by its day of service, less what went out by its posting."""
    rows = _pieces(asked).filter(state__in=(*OPEN, *LEFT)).exclude(currency="")
    came = rows.values(by_currency=in_currency(), by_month=TruncMonth("event__service_date")).annotate(
        wip=Sum("amount")
    )
    gone = (
        rows.filter(state__in=LEFT)
        .annotate(gone_on=Greatest(POSTED_ON, F("event__service_date"), output_field=DateField()))
        .filter(gone_on__lte=asked.end)
        .values(by_currency=in_currency(), by_month=TruncMonth("gone_on"))
        .annotate(wip=-Sum("amount"))
    )
    return balances([came, gone], asked)


def balances(moves: Iterable[Iterable[Mapping[str, Any]]], asked: Asked) -> dict[str, dict[Month, Sums]]:
    """Balances by currency and month from grouped moves; each move a sum by `by_currency` and `by_month`."""
    found: dict[str, dict[date, dict[str, Decimal]]] = {}
    for rows in moves:
        for row in rows:
            sums = found.setdefault(row["by_currency"], {}).setdefault(row["by_month"], {})
            for name, amount in sums_of(row).items():
                sums[name] = sums.get(name, ZERO) + amount
    return {currency: cumulated(moved, months_of(asked)) for currency, moved in found.items()}


def _hours(sums: Sums) -> Decimal:
    return sums.get("minutes", ZERO) / 60


WIP = Measure(
    slug="wip",
    title="Work not billed yet",
    question="What was delivered and is not on a posted invoice: what could go out today, and what stops the rest?",
    formula="Sum of the value, at bill rate, of current pieces of work done up to the last day and not posted by it. "
    "Ready: billable or in a candidate. Blocked, held, postponed: by their state. Over the cap, included in a fixed "
    "price, not billable and written off are not in it.",
    version=1,
    counted="pieces of work",
    permission="billing.view_piece",
    is_balance=True,
    cuts=CUTS,
    figures=(
        Figure("ready", "Ready", "money", summed("ready")),
        Figure("blocked", "Blocked", "money", summed("blocked")),
        Figure("held", "Held", "money", summed("held")),
        Figure("postponed", "Postponed", "money", summed("postponed")),
        Figure("wip", "In all", "money", summed("wip"), leading=True),
        Figure("hours", "Hours", "hours", _hours),
        Figure("unpriced", "Without a price", "number", summed("unpriced")),
    ),
    lines=_wip_lines,
    months=_wip_months,
    notes=(
        "The states are those of now: what was posted after the last day counts as ready.",
        "Pieces without a price are counted, not valued.",
    ),
)


# -- time to bill ------------------------------------------------------------------------------------------------


class _Days(Func):
    """Days from one date to a later one."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


def _billed(asked: Asked) -> "QuerySet[Any]":
    rows = pieces(asked).filter(state__in=LEFT, corrects__isnull=True, net__gt=0).annotate(posted_on=POSTED_ON)
    waited: QuerySet[Any] = rows.annotate(waited=_Days(F("posted_on"), F("event__service_date")))
    return waited


def _weighed(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    sums = {"billed": Sum("net"), "waiting": Sum(F("net") * F("waited")), "count": Count("pk")}
    weighed: QuerySet[Any] = rows.annotate(**sums)
    return weighed


def _waiting_lines(asked: Asked) -> list[Line]:
    cut = TIME_TO_BILL.cut(asked)
    rows = _weighed(grouped(_billed(asked).filter(posted_on__range=(asked.start, asked.end)), cut))
    return work_lines(cut, rows.order_by(*KEYS), state=LEFT)


def _waiting_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    first = months_of(asked)[0]
    rows = _billed(asked).filter(posted_on__range=(first, asked.end))
    return by_month(_weighed(rows.values(by_currency=in_currency(), by_month=TruncMonth("posted_on"))))


TIME_TO_BILL = Measure(
    slug="time-to-bill",
    title="Time to bill",
    question="How many days after the work is its invoice posted?",
    formula="Mean of the days from the day of service to the day the ERP confirmed the invoice, over the pieces posted "
    "in the period, each weighed with its net. Billed before the service counts below nought.",
    version=1,
    counted="posted pieces of work",
    permission="billing.view_piece",
    cuts=CUTS,
    figures=(
        Figure("billed", "Billed net", "money", summed("billed")),
        Figure("days", "Days", "number", by(formulas.mean_days, "waiting", "billed"), leading=True),
    ),
    lines=_waiting_lines,
    months=_waiting_months,
    notes=("It is not split into the lags of entry, approval, exception and review: their moments are not all kept.",),
)
