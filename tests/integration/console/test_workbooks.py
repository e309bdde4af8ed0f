"""Lists as workbooks: typed, neutral, the same bytes for the same rows."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

from openpyxl import load_workbook

from integration_hub.console.columns import Column
from integration_hub.console.export import write_xlsx

COLUMNS = [
    Column("name", "Name"),
    Column("day", "Day", kind="date"),
    Column("amount", "Net", kind="money"),
    Column("count", "=Count", kind="number"),
]
ROWS = [
    SimpleNamespace(name='=HYPERLINK("x")', day=date(2026, 3, 2), amount=Decimal("-12.50"), currency="EUR", count=3),
    SimpleNamespace(name="bell\x07", day=None, amount=None, currency="EUR", count=-1),
]
AS_OF = datetime(2026, 4, 1, 12, tzinfo=UTC)


def written() -> bytes:
    file = io.BytesIO()
    write_xlsx(file, COLUMNS, iter(ROWS), about=[("title", "Things")], as_of=AS_OF)
    return file.getvalue()


def test_numbers_and_days_are_typed_and_text_is_no_formula():
    book = load_workbook(io.BytesIO(written()))
    heads, first, second = book["Rows"].values
    assert heads == ("Name", "Day", "Net", "Net currency", "'=Count")
    assert first == ('\'=HYPERLINK("x")', datetime(2026, 3, 2), -12.5, "EUR", 3)  # noqa: DTZ001 - days have no zone
    assert second == ("bell\ufffd", None, None, None, -1)
    assert {cell.data_type for cell in book["Rows"]["A"]} == {"s"}
    about: dict[str, str] = dict(book["About"].values)
    assert (about["title"], about["rows"], about["as of"]) == ("Things", "2", "2026-04-01T12:00:00Z")
    assert len(about["sha256 of the rows"]) == 64


def test_the_same_rows_are_the_same_bytes():
    assert written() == written()
