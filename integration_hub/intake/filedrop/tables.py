"""CSV, XLSX and bank statements as one kind of table: columns, and rows that say what is wrong with them."""

import codecs
import csv
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from integration_hub.intake.filedrop import sheets
from integration_hub.intake.filedrop.bank import bai, camt
from integration_hub.intake.filedrop.bank.lines import Line, Statement, checked
from integration_hub.kernel.errors import BadInput, Problem

if TYPE_CHECKING:
    from _csv import Reader

_BYTE = re.compile("[\udc80-\udcff]")
_OLD_EXCEL, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_REMEDY_ENCODING = "Set the encoding of the mapping to the file's (e.g. cp1252), or save the file as UTF-8."


@dataclass(frozen=True, slots=True)
class Format:
    """How a text file is written; a spreadsheet needs none of it."""

    encoding: str = "utf-8"
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` counts as a spreadsheet does: the header is row 1."""

    number: int
    values: dict[str, str]
    problems: tuple[Problem, ...] = ()
    cells: tuple[str, ...] = ()
    """The cells as they came, when they cannot be told apart by column."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and the rows as an iterator that can be run through once."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    statements: tuple[Statement, ...] = ()
    """Of a bank: what the rows are the lines of."""


def open_table(path: Path, name: str, form: Format) -> Table:
    """Open a file for reading. Raises BadInput when it is no table at all: the text says what to change."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head.strip():
        raise _refused(name, Problem("", "is empty.", "Drop a file with a header row."))
    if head.startswith(_OLD_EXCEL):
        raise _refused(name, Problem("", "is an old .xls workbook.", "Save it as .xlsx or CSV."))
    if head.startswith(_ZIP):
        return _workbook(path, name)
    if _is_xml(head):
        return _bank(name, partial(camt.read, path, name))
    if bai.START.match(head.removeprefix(_MARKS[0][0])):
        return _bank(name, partial(bai.read, path, name, form.encoding))
    return _text(path, name, form, head)


def _refused(name: str, *problems: Problem) -> BadInput:
    return BadInput(f"File {name}", list(problems))


# -- bank statements -------------------------------------------------------------------------------------------------


def _is_xml(head: bytes) -> bool:
    """Whether a file begins as XML does, in whatever encoding."""
    for mark, _ in _MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip().startswith(b"<")


def _bank(name: str, read: Callable[[], Iterator[Line | Statement]]) -> Table:
    """The lines of statements that add up. The file is read twice, so that no line is taken before all of it is known
    to be right, and none is kept in memory.
    """
    statements = checked(name, read())
    lines = (line for line in read() if isinstance(line, Line))
    rows = (Row(number, line._asdict()) for number, line in enumerate(lines, start=2))
    return Table(Line._fields, rows, statements)


# -- CSV -------------------------------------------------------------------------------------------------------------


def _text(path: Path, name: str, form: Format, head: bytes) -> Table:
    encoding = _encoding(name, form.encoding, head)
    stream = path.open(encoding=encoding, errors="surrogateescape", newline="")
    # strict: a quote that is never closed must not swallow the rest of the file in silence.
    lines = csv.reader(stream, delimiter=_delimiter(name, form.delimiter), strict=True)
    try:
        header = next(lines)
    except StopIteration:
        raise _refused(name, Problem("", "is empty.", "Drop a file with a header row.")) from None
    except (csv.Error, UnicodeError) as error:
        remedy = f"Check encoding ({form.encoding}) and delimiter ({form.delimiter!r}) of the mapping."
        raise _refused(name, Problem("row 1", f"cannot be read: {error}.", remedy)) from None
    columns = _columns(name, header)
    return Table(columns, _closing(stream, _lines(lines, columns, form)))


def _delimiter(name: str, wanted: str) -> str:
    found = {"\\t": "\t", "": ","}.get(wanted, wanted)
    if len(found) == 1 and found not in '\r\n"':
        return found
    problem = Problem("delimiter", f"{wanted!r} is not one character.", r"Use , or ; or | or \t in the mapping.")
    raise _refused(name, problem)


def _closing(stream: TextIO, rows: Iterator[Row]) -> Iterator[Row]:
    with stream:
        yield from rows


def _encoding(name: str, wanted: str, head: bytes) -> str:
    """The codec to read with; the mark at the start of a file must agree with what the mapping says."""
    try:
        "".encode(wanted)
        codec = codecs.lookup(wanted).name
    except LookupError:
        problem = Problem("encoding", f"{wanted!r} is unknown.", "Use e.g. utf-8, latin-1 or cp1252 in the mapping.")
        raise _refused(name, problem) from None
    for mark, marked in _MARKS:
        if head.startswith(mark) and not codec.startswith("utf"):
            message = f"is marked as {marked.upper()}, the mapping says {wanted}."
            raise _refused(name, Problem("encoding", message, f"Set the encoding of the mapping to {marked}."))
    if head.count(b"\0") > len(head) // 4 and not codec.startswith(("utf-16", "utf-32")):
        message = f"is full of NUL bytes, so it is not {wanted} text."
        remedy = "It may be UTF-16: set that in the mapping, or save the file as UTF-8."
        raise _refused(name, Problem("encoding", message, remedy))
    return "utf-8-sig" if codec == "utf-8" else wanted


def _columns(name: str, header: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(text.strip() or f"column_{number}" for number, text in enumerate(header, start=1))
    for text in columns:
        if fault := _fault(text, text):
            raise _refused(name, Problem("row 1", fault.message, fault.remedy))
    twice = sorted({text for text in columns if columns.count(text) > 1})
    if twice:
        problem = Problem("row 1", f"names {', '.join(twice)} more than once.", "Give every column its own name.")
        raise _refused(name, problem)
    return columns


def _lines(lines: "Reader", columns: tuple[str, ...], form: Format) -> Iterator[Row]:
    number = 1
    while True:
        number += 1
        before = lines.line_num
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, {}, (_unreadable(error, before + 1, lines.line_num),))
            continue
        except UnicodeError as error:
            problem = Problem("", f"is not {form.encoding} text from here on: {error}.", _REMEDY_ENCODING)
            yield Row(number, {}, (problem,))
            return
        if cells:
            yield _row(number, cells, columns, form)


def _unreadable(error: csv.Error, first: int, last: int) -> Problem:
    place = f"line {first}" if last <= first else f"lines {first} to {last}"
    remedy = "Check the quotes: one inside a cell is written twice, and each that is opened is closed."
    return Problem("", f"cannot be read ({place} of the file): {error}.", remedy)


def _row(number: int, cells: list[str], columns: tuple[str, ...], form: Format) -> Row:
    if len(cells) != len(columns):
        message = f"has {len(cells)} columns, the header has {len(columns)}."
        remedy = f"Put cells that contain {form.delimiter!r} into quotes, and keep empty cells."
        return Row(number, {}, (Problem("", message, remedy),), tuple(cells))
    text = "".join(cells)
    if text.isascii() and "\0" not in text:
        return Row(number, dict(zip(columns, cells, strict=True)))
    pairs = list(zip(columns, cells, strict=True))
    faults = [fault for column, cell in pairs if (fault := _fault(column, cell, form.encoding))]
    return Row(number, dict(pairs), tuple(faults), tuple(cells) if faults else ())


def _fault(column: str, cell: str, encoding: str = "utf-8") -> Problem | None:
    if (byte := _BYTE.search(cell)) is not None:
        code = ord(byte.group()) - 0xDC00
        return Problem(column, f"holds the byte 0x{code:02X}, which is not {encoding}.", _REMEDY_ENCODING)
    if "\0" in cell:
        return Problem(column, "holds a NUL byte.", "Export the file again; it may be damaged or UTF-16.")
    return None


# -- XLSX ------------------------------------------------------------------------------------------------------------


def _workbook(path: Path, name: str) -> Table:
    try:
        lines = sheets.lines(path)
        header = next(lines, None)
    except (zipfile.BadZipFile, sheets.NotAWorkbook) as error:
        problem = Problem("", f"is not a workbook: {error}.", "Save it as .xlsx or CSV in the spreadsheet program.")
        raise _refused(name, problem) from None
    if header is None:
        raise _refused(name, Problem("", "has an empty first sheet.", "Put the table on the first sheet."))
    number, cells, _ = header
    while cells and not cells[-1]:
        cells.pop()
    columns = _columns(name, cells)
    return Table(columns, _sheet_rows(lines, columns, number))


def _sheet_rows(lines: Iterator[sheets.Line], columns: tuple[str, ...], number: int) -> Iterator[Row]:
    """The rows below the header, which is row `number`; one that cannot be read ends them."""
    try:
        for number, cells, faults in lines:
            yield _sheet_row(number, cells, faults, columns)
    except sheets.NotAWorkbook as error:
        remedy = "Save it again in the spreadsheet program, or ask for it again."
        yield Row(number + 1, {}, (Problem("", f"cannot be read from here on: {error}.", remedy),))


def _sheet_row(number: int, cells: list[str], faults: list[sheets.Fault], columns: tuple[str, ...]) -> Row:
    width = len(columns)
    if any(cells[width:]):
        message = f"has a value in column {width + 1}, the header has {width} columns."
        return Row(number, {}, (Problem("", message, "Name the column, or empty the cell."),), tuple(cells))
    padded = [*cells[:width], *[""] * (width - len(cells))]
    values = dict(zip(columns, padded, strict=True))
    problems = tuple(Problem(columns[index], message, remedy) for index, message, remedy in faults if index < width)
    return Row(number, values, problems, tuple(cells) if problems else ())
