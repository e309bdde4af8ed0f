"""A dropped file as raw records: which mapping reads it, what identifies its rows, what is wrong before translation."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from integration_hub.connectors.registry import RawRecord
from integration_hub.intake.filedrop import companion
from integration_hub.intake.filedrop.tables import Format, Row, Table, open_table
from integration_hub.intake.models import FileDrop
from integration_hub.intake.store import printable
from integration_hub.intake.work import BROKEN_ROW, with_virtual_columns
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.ids import content_hash
from integration_hub.mapping import queries as mappings
from integration_hub.mapping.compile import Compiled, Step
from integration_hub.mapping.models import Mapping as MappingRow

VIRTUAL = ("_row", "_file")
"""Columns every file has: the row of data (1 is the first below the header) and the name of the file."""


@dataclass(frozen=True, slots=True)
class Read:
    """One row as a raw record, or as a broken one with its problems."""

    number: int
    record: RawRecord
    values: Mapping[str, str]
    digest: str
    """Of what the mapping reads: a column nobody reads changes no record; another mapping reads another record."""
    problems: tuple[Problem, ...] = ()


def published(drop: FileDrop) -> MappingRow:
    """The mapping in force for a file. Raises NotReady."""
    row = MappingRow.objects.filter(
        connection=drop.connection.code, entity=drop.entity, status=MappingRow.Status.PUBLISHED
    ).first()
    if row is None:
        raise NotReady(
            f"No mapping of {drop.entity} is published for {drop.connection.code}. Write one, and have it published."
        )
    return row


def open_drop(drop: FileDrop, mapping: MappingRow) -> tuple[Table, Compiled]:
    """The table of a file, joined with its companion, and the compiled mapping. Raises BadInput for the whole file."""
    form = Format(mapping.encoding, mapping.delimiter)
    table = open_table(Path(drop.path), drop.name, form)
    other = drop.manifest.get("companion")
    if other:
        table = companion.joined(table, Path(other["path"]), other["name"], other["key"], form)
    compiled = mappings.compiled(mapping)
    problems = [*_missing(table, compiled, form), *_unidentified(compiled)]
    if problems:
        raise BadInput(f"File {drop.name}", problems)
    return table, compiled


def _missing(table: Table, compiled: Compiled, form: Format) -> list[Problem]:
    known = {*table.columns, *VIRTUAL}
    missing = [name for name in compiled.fields if name not in known and name.split(".")[0] not in known]
    if not missing:
        return []
    shown = ", ".join(table.columns[:12]) + (", …" if len(table.columns) > 12 else "")
    remedy = f"The file has: {shown}. Correct the header or the mapping"
    remedy += f"; if that is one column, the delimiter is not {form.delimiter!r}." if len(table.columns) == 1 else "."
    return [Problem("row 1", f"has no column {name!r}, which the mapping reads.", remedy) for name in missing]


def _unidentified(compiled: Compiled) -> list[Problem]:
    if _step(compiled, "source_id") is not None:
        return []
    remedy = (
        "Add a rule for source_id: a column that is unique per record, several joined, or _row where there is none."
    )
    return [Problem("source_id", f"has no rule in the mapping {compiled.connection} {compiled.entity}.", remedy)]


def _step(compiled: Compiled, target: str) -> Step | None:
    return next((step for step in compiled.steps if step.rule.target == target), None)


class Identities:
    """Source id and version of each row, by the mapping's rules for them; finds ids that come twice in one file.

    Where no rule gives a version, the pipeline numbers contents; then two rows with one id and different content
    cannot be ordered, and the later one is refused. Keeps two numbers per row in memory.
    """

    def __init__(self, drop: FileDrop, compiled: Compiled) -> None:
        self._file = drop
        step = _step(compiled, "source_id")
        assert step is not None  # noqa: S101 - checked when the file was opened
        self._id, self._version = step, _step(compiled, "version")
        self._seen: dict[int, int] = {}
        self._edition, self._fields = compiled.version, compiled.fields

    def read(self, row: Row) -> Read:
        """The row as a record. A row that cannot be one keeps its cells under a name made of file and row."""
        if row.problems:
            return self._broken(row, row.problems)
        raw = with_virtual_columns(row.values, row.number, self._file.name)
        try:
            source_id = _value(self._id, raw)
            version = _value(self._version, raw) if self._version is not None else ""
        except ValueError as error:
            return self._broken(row, (Problem("source_id", f"{error}.", "Correct it in the file."),))
        if not source_id or (self._version is not None and not version):
            step = self._version if source_id and self._version is not None else self._id
            remedy = f"Fill {step.rule.source or step.rule.target} in the file."
            return self._broken(row, (Problem(step.rule.target, "is empty.", remedy),))
        digest = content_hash([self._edition, [row.values.get(name) for name in self._fields]])
        if self._version is None and (earlier := self._twice(source_id, digest, row.number)):
            message = f"{source_id!r} was in row {earlier} already, with other content."
            remedy = "Correct the file, or map columns to source_id that together are unique."
            return self._broken(row, (Problem("source_id", message, remedy),))
        return Read(row.number, RawRecord(source_id, version, dict(row.values)), row.values, digest)

    def _twice(self, source_id: str, digest: str, number: int) -> int:
        """The earlier row with this id and other content, or 0."""
        content = int(digest[:16], 16)
        known = self._seen.setdefault(_small(source_id), (number << 64) | content)
        return 0 if known & (2**64 - 1) == content else known >> 64

    def _broken(self, row: Row, problems: tuple[Problem, ...]) -> Read:
        cells: object = {printable(name): printable(value) for name, value in row.values.items()}
        payload = {BROKEN_ROW: cells if row.values else [printable(cell) for cell in row.cells]}
        source_id = f"{self._file.sha256[:12]} row {row.number}"
        return Read(row.number, RawRecord(source_id, "1", payload), row.values, content_hash(payload), problems)


def _small(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _value(step: Step, raw: Mapping[str, object]) -> str:
    found = step.find(raw) if step.find is not None else None
    if found is None or found == "":
        found = step.rule.constant or step.rule.default
    return "" if found == "" else str(step.convert(found)).strip()


def records(drop: FileDrop, table: Table, compiled: Compiled) -> Iterator[Read]:
    """The rows of a file as records, in order."""
    identities = Identities(drop, compiled)
    for row in table.rows:
        yield identities.read(row)
