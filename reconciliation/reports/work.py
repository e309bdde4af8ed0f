"""Measures of delivered work: what is not billed yet, how long billing takes, what slips away unseen."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, DateField, F, Func, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest, TruncDate, TruncMonth
from django.urls import reverse

from billing.models import Piece
from integration_hub.kernel.money import ZERO
from reconciliation.reports.measures import (
    Asked,
    Figure,
    Key,
    Line,
    Measure,
    Month,
    Sums,
    cumulated,
    months_of,
    ratio,
    summed,
)

CUSTOMER = "contract__customer"
OPEN = ("blocked", "held", "billable", "reserved", "postponed")
LEFT = ("posted", "corrected")
POSTED_ON = Coalesce(
    TruncDate("candidate_line__candidate__invoice__posted_at"),
    TruncDate("candidate_line__candidate__credit_memo__created_at"),
    output_field=DateField(),
)
"""The day on which the ERP confirmed the document that a piece is on."""
BY = ("legal_entity__code", "contract__customer__code", "contract__customer__name", "currency")


def _pieces(asked: Asked) -> "QuerySet[Any]":
    rows = Piece.objects.filter(is_current=True, event__service_date__lte=asked.end)
    return asked.rows(rows, customer=CUSTOMER)


def _lines(rows: Iterable[Mapping[str, Any]], address: str, **filters: Any) -> list[Line]:
    return [_line(row, address, filters) for row in rows]


def _line(row: Mapping[str, Any], address: str, filters: Mapping[str, Any]) -> Line:
    code = row["contract__customer__code"] or ""
    key = Key(row["legal_entity__code"] or "", code, row["contract__customer__name"] or "No contract", row["currency"])
    narrowed = {"legal_entity": key.legal_entity, "customer": code, "currency": key.currency, **filters}
    query = urlencode({name: value for name, value in narrowed.items() if value}, doseq=True)
    return Line(key, sums_of(row), f"{reverse(address)}?{query}")


def sums_of(row: Mapping[str, Any]) -> Sums:
    """The sums of a grouped row: everything that is a number."""
    return {name: Decimal(value or 0) for name, value in row.items() if name not in BY and not name.startswith("by_")}


# -- WIP ---------------------------------------------------------------------------------------------------------


def _wip(asked: Asked) -> "QuerySet[Any]":
    rows: QuerySet[Any] = _pieces(asked).annotate(posted_on=POSTED_ON)
    return rows.filter(Q(state__in=OPEN) | Q(state__in=LEFT, posted_on__gt=asked.end))


def _wip_lines(asked: Asked) -> list[Line]:
    def of(*states: str) -> Coalesce:
        return Coalesce(Sum("amount", filter=Q(state__in=states)), ZERO)

    rows = _wip(asked).values(*BY).annotate(
        ready=of("billable", "reserved", *LEFT), blocked=of("blocked"), held=of("held"), postponed=of("postponed"),
        wip=Coalesce(Sum("amount"), ZERO), minutes=Sum("minutes"), count=Count("pk"),
        unpriced=Count("pk", filter=Q(amount__isnull=True)),
    )  # fmt: skip
    return _lines(rows.order_by(*BY), "billing:work-list", state=OPEN, service_date_before=asked.end.isoformat())


def _wip_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    """What came in by its day of service, less what went out by its posting."""
    rows = _pieces(asked).filter(state__in=(*OPEN, *LEFT)).exclude(currency="")
    came = rows.values("currency", by_month=TruncMonth("event__service_date")).annotate(wip=Sum("amount"))
    gone = (
        rows.filter(state__in=LEFT)
        .annotate(gone_on=Greatest(POSTED_ON, F("event__service_date"), output_field=DateField()))
        .filter(gone_on__lte=asked.end)
        .values("currency", by_month=TruncMonth("gone_on"))
        .annotate(wip=-Sum("amount"))
    )
    return balances([came, gone], asked)


def balances(moves: Iterable[Iterable[Mapping[str, Any]]], asked: Asked) -> dict[str, dict[Month, Sums]]:
    """Balances by currency and month from grouped moves; each move a sum by `currency` and `by_month`."""
    found: dict[str, dict[date, dict[str, Decimal]]] = {}
    for rows in moves:
        for row in rows:
            sums = found.setdefault(row["currency"], {}).setdefault(row["by_month"], {})
            for name, amount in sums_of(row).items():
                sums[name] = sums.get(name, ZERO) + amount
    return {currency: cumulated(by_month, months_of(asked)) for currency, by_month in found.items()}


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
    rows = Piece.objects.filter(is_current=True, state__in=LEFT, corrects__isnull=True, net__gt=0)
    rows = asked.rows(rows, customer=CUSTOMER).annotate(posted_on=POSTED_ON)
    waited: QuerySet[Any] = rows.annotate(waited=_Days(F("posted_on"), F("event__service_date")))
    return waited


def _weighed(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    sums = {"billed": Sum("net"), "waiting": Sum(F("net") * F("waited")), "count": Count("pk")}
    weighed: QuerySet[Any] = rows.annotate(**sums)
    return weighed


def _waiting_lines(asked: Asked) -> list[Line]:
    rows = _weighed(_billed(asked).filter(posted_on__range=(asked.start, asked.end)).values(*BY))
    return _lines(rows.order_by(*BY), "billing:work-list", state=LEFT)


def _waiting_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    first = months_of(asked)[0]
    rows = _billed(asked).filter(posted_on__range=(first, asked.end))
    found: dict[str, dict[Month, Sums]] = {}
    for row in _weighed(rows.values("currency", by_month=TruncMonth("posted_on"))):
        found.setdefault(row["currency"], {})[row["by_month"]] = sums_of(row)
    return found


TIME_TO_BILL = Measure(
    slug="time-to-bill",
    title="Time to bill",
    question="How many days after the work is its invoice posted?",
    formula="Mean of the days from the day of service to the day the ERP confirmed the invoice, over the pieces posted "
    "in the period, each weighed with its net. Billed before the service counts below nought.",
    version=1,
    counted="posted pieces of work",
    permission="billing.view_piece",
    figures=(
        Figure("billed", "Billed net", "money", summed("billed")),
        Figure("days", "Days", "number", ratio("waiting", "billed"), leading=True),
    ),
    lines=_waiting_lines,
    months=_waiting_months,
    notes=("It is not split into the lags of entry, approval, exception and review: their moments are not all kept.",),
)


# -- silent leakage ----------------------------------------------------------------------------------------------

UNMAPPED = ("CONTRACT_MISSING", "MAP_MISSING", "MAP_AMBIGUOUS")
UNPRICED = ("RATE_MISSING", "RATE_AMBIGUOUS", "ROLE_MISSING")
_FREE = Q(state__in=("billable", "reserved", *LEFT), event__kind="time", amount=0, minutes__gt=0)


def _slipping(asked: Asked) -> "QuerySet[Any]":
    rows = _pieces(asked).filter(event__approval="approved", event__chargeable=True)
    unmapped, unpriced = (Q(state="blocked", codes__overlap=list(codes)) for codes in (UNMAPPED, UNPRICED))
    return rows.filter(Q(state="over_cap") | unmapped | unpriced | _FREE)


def _sums_of_slipping(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    def minutes(which: Q) -> Coalesce:
        return Coalesce(Sum("minutes", filter=which), ZERO)

    found: QuerySet[Any] = rows.annotate(
        over_cap=Coalesce(Sum("amount", filter=Q(state="over_cap")), ZERO),
        unmapped=minutes(Q(state="blocked", codes__overlap=list(UNMAPPED))),
        unpriced=minutes(Q(state="blocked", codes__overlap=list(UNPRICED))),
        free=minutes(_FREE),
        count=Count("pk"),
    )
    return found


def _leakage_lines(asked: Asked) -> list[Line]:
    rows = _sums_of_slipping(_slipping(asked).values(*BY)).order_by(*BY)
    before = asked.end.isoformat()
    return _lines(rows, "billing:work-list", state=("over_cap", "blocked"), service_date_before=before)


def _leakage_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    rows = _slipping(asked).exclude(currency="")
    return balances([_sums_of_slipping(rows.values("currency", by_month=TruncMonth("event__service_date")))], asked)


def _in_hours(name: str) -> Any:
    return lambda sums: sums.get(name, ZERO) / 60


LEAKAGE = Measure(
    slug="silent-leakage",
    title="Silent leakage",
    question="Which approved, chargeable work slips away without anybody having decided so?",
    formula="Approved chargeable work done up to the last day that is over a limit and not disposed of (its value), "
    "that no contract or line takes, that has no price, or that was priced at nothing (its hours).",
    version=1,
    counted="pieces of work",
    permission="billing.view_piece",
    is_balance=True,
    figures=(
        Figure("over_cap", "Over the cap", "money", summed("over_cap"), leading=True),
        Figure("unmapped", "No line takes it", "hours", _in_hours("unmapped")),
        Figure("unpriced", "Without a price", "hours", _in_hours("unpriced")),
        Figure("free", "Priced at nothing", "hours", _in_hours("free")),
    ),
    lines=_leakage_lines,
    months=_leakage_months,
    notes=("Leakage against a standard price is not measured: there are no standard cards.",),
)
