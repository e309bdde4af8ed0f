"""CSV of a table: streamed, the same rows and columns as the screen, safe to open in a spreadsheet."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from integration_hub.console import keyset
from integration_hub.console.columns import Column
from integration_hub.console.tables import Table

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
CHUNK = 2000


def safe(value: Any) -> str:
    """A cell no spreadsheet takes for a formula (OWASP ASVS 1.2.10); numbers stay numbers, negative ones too."""
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


def csv_response(table: Table, *, title: str, filters: str, as_of: datetime) -> StreamingHttpResponse:
    """The whole table as a download, not only the page on the screen."""
    heading = f"{title} · filters: {filters or 'none'}"
    heading += f" · order: {table.order} · time zone: UTC · as of {as_of:%Y-%m-%dT%H:%M:%SZ}"
    rows = keyset.ordered(table.rows, table.order)
    response = StreamingHttpResponse(
        csv_lines(table.shown, rows.iterator(chunk_size=CHUNK), heading=heading), content_type="text/csv; charset=utf-8"
    )
    name = "-".join(title.lower().split())
    response["Content-Disposition"] = f'attachment; filename="{name}-{as_of:%Y%m%d-%H%M%S}.csv"'
    return response
