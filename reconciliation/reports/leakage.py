"""Measures of what is lost: silently, and in all."""

from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from billing.sheets import in_currency
from integration_hub.kernel.money import ZERO
from reconciliation.reports import formulas
from reconciliation.reports.measures import Asked, Figure, Line, Measure, Month, Sums, by, by_month, months_of, summed
from reconciliation.reports.pieces import CUTS, KEYS, LEFT, OPEN, grouped, period, pieces, work_lines
from reconciliation.reports.standard import with_standard
from reconciliation.reports.work import balances

UNMAPPED = ("CONTRACT_MISSING", "MAP_MISSING", "MAP_AMBIGUOUS")
UNPRICED = ("RATE_MISSING", "RATE_AMBIGUOUS", "ROLE_MISSING")
BARRED = ("TIME_BARRED",)
_FREE = Q(state__in=("billable", "reserved", *LEFT), event__kind="time", amount=0, minutes__gt=0)


def _blocked(codes: tuple[str, ...]) -> Q:
    return Q(state="blocked", codes__overlap=list(codes))


def _chargeable(asked: Asked) -> "QuerySet[Any]":
    return pieces(asked).filter(event__approval="approved", event__chargeable=True)


# -- silent leakage ----------------------------------------------------------------------------------------------


def _slipping(asked: Asked) -> "QuerySet[Any]":
    rows = _chargeable(asked).filter(event__service_date__lte=asked.end)
    lost = Q(state="over_cap") | _blocked(UNMAPPED) | _blocked(UNPRICED) | _blocked(BARRED) | _FREE
    return rows.filter(lost)


