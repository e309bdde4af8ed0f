"""The first sheet of a workbook, cell by cell as text, with formulas that have no value and errors named."""

import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

Fault = tuple[int, str, str]  # (index of the column, message, remedy)
Line = tuple[int, list[str], list[Fault]]

LARGEST = 2_000_000_000
"""Bytes of a workbook when unpacked: a small file can unpack to anything."""
LARGEST_WHOLE = 100_000_000
"""Bytes of its other parts: sheets are streamed, texts and styles are read into memory whole."""
SHEETS = "xl/worksheets/"
_DAMAGED = (SyntaxError, zipfile.BadZipFile, zlib.error, EOFError)
"""What a damaged part raises; the errors of both XML parsers are syntax errors."""


class NotAWorkbook(ValueError):
    """A zip file that is no spreadsheet, or is damaged from some row on."""


def lines(path: Path) -> Iterator[Line]:
    """(row number, cells, faults) of every row that is not empty. Raises NotAWorkbook, zipfile.BadZipFile."""
    # Imported late: 10 MB for whoever reads a workbook.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with zipfile.ZipFile(path) as packed:
        sizes = {part.filename: part.file_size for part in packed.infolist()}
    if sum(sizes.values()) > LARGEST:
        raise NotAWorkbook(f"it unpacks to more than {LARGEST:,} bytes")
    if sum(size for name, size in sizes.items() if not name.startswith(SHEETS)) > LARGEST_WHOLE:
        raise NotAWorkbook(f"its texts and styles unpack to more than {LARGEST_WHOLE:,} bytes")
    try:
        # Twice: the one knows the values a program stored, the other which cells are formulas.
        values, formulas = (load_workbook(path, read_only=True, data_only=kind) for kind in (True, False))
    except (InvalidFileException, KeyError, ValueError, OSError, *_DAMAGED) as error:
        raise NotAWorkbook(str(error)) from None
    pairs = zip(values.worksheets[0].iter_rows(), formulas.worksheets[0].iter_rows(), strict=False)
    try:
        for number, (shown, written) in enumerate(pairs, start=1):
            cells, faults = _line(shown, written)
            if any(cells) or faults:
                yield number, cells, faults
    except _DAMAGED as error:
        raise NotAWorkbook(f"it is damaged: {error}") from None
    finally:
        values.close()
        formulas.close()


def _line(shown: tuple[Any, ...], written: tuple[Any, ...]) -> tuple[list[str], list[Fault]]:
    cells: list[str] = []
    faults: list[Fault] = []
    for index, (value, source) in enumerate(zip(shown, written, strict=False)):
        cells.append(_text(value.value))
        if value.data_type == "e":
            faults.append((index, f"holds the error {value.value}.", "Correct the formula in the workbook."))
        elif source.data_type == "f" and value.value is None:
            remedy = "Open and save the workbook in the spreadsheet program, or paste the values."
            faults.append((index, "holds a formula without a stored value.", remedy))
    return cells, faults


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
