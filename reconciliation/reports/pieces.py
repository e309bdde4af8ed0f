"""What measures over pieces of work share: which there are, by what they are grouped, and the way to them."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.db.models import DateField, F, QuerySet
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse

from billing.models import Piece
from billing.sheets import in_currency
from reconciliation.reports.measures import CONTRACT, CUSTOMER, PROJECT, Asked, Cut, Key, Line, sums_of

OPEN = ("blocked", "held", "billable", "reserved", "postponed")
LEFT = ("posted", "corrected")
POSTED_ON = Coalesce(
    TruncDate("candidate_line__candidate__invoice__posted_at"),
    TruncDate("candidate_line__candidate__credit_memo__created_at"),
    output_field=DateField(),
)
"""The day on which the ERP confirmed the document that a piece is on."""

CUTS = (CUSTOMER, CONTRACT, PROJECT)
PATHS = {
    CUSTOMER: ("contract__customer__code", "contract__customer__name"),
    CONTRACT: ("contract__number", "contract__name"),
    PROJECT: ("event__project__code", "event__project__name"),
}
"""Code and name of what pieces are grouped by."""
KEYS = ("by_entity", "by_code", "by_currency")
"""The order of lines."""


def pieces(asked: Asked) -> "QuerySet[Any]":
    """Current pieces of what was asked, whenever they were worked."""
    rows = Piece.objects.filter(is_current=True)
    return asked.rows(rows, customer="contract__customer", else_currency="contract__currency")


def grouped(rows: "QuerySet[Any]", cut: Cut) -> "QuerySet[Any]":
    """Pieces grouped by legal entity, cut and currency; one without a currency counts in its contract's."""
    code, name = PATHS[cut]
    found: QuerySet[Any] = rows.values(
        by_entity=F("legal_entity__code"), by_code=F(code), by_name=F(name), by_currency=in_currency()
    )
    return found


def work_lines(measure_cut: Cut, rows: Iterable[Mapping[str, Any]], **filters: Any) -> list[Line]:
    """Grouped rows as lines that lead to the list of work."""
    return [line(measure_cut, row, "billing:work-list", filters) for row in rows]


def line(cut: Cut, row: Mapping[str, Any], address: str, filters: Mapping[str, Any]) -> Line:
    """A grouped row as a line that leads to a list, narrowed to it by filters of these names."""
    key = key_of(cut, row)
    narrowed = {"legal_entity": key.legal_entity, cut.slug: key.code, "currency": key.currency, **filters}
    query = urlencode({name: value for name, value in narrowed.items() if value}, doseq=True)
    return Line(key, sums_of(row), f"{reverse(address)}?{query}")


def key_of(cut: Cut, row: Mapping[str, Any]) -> Key:
    """Whose figures a grouped row has."""
    return Key(row["by_entity"] or "", row["by_code"] or "", row["by_name"] or cut.none, row["by_currency"] or "")


def period(asked: Asked) -> dict[str, str]:
    """The filters of a list of work that keep to the period."""
    return {"service_date_after": asked.start.isoformat(), "service_date_before": asked.end.isoformat()}