def _sums_of_slipping(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    def minutes(which: Q) -> Coalesce:
        return Coalesce(Sum("minutes", filter=which), ZERO)

    found: QuerySet[Any] = rows.annotate(
        over_cap=Coalesce(Sum("amount", filter=Q(state="over_cap")), ZERO),
        barred=Coalesce(Sum("amount", filter=_blocked(BARRED)), ZERO),
        unmapped=minutes(_blocked(UNMAPPED)),
        unpriced=minutes(_blocked(UNPRICED)),
        free=minutes(_FREE),
        count=Count("pk"),
    )
    return found


def _slipping_lines(asked: Asked) -> list[Line]:
    cut = SILENT.cut(asked)
    rows = _sums_of_slipping(grouped(_slipping(asked), cut)).order_by(*KEYS)
    return work_lines(cut, rows, state=("over_cap", "blocked"), service_date_before=asked.end.isoformat())


def _slipping_months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    rows = _slipping(asked).exclude(currency="")
    moved = rows.values(by_currency=in_currency(), by_month=TruncMonth("event__service_date"))
    return balances([_sums_of_slipping(moved)], asked)


def _in_hours(name: str) -> Any:
    return lambda sums: sums.get(name, ZERO) / 60


SILENT = Measure(
    slug="silent-leakage",
    title="Silent leakage",
    question="Which approved, chargeable work slips away without anybody having decided so?",
    formula="Approved chargeable work done up to the last day that is over a limit and not disposed of, or that came "
    "too late for its client (its value), that no contract or line takes, that has no price, or that was priced at "
    "nothing (its hours).",
    version=2,
    counted="pieces of work",
    permission="billing.view_piece",
    is_balance=True,
    cuts=CUTS,
    figures=(
        Figure("over_cap", "Over the cap", "money", summed("over_cap"), leading=True),
        Figure("barred", "Too late", "money", summed("barred")),
        Figure("unmapped", "No line takes it", "hours", _in_hours("unmapped")),
        Figure("unpriced", "Without a price", "hours", _in_hours("unpriced")),
        Figure("free", "Priced at nothing", "hours", _in_hours("free")),
    ),
    lines=_slipping_lines,
    months=_slipping_months,
    notes=("Leakage is the same against standard prices, beside what is billed, given away and open.",),
)


# -- leakage in all ----------------------------------------------------------------------------------------------

BUCKETS = ("billed", "written_off", "open", "over_cap", "barred", "unmapped", "unpriced", "free")
"""Where performed value is: each piece in exactly one, so that they add up to the whole."""
_BUCKET = Case(
    When(_FREE, then=Value("free")),
    When(state__in=LEFT, then=Value("billed")),
    When(state="written_off", then=Value("written_off")),
    When(state="over_cap", then=Value("over_cap")),
    When(_blocked(BARRED), then=Value("barred")),
    When(_blocked(UNMAPPED), then=Value("unmapped")),
    When(_blocked(UNPRICED), then=Value("unpriced")),
    default=Value("open"),
    output_field=CharField(),
)


def _performed(asked: Asked) -> "QuerySet[Any]":
    """Work with `value`, at the standard price of its day where one holds, else at what it is charged."""
    rows = with_standard(_chargeable(asked).filter(state__in=(*OPEN, *LEFT, "over_cap", "written_off")))
    return rows.annotate(value=Coalesce("standard", "amount"), bucket=_BUCKET)


def _in_buckets(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    found: QuerySet[Any] = rows.annotate(
        **{f"at_{name}": Coalesce(Sum("value", filter=Q(bucket=name)), ZERO) for name in BUCKETS},
        standard_value=Coalesce(Sum("value"), ZERO),
        charged=Coalesce(Sum("net", filter=Q(bucket="billed")), ZERO),
        unvalued=Coalesce(Sum("minutes", filter=Q(standard__isnull=True)), ZERO),
        count=Count("pk"),
    )
    return found


def _lines(asked: Asked) -> list[Line]:
    cut = LEAKAGE.cut(asked)
    rows = _performed(asked).filter(event__service_date__range=(asked.start, asked.end))
    return work_lines(cut, _in_buckets(grouped(rows, cut)).order_by(*KEYS), **period(asked))


def _months(asked: Asked) -> dict[str, dict[Month, Sums]]:
    rows = _performed(asked).filter(event__service_date__range=(months_of(asked)[0], asked.end)).exclude(currency="")
    grouped_ = rows.values(by_currency=in_currency(), by_month=TruncMonth("event__service_date"))
    return by_month(_in_buckets(grouped_))


def _below_standard(sums: Sums) -> Decimal:
    return sums.get("at_billed", ZERO) - sums.get("charged", ZERO)


KEPT = ("standard_value", "charged", "at_written_off", "at_open")


LEAKAGE = Measure(
    slug="leakage",
    title="Leakage",
    question="How much of the value of the work done in the period is lost, and where?",
    formula="Value at standard prices of approved chargeable work of the period, less what is billed of it, written "
    "off, and still open, divided by that value. Write-off rate: written down and off by that value. What is "
    "lost is in exactly one of: billed below the standard price, over a limit, too late for its client, "
    "without a line, without a price, priced at nothing.",
    version=2,
    counted="pieces of work",
    permission="billing.view_piece",
    cuts=CUTS,
    figures=(
        Figure("standard_value", "Standard value", "money", summed("standard_value")),
        Figure("charged", "Billed", "money", summed("charged")),
        Figure("written_off", "Written off", "money", summed("at_written_off")),
        Figure("open", "Open", "money", summed("at_open")),
        Figure("below", "Below standard", "money", _below_standard),
        Figure("over_cap", "Over the cap", "money", summed("at_over_cap")),
        Figure("barred", "Too late", "money", summed("at_barred")),
        Figure("unmapped", "No line takes it", "money", summed("at_unmapped")),
        Figure("unpriced", "Without a price", "money", summed("at_unpriced")),
        Figure("free", "Priced at nothing", "money", summed("at_free")),
        Figure("lost", "Lost", "money", by(formulas.leaked, *KEPT)),
        Figure("leakage", "Lost of standard", "percent", by(formulas.leakage, *KEPT), leading=True),
        Figure(
            "write_off_rate",
            "Write-off rate",
            "percent",
            by(formulas.write_off_rate, "at_written_off", "standard_value"),
        ),
        Figure("unvalued", "Without a standard price", "hours", _in_hours("unvalued")),
    ),
    lines=_lines,
    months=_months,
    notes=(
        "Hours without a standard price count at what they are charged, so that they are neither gain nor loss.",
        "Billed above the standard price counts as negative loss.",
        "Included in a fixed price or retainer, and not billable, is no chargeable work and not in it.",
    ),
)
