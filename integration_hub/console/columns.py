"""Columns: what a cell shows on the screen and what it is in an export."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration_hub.console import wording
from integration_hub.console.badges import badge
from integration_hub.kernel.money import Money

Kind = Literal["text", "link", "code", "money", "number", "hours", "percent", "date", "datetime", "ago", "badge"]
Align = Literal["start", "end"]
_NUMERIC: frozenset[str] = frozenset({"money", "number", "hours", "percent"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Without an `accessor` the value is the attribute path `name` (dots cross relations).

    * `sortable` orders by `order_by`, or by the accessor's path; the path must be a field or an annotation.
    * `currency` (money): the attribute path or function that gives the currency; a value that is a `Money`, a list of
      them or a dict of currency to amount carries its own.
    * `url` makes the cell a link; the first column links to the row by itself.
    * `hideable` columns can be switched off by the reader, `hidden` ones start switched off.
    """

    name: str
    header: str
    kind: Kind = "text"
    accessor: str | Callable[[Any], Any] = ""
    sortable: bool = False
    order_by: str = ""
    align: Align | None = None
    currency: str | Callable[[Any], str] = "currency"
    url: Callable[[Any], str] | None = None
    hideable: bool = False
    hidden: bool = False
    hint: str = ""

    @property
    def path(self) -> str:
        """The ORM path this column sorts by."""
        own = self.accessor if isinstance(self.accessor, str) and self.accessor else self.name
        return self.order_by or own.replace(".", "__")

    @property
    def classes(self) -> str:
        """CSS classes of the head and its cells."""
        end = self.align == "end" or (self.align is None and self.kind in _NUMERIC)
        return f"cell-{self.kind}" + (" cell-end" if end else "")

    def value(self, row: Any) -> Any:
        """The raw value in a row."""
        if callable(self.accessor):
            return self.accessor(row)
        return follow(row, self.accessor or self.name)

    def cell(self, row: Any) -> SafeString | str:
        """The cell's content as HTML; a missing value is a dash and never a zero."""
        value = self.value(row)
        if value is None or value == "":
            return wording.MISSING
        html = _SHOW[self.kind](value, row, self)
        address = self.url(row) if self.url else ""
        return format_html('<a href="{}">{}</a>', address, html) if address else html

    def headers(self) -> list[str]:
        """The column's names in an export: an amount travels with its currency."""
        return [self.header, f"{self.header} currency"] if self.kind == "money" else [self.header]

    def plain(self, row: Any) -> list[Any]:
        """The cell in an export, one entry per name in `headers`."""
        value = self.value(row)
        if self.kind != "money":
            return [_plain(value)]
        if isinstance(value, Money):
            return [value.amount, value.currency]
        if isinstance(value, dict | list):
            sums = wording.each(value)
            return ["; ".join(map(str, sums)), "; ".join(dict.fromkeys(one.currency for one in sums))]
        return [value, self.currency_of(row) if value is not None else ""]

    def currency_of(self, row: Any) -> str:
        """The currency of this row's amount."""
        return self.currency(row) if callable(self.currency) else str(follow(row, self.currency) or "")


def follow(row: Any, path: str) -> Any:
    """The attribute at a dotted path; None as soon as something on the way is missing. Calls what is callable."""
    value = row
    for part in path.replace("__", ".").split("."):
        if value is None:
            return None
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
        if callable(value) and not hasattr(value, "_meta"):
            value = value()
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return value
    label = getattr(value, "label", None)
    return str(label if isinstance(label, str) else value) if value is not None else ""


def _text(value: Any, row: Any, column: Column) -> SafeString | str:
    return format_html("{}", wording.yes_no(value) if isinstance(value, bool) else value)


def _code(value: Any, row: Any, column: Column) -> SafeString | str:
    return format_html('<code class="id">{}</code>', value)


def _money(value: Any, row: Any, column: Column) -> SafeString | str:
    if isinstance(value, Money):
        return wording.money_html(value.amount, value.currency, value.basis)
    if isinstance(value, dict | list):
        return wording.amounts_html(value)
    return wording.money_html(value, column.currency_of(row))


def _badge(value: Any, row: Any, column: Column) -> SafeString | str:
    shown = getattr(row, f"get_{column.name}_display", None)
    return wording.badge_html(badge(value, str(shown()) if callable(shown) else ""))


_SHOW: dict[str, Callable[[Any, Any, Column], SafeString | str]] = {
    "text": _text,
    "link": _text,
    "code": _code,
    "money": _money,
    "number": lambda value, row, column: wording.number(value),
    "hours": lambda value, row, column: wording.hours(value),
    "percent": lambda value, row, column: wording.percent(value),
    "date": lambda value, row, column: wording.day_html(value),
    "datetime": lambda value, row, column: wording.when_html(value),
    "ago": lambda value, row, column: wording.ago_html(value),
    "badge": _badge,
}
