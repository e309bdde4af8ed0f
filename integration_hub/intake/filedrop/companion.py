"""A second file whose columns belong to the rows of the first: joined by the value of a key column in both."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from integration_hub.intake.filedrop.tables import Format, Row, Table, open_table
from integration_hub.kernel.errors import BadInput, Problem


def joined(table: Table, path: Path, name: str, key: str, form: Format) -> Table:
    """The table with the companion's columns appended to each row.

    The order of rows does not matter. Rows of the companion with the same key must say the same; a row whose key the
    companion lacks has a problem. Keeps the companion's distinct rows in memory, the table streams. Raises BadInput.
    """
    other = open_table(path, name, form)
    missing = [where for where, columns in (("the file", table.columns), (name, other.columns)) if key not in columns]
    if missing:
        problem = Problem(key, f"is not a column of {' and '.join(missing)}.", "Name a key column that both have.")
        raise BadInput(f"Companion {name}", [problem])
    added = tuple(column for column in other.columns if column != key)
    twice = [column for column in added if column in table.columns]
    if twice:
        problem = Problem(", ".join(twice), "is a column of both files.", "Rename it in one of them.")
        raise BadInput(f"Companion {name}", [problem])
    found = _index(other, name, key, added)
    return replace(table, columns=(*table.columns, *added), rows=_appended(table, name, key, added, found))


def _index(other: Table, name: str, key: str, added: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in other.rows:
        if row.problems:
            first = row.problems[0]
            place = f"row {row.number} {first.field}".strip()
            raise BadInput(f"Companion {name}", [Problem(place, first.message, first.remedy)])
        values = tuple(row.values[column] for column in added)
        if found.setdefault(row.values[key], values) != values:
            message = f"says something else about {key} {row.values[key]} than an earlier row."
            remedy = "Correct the companion, or choose a key that names one row."
            raise BadInput(f"Companion {name}", [Problem(f"row {row.number}", message, remedy)])
    return found


def _appended(
    table: Table, name: str, key: str, added: tuple[str, ...], found: dict[str, tuple[str, ...]]
) -> Iterator[Row]:
    for row in table.rows:
        if not row.values:
            yield row
            continue
        more = found.get(row.values[key])
        if more is None:
            message = f"{row.values[key]!r} is not in the companion {name}."
            problem = Problem(key, message, "Add it to the companion, and drop both files again.")
            yield Row(row.number, row.values, (*row.problems, problem), row.cells)
        else:
            yield Row(row.number, {**row.values, **dict(zip(added, more, strict=True))}, row.problems, row.cells)
