"""Reading CSV and XLSX: what good files become, and what bad ones are told."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from integration_hub.intake.filedrop import companion, sheets
from integration_hub.intake.filedrop.tables import Format, Row, Table, open_table
from integration_hub.kernel.errors import BadInput

Write = Callable[[bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: bytes | str) -> Path:
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def opened(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> Table:
    return open_table(path, "hours.csv", Format(encoding, delimiter))


def rows(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[Row]:
    return list(opened(path, encoding, delimiter).rows)


def refusal(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> str:
    with pytest.raises(BadInput) as caught:
        rows(path, encoding, delimiter)
    return str(caught.value)


def problems(found: list[Row]) -> list[tuple[int, str, str]]:
    return [(row.number, problem.field, problem.message) for row in found for problem in row.problems]


def test_rows_are_numbered_as_a_spreadsheet_does(write: Write) -> None:
    assert rows(write("id,hours\n1,2.5\n\n2,3\n")) == [
        Row(2, {"id": "1", "hours": "2.5"}),
        Row(4, {"id": "2", "hours": "3"}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(write: Write) -> None:
    assert opened(write("\ufeffid,hours\n1,2\n")).columns == ("id", "hours")


def test_cells_may_hold_delimiters_quotes_and_line_ends(write: Write) -> None:
    (row,) = rows(write('id,note\r\n1,"a, ""b""\r\nnext line"\r\n'))

    assert row.values["note"] == 'a, "b"\r\nnext line'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(write: Write, end: str) -> None:
    assert [row.values["id"] for row in rows(write(f"id,h{end}1,2{end}2,3"))] == ["1", "2"]


def test_formula_cells_are_text_and_nothing_else(write: Write) -> None:
    (row,) = rows(write('id,note\n1,"=HYPERLINK(""http://x"")"\n'))

    assert row.values["note"] == '=HYPERLINK("http://x")'


def test_another_delimiter(write: Write) -> None:
    assert rows(write("id\thours\n1\t2\n"), delimiter="\\t")[0].values == {"id": "1", "hours": "2"}
    assert "is not one character" in refusal(write("id\n1\n"), delimiter=";;")


@pytest.mark.parametrize(("line", "count"), [("1,2,3", 3), ("1", 1)])
def test_a_ragged_row_is_named_and_the_others_go_on(write: Write, line: str, count: int) -> None:
    found = rows(write(f"id,hours\n1,2\n{line}\n3,4\n"))

    assert problems(found) == [(3, "", f"has {count} columns, the header has 2.")]
    assert found[1].problems[0].remedy
    assert found[1].cells == tuple(line.split(","))
    assert found[2].values == {"id": "3", "hours": "4"}


def test_a_wrong_encoding_names_row_column_and_byte(write: Write) -> None:
    found = rows(write("id,note\n1,fine\n2,caf\xe9\n3,fine\n".encode("latin-1")))

    assert problems(found) == [(3, "note", "holds the byte 0xE9, which is not utf-8.")]
    assert "encoding" in found[1].problems[0].remedy


def test_latin_1_reads_every_byte(write: Write) -> None:
    assert rows(write("id,note\n1,caf\xe9\x92\n".encode("latin-1")), "latin-1")[0].values["note"] == "caf\xe9\x92"


def test_bytes_cp1252_does_not_have_are_named(write: Write) -> None:
    assert problems(rows(write(b"id,note\n1,a\x81b\n"), "cp1252")) == [
        (2, "note", "holds the byte 0x81, which is not cp1252.")
    ]


def test_utf16_is_read_when_the_mapping_says_so_and_recognised_when_not(write: Write) -> None:
    path = write("id,note\n1,é\n".encode("utf-16"))

    assert rows(path, "utf-16")[0].values == {"id": "1", "note": "é"}
    assert "UTF-16" in refusal(path, "utf-8")
    assert "marked as UTF-16" in refusal(path, "latin-1")


def test_a_cut_utf16_file_says_where_it_ends(write: Write) -> None:
    found = rows(write("id,note\n1,a\n2,b\n".encode("utf-16")[:-1]), "utf-16")

    assert found[-1].problems
    assert "is not utf-16 text" in found[-1].problems[0].message


def test_a_nul_byte_spoils_only_its_row(write: Write) -> None:
    found = rows(write("id,note\n" + "1,fine\n" * 20 + "2,a\0b\n3,fine\n"))

    assert problems(found) == [(22, "note", "holds a NUL byte.")]


def test_a_quote_that_is_never_closed_tells_how_much_it_swallowed(write: Write) -> None:
    found = rows(write('id,note\n1,fine\n2,"open\n3,fine\n4,fine\n'))

    assert [row.number for row in found] == [2, 3]
    assert "lines 3 to 5 of the file" in found[1].problems[0].message


def test_a_stray_quote_spoils_only_its_row(write: Write) -> None:
    found = rows(write('id,note\n1,"a"b\n2,fine\n'))

    assert [row.number for row in found if row.problems] == [2]
    assert found[-1].values == {"id": "2", "note": "fine"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"id,id\n1,2\n", "names id more than once"),
        (b"\xd0\xcf\x11\xe0rest", "old .xls"),
        (b"PK\x03\x04rest", "is not a workbook"),
        (b"caf\xe9,b\n1,2\n", "holds the byte 0xE9"),
    ],
)
def test_files_that_are_no_table_are_refused_in_words(write: Write, content: bytes, said: str) -> None:
    assert said in refusal(write(content))


def test_an_unknown_encoding_is_refused(write: Write) -> None:
    assert "'klingon' is unknown" in refusal(write("id\n1\n"), "klingon")
    assert "'hex' is unknown" in refusal(write("id\n1\n"), "hex")


def test_a_mark_that_contradicts_the_mapping_is_refused(write: Write) -> None:
    assert "marked as UTF-8" in refusal(write("\ufeffid\n1\n"), "cp1252")


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.integers(1, 5).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_is_written_is_read_again(tmp_path: Path, content: list[list[str]], delimiter: str) -> None:
    header = [f"column {number}" for number in range(len(content[0]))]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *content])
    path = tmp_path / "round.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")

    found = rows(path, delimiter=delimiter)

    assert [list(row.values.values()) for row in found] == content
    assert not any(row.problems for row in found)


# -- XLSX ------------------------------------------------------------------------------------------------------------


def workbook(path: Path, *lines: list[object]) -> Path:
    book = Workbook()
    sheet = book.create_sheet("hours", 0)
    for line in lines:
        sheet.append(line)
    book.save(path)
    return path


def test_a_sheet_is_read_as_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["id", "hours", "day", "at", "flag", "none"],
        [7, 1.75, date(2026, 3, 4), datetime(2026, 3, 4, 5, 6), True, None],  # noqa: DTZ001 - spreadsheets have no zones
        [8.0, 0.1, "x", "", False, ""],
    )

    first, second = rows(path)

    assert list(first.values.values()) == ["7", "1.75", "2026-03-04", "2026-03-04T05:06:00", "true", ""]
    assert list(second.values.values()) == ["8", "0.1", "x", "", "false", ""]


def test_a_formula_without_a_stored_value_is_named(tmp_path: Path) -> None:
    found = rows(workbook(tmp_path / "a.xlsx", ["id", "hours"], [1, "=A2*2"], [2, 3]))

    assert problems(found) == [(2, "hours", "holds a formula without a stored value.")]
    assert found[1].values == {"id": "2", "hours": "3"}


def test_empty_rows_of_a_sheet_are_skipped_and_counted(tmp_path: Path) -> None:
    found = rows(workbook(tmp_path / "a.xlsx", ["id", "hours"], [1, 2], [None, None], [3, 4]))

    assert [row.number for row in found] == [2, 4]


def test_a_value_outside_the_header_is_named(tmp_path: Path) -> None:
    found = rows(workbook(tmp_path / "a.xlsx", ["id", "hours"], [1, 2, "lost"], [3]))

    assert problems(found) == [(2, "", "has a value in column 3, the header has 2 columns.")]
    assert found[1].values == {"id": "3", "hours": ""}


def damaged(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one of its parts changed."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, change(content) if name == part else content)
    return path


@pytest.mark.parametrize("part", ["[Content_Types].xml", "xl/workbook.xml"])
def test_a_workbook_with_a_damaged_part_is_refused(tmp_path: Path, part: str) -> None:
    path = workbook(tmp_path / "a.xlsx", ["id", "hours"], [1, 2])
    assert "is not a workbook" in refusal(damaged(path, part, lambda content: b"<cut"))


def test_a_sheet_that_is_cut_off_says_where(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["id", "hours"], [1, 2], [3, 4])
    found = rows(damaged(path, "xl/worksheets/sheet1.xml", lambda content: content[: content.index(b'<row r="3"') + 5]))
    assert [(row.number, row.values) for row in found] == [(2, {"id": "1", "hours": "2"}), (3, {})]
    assert "cannot be read from here on" in problems(found)[0][2]


def test_a_small_workbook_that_unpacks_to_a_large_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", ["id", "hours"], [1, 2])
    monkeypatch.setattr(sheets, "LARGEST_WHOLE", 100)
    assert "unpack to more than 100 bytes" in refusal(path)
    monkeypatch.setattr(sheets, "LARGEST", 200)
    assert "unpacks to more than 200 bytes" in refusal(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("hello.txt", "hello")

    assert "is not a workbook" in refusal(path)


# -- companions ------------------------------------------------------------------------------------------------------


def join(tmp_path: Path, main: str, other: str, key: str = "task") -> list[Row]:
    (tmp_path / "main").write_text(main)
    (tmp_path / "other").write_text(other)
    table = opened(tmp_path / "main")
    return list(companion.joined(table, tmp_path / "other", "dates.csv", key, Format()).rows)


def test_the_companion_adds_its_columns_by_key_whatever_its_order(tmp_path: Path) -> None:
    found = join(tmp_path, "task,who\n1,a\n2,b\n1,c\n", "task,day\n2,tue\n1,mon\n1,mon\n")

    assert [row.values for row in found] == [
        {"task": "1", "who": "a", "day": "mon"},
        {"task": "2", "who": "b", "day": "tue"},
        {"task": "1", "who": "c", "day": "mon"},
    ]


def test_a_row_without_its_companion_is_named(tmp_path: Path) -> None:
    found = join(tmp_path, "task,who\n1,a\n9,b\n", "task,day\n1,mon\n")

    assert problems(found) == [(3, "task", "'9' is not in the companion dates.csv.")]


@pytest.mark.parametrize(
    ("main", "other", "said"),
    [
        ("task,who\n1,a\n", "task,day\n1,mon\n1,tue\n", "row 3: says something else about task 1"),
        ("task,who\n1,a\n", "job,day\n1,mon\n", "is not a column of dates.csv"),
        ("job,who\n1,a\n", "task,day\n1,mon\n", "is not a column of the file"),
        ("task,day\n1,a\n", "task,day\n1,mon\n", "is a column of both files"),
        ("task,who\n1,a\n", "task,day\n1\n", "row 2: has 1 columns"),
    ],
)
def test_a_companion_that_does_not_fit_is_refused(tmp_path: Path, main: str, other: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        join(tmp_path, main, other)
    assert said in str(caught.value)


def test_broken_rows_pass_the_companion_by(tmp_path: Path) -> None:
    found = join(tmp_path, "task,who\n1\n", "task,day\n1,mon\n")

    assert problems(found) == [(2, "", "has 1 columns, the header has 2.")]
