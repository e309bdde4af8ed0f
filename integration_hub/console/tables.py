"""Tables: columns bound to a queryset, paged by keyset, sorted by URL, written as HTML or as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration_hub.console import keyset
from integration_hub.console.buttons import Button
from integration_hub.console.columns import Column
from integration_hub.console.query import edited

__all__ = ["Column", "Head", "Line", "Table"]


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: its sort link if it has one, and the direction if it is the sorted one."""

    column: Column
    id: str
    url: str = ""
    aria_sort: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the template needs it."""

    row: Any
    id: str
    url: str
    tone: str
    selection: str
    label: str
    cells: list[tuple[Column, SafeString | str]]
    buttons: list[Button]


class Table:
    """Declare the columns, override `row_url`; the rest has defaults.

    Several tables on one page need different `name`s: it prefixes their query parameters and ids.
    """

    columns: ClassVar[list[Column]] = []
    caption: ClassVar[str] = ""
    default_sort: ClassVar[str] = "-pk"
    page_size: ClassVar[int] = 50
    selectable: bool = False
    has_buttons: ClassVar[bool] = False
    template_name: ClassVar[str] = "_partials/table.html"

    def __init__(self, rows: "QuerySet[Any]", request: HttpRequest, *, name: str = "", region: str = "") -> None:
        self.rows = rows
        self.request = request
        self.prefix = f"{name}-" if name else ""
        self.id = f"{self.prefix}table"
        self.region = region or self.id

    # What a table may override -----------------------------------------------------------------------------------

    def row_url(self, row: Any) -> str:
        """Where the row leads; empty when nowhere."""
        return ""

    def row_id(self, row: Any) -> str:
        """The id of the `<tr>`, for swaps after a decision."""
        return f"{self.prefix}{row._meta.model_name}-{row.pk}"

    def row_tone(self, row: Any) -> str:
        """`warning`, `danger` or `muted` marks a row in the margin; the words must say it too."""
        return ""

    def row_buttons(self, row: Any) -> list[Button]:
        """What can be decided in the row (set `has_buttons`); a refused button stays and says why."""
        return []

    def row_selection(self, row: Any) -> str:
        """What the row's checkbox posts as `selected`: its id and, if it has one, the version shown."""
        version = getattr(row, "version", None)
        return f"{row.pk}:{version}" if version is not None else str(row.pk)

    # State from the URL --------------------------------------------------------------------------------------------

    @cached_property
    def sort(self) -> str:
        """The order: `?sort=` if a sortable column has that name, else the default."""
        wanted = self.request.GET.get(f"{self.prefix}sort", "")
        by_name = {column.name: column for column in self.columns if column.sortable}
        return wanted if wanted.removeprefix("-") in by_name else ""

    @property
    def order(self) -> str:
        """The order as an ORM path."""
        name = self.sort.removeprefix("-")
        column = next((column for column in self.columns if column.name == name), None)
        return ("-" if self.sort.startswith("-") else "") + column.path if column else self.default_sort

    @cached_property
    def shown(self) -> list[Column]:
        """The columns that are switched on (`?show=`), in declared order."""
        asked = f"{self.prefix}show" in self.request.GET
        wanted = set(self.request.GET.getlist(f"{self.prefix}show"))
        return [
            column
            for column in self.columns
            if not (column.hideable or column.hidden) or (column.name in wanted if asked else not column.hidden)
        ]

    @property
    def optional(self) -> list[tuple[Column, bool]]:
        """Columns the reader may switch, with whether they are on."""
        return [(column, column in self.shown) for column in self.columns if column.hideable or column.hidden]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters the column form carries along."""
        gone = {f"{self.prefix}{name}" for name in ("show", "after", "before")}
        return [(key, value) for key, values in self.request.GET.lists() for value in values if key not in gone]

    @cached_property
    def page(self) -> keyset.Page:
        """The rows of this page."""
        query = self.request.GET
        after, before = query.get(f"{self.prefix}after", ""), query.get(f"{self.prefix}before", "")
        return keyset.page(self.rows, self.order, size=self.page_size, after=after, before=before)

    # What the template asks for ------------------------------------------------------------------------------------

    @property
    def heads(self) -> list[Head]:
        """The heads with their sort links: first ascending, then descending."""
        return [self._head(column) for column in self.shown]

    def _head(self, column: Column) -> Head:
        identity = f"{self.prefix}sort-{column.name}"
        if not column.sortable:
            return Head(column, identity)
        ascending = self.order == column.path
        current = {column.path: "ascending", f"-{column.path}": "descending"}.get(self.order, "")
        return Head(column, identity, self._url(sort=f"-{column.name}" if ascending else column.name), current)

    @property
    def lines(self) -> Iterator[Line]:
        """The rows, ready to be written."""
        return (self.line(row) for row in self.page.rows)

    def line(self, row: Any) -> Line:
        """One row, ready to be written; the first cell carries the row's link."""
        address = self.row_url(row)
        cells: list[tuple[Column, SafeString | str]] = []
        for index, column in enumerate(self.shown):
            html = column.cell(row)
            if index == 0 and address and not column.url:
                html = format_html('<a class="row-link" href="{}">{}</a>', address, html)
            cells.append((column, html))
        selection = self.row_selection(row) if self.selectable else ""
        label = str(row) if self.selectable else ""
        return Line(row, self.row_id(row), address, self.row_tone(row), selection, label, cells, self.row_buttons(row))

    @property
    def next_url(self) -> str:
        """The next page, or empty."""
        return self._url(after=self.page.next) if self.page.next else ""

    @property
    def previous_url(self) -> str:
        """The previous page, or empty."""
        return self._url(before=self.page.previous) if self.page.previous else ""

    @property
    def csv_url(self) -> str:
        """The same rows as CSV."""
        return self._file_url("csv")

    @property
    def xlsx_url(self) -> str:
        """The same rows as a workbook."""
        return self._file_url("xlsx")

    def _file_url(self, form: str) -> str:
        return edited(self.request.GET, drop=[f"{self.prefix}after", f"{self.prefix}before"], format=form)

    def _url(self, **changes: Any) -> str:
        named = {f"{self.prefix}{name}": value for name, value in changes.items()}
        return edited(self.request.GET, drop=[f"{self.prefix}after", f"{self.prefix}before"], **named)

    def __str__(self) -> str:
        return render_to_string(self.template_name, {"table": self}, request=self.request)

    __html__ = __str__

    def row_html(self, row: Any, **context: Any) -> str:
        """One `<tr>` for an htmx answer after a decision."""
        known = {"table": self, "line": self.line(row), **context}
        return render_to_string("_partials/table_row.html", known, request=self.request)
