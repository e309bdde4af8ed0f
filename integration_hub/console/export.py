"""A table as a file, CSV or XLSX: the same rows and columns as the screen, safe to open in a spreadsheet."""

import csv
import hashlib
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from integration_hub.console import keyset
from integration_hub.console.columns import Column
from integration_hub.console.tables import Table

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_NO_SHEET_HOLDS = re.compile(r"[\000-\010\013\014\016-\037]")
"""Control characters that XML has no way to write."""
CHUNK = 2000


def safe(value: Any) -> str:
    """A cell no spreadsheet takes for a formula (OWASP ASVS 1.2.10); numbers stay numbers, negative ones too.

    What is missing is empty.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: list[Column], rows: Iterable[Any], *, heading: str) -> Iterator[str]:
    """The file line by line: a comment row, the heads, the rows, and a closing row with their count and digest."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([f"# {heading}"])
    yield writer.writerow([safe(name) for column in columns for name in column.headers()])
    digest, count = hashlib.sha256(), 0
    for row in rows:
        line = writer.writerow([safe(value) for column in columns for value in column.plain(row)])
        digest.update(line.encode())
        count += 1
        yield line
    yield writer.writerow([f"# End of export · rows: {count} · sha256 of the rows: {digest.hexdigest()}"])


def response(table: Table, form: str, *, title: str, filters: str, as_of: datetime) -> HttpResponseBase:
    """The whole table as a download, not only the page on the screen; `form` is one of `FORMS`."""
    return FORMS[form](table, title=title, filters=filters, as_of=as_of)


def _rows(table: Table) -> Iterator[Any]:
    return keyset.ordered(table.rows, table.order).iterator(chunk_size=CHUNK)


def _name(title: str, as_of: datetime, ending: str) -> str:
    return f"{'-'.join(title.lower().split())}-{as_of:%Y%m%d-%H%M%S}.{ending}"


def _csv(table: Table, *, title: str, filters: str, as_of: datetime) -> HttpResponseBase:
    heading = f"{title} · filters: {filters or 'none'}"
    heading += f" · order: {table.order} · time zone: UTC · as of {as_of:%Y-%m-%dT%H:%M:%SZ}"
    response = StreamingHttpResponse(
        csv_lines(table.shown, _rows(table), heading=heading), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{_name(title, as_of, "csv")}"'
    return response


# -- XLSX --------------------------------------------------------------------------------------------------------

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _xlsx(table: Table, *, title: str, filters: str, as_of: datetime) -> HttpResponseBase:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    about = [("title", title), ("filters", filters or "none"), ("order", table.order)]
    write_xlsx(file, table.shown, _rows(table), about=about, as_of=as_of)
    size = file.tell()
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=_name(title, as_of, "xlsx"), content_type=XLSX)
    response["Content-Length"] = size
    return response


def write_xlsx(
    file: IO[bytes], columns: list[Column], rows: Iterable[Any], *, about: list[tuple[str, str]], as_of: datetime
) -> None:
    """A sheet of the rows under their heads, and one that says what they are, how many, with their digest.

    Written row by row; the same bytes for the same rows and moment. Numbers and days are typed, text is no formula.
    """
    # Imported late, as below: 10 MB for whoever writes a workbook.
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = as_of.astimezone(UTC).replace(tzinfo=None)
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"
    sheet.append([bold(sheet, safe(name)) for column in columns for name in column.headers()])
    digest, count = hashlib.sha256(), 0
    for row in rows:
        cells = [cell for column in columns for cell in _cells(column, row)]
        sheet.append(cells)
        digest.update(repr(cells).encode())
        count += 1
    note = book.create_sheet("About")
    moment = f"{as_of:%Y-%m-%dT%H:%M:%SZ}"
    for name, value in [*about, ("as of", moment), ("rows", str(count)), ("sha256 of the rows", digest.hexdigest())]:
        note.append([name, _text(value)])
    with _Dated(file, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).save()


def _cells(column: Column, row: Any) -> list[Any]:
    if column.kind == "date" and isinstance(value := column.value(row), date) and not isinstance(value, datetime):
        return [value]
    return [
        value if isinstance(value, Decimal | int) and not isinstance(value, bool) else _text(value)
        for value in column.plain(row)
    ]


def _text(value: Any) -> str:
    """Text as `safe` has it, less what no sheet may hold."""
    return _NO_SHEET_HOLDS.sub("\ufffd", safe(value))


def bold(sheet: Any, text: str) -> Any:
    """A cell of a head."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, value=text)
    cell.font = Font(bold=True)
    return cell


class _Dated(zipfile.ZipFile):
    """An archive whose entries carry no clock of the machine that wrote them."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *args: Any, **kwargs: Any) -> None:
        """One entry from memory."""
        name = zinfo_or_arcname.filename if isinstance(zinfo_or_arcname, zipfile.ZipInfo) else zinfo_or_arcname
        info = zipfile.ZipInfo(name)
        info.compress_type = self.compression
        super().writestr(info, data, *args, **kwargs)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        """One entry from a file, however large."""
        info = zipfile.ZipInfo(str(arcname or filename))
        info.compress_type = self.compression
        with Path(filename).open("rb") as source, self.open(info, "w") as target:
            while chunk := source.read(1 << 20):
                target.write(chunk)


FORMS = {"csv": _csv, "xlsx": _xlsx}
"""What a list can be downloaded as, by `?format=`."""
