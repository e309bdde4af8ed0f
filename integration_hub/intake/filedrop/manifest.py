"""Control totals: what the sender says is in a file, what was read, and where the two differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integration_hub.intake.filedrop.storage import Kept
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.mapping import convert
from integration_hub.mapping.compile import Compiled

NUMBERS = ("decimal", "integer")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the sender says: all of it optional."""

    records: int | None = None
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    bytes: int | None = None
    sha256: str = ""


def read(name: str, data: Mapping[str, Any]) -> Manifest:
    """The manifest in `{"records": 3, "sums": {"Hours": "7.50"}, "bytes": …, "sha256": …}` (`control_totals` = `sums`).

    Other keys stay with the file and are not judged. Raises BadInput.
    """
    problems: list[Problem] = []
    sums: dict[str, Decimal] = {}
    given = data.get("sums", data.get("control_totals")) or {}
    if not isinstance(given, Mapping):
        problems.append(Problem("sums", "is not an object.", 'Write e.g. {"Hours": "7.50"}.'))
        given = {}
    for column, value in given.items():
        try:
            sums[str(column)] = convert.number(value)
        except ValueError as error:
            problems.append(Problem(f"sums.{column}", f"{error}.", "Write a decimal number."))
    counts: dict[str, int | None] = {}
    for key in ("records", "bytes"):
        try:
            counts[key] = None if data.get(key) is None else convert.whole(data[key])
        except ValueError as error:
            problems.append(Problem(key, f"{error}.", "Write a whole number."))
            continue
        if (counts[key] or 0) < 0:
            problems.append(Problem(key, "is less than nothing.", "Write a whole number, 0 or more."))
    if problems:
        raise BadInput(f"Manifest of {name}", problems)
    return Manifest(counts["records"], sums, counts["bytes"], str(data.get("sha256") or "").lower())


def arrived_whole(manifest: Manifest, kept: Kept) -> list[Problem]:
    """What says that the file was damaged on its way."""
    problems = []
    if manifest.bytes is not None and manifest.bytes != kept.bytes:
        message = f"the manifest says {manifest.bytes}, the file has {kept.bytes}."
        problems.append(Problem("bytes", message, "Send the file again."))
    if manifest.sha256 and manifest.sha256 != kept.sha256:
        problems.append(Problem("sha256", f"the manifest says {manifest.sha256}.", "Send the file again."))
    return problems


class Sums:
    """Totals by column as the rows go by: of the manifest's columns and of every column mapped to a number."""

    def __init__(
        self, mapping: Compiled, columns: Iterable[str], manifest: Manifest, so_far: Mapping[str, str]
    ) -> None:
        known = set(columns)
        commas = {step.rule.source: step.rule.decimal_comma for step in mapping.steps if step.rule.kind in NUMBERS}
        self._commas = {column: commas.get(column, False) for column in {*commas, *manifest.sums} if column in known}
        self.totals = {column: Decimal(so_far.get(column, "0")) for column in sorted(self._commas)}

    def add(self, values: Mapping[str, str]) -> None:
        """Add a row; cells that are no numbers count as nothing here and are named where the row is translated."""
        for column, comma in self._commas.items():
            text = values.get(column, "").strip()
            if not text:
                continue
            try:
                self.totals[column] += convert.number(text, decimal_comma=comma)
            except ValueError:
                continue

    def as_text(self) -> dict[str, str]:
        """The totals as they are stored."""
        return {column: format(total, "f") for column, total in self.totals.items()}


def differences(manifest: Manifest, read_records: int, sums: Mapping[str, str]) -> list[Problem]:
    """Where the load differs from what the sender said."""
    problems = []
    if manifest.records is not None and manifest.records != read_records:
        message = f"the manifest says {manifest.records}, {read_records} were read."
        problems.append(Problem("records", message, "Ask for the file again, or correct the manifest."))
    for column, wanted in manifest.sums.items():
        if column not in sums:
            problems.append(Problem(column, "is in the manifest and not in the file.", "Correct one of them."))
        elif Decimal(sums[column]) != wanted:
            message = f"the manifest says {wanted}, the rows add up to {sums[column]}."
            problems.append(Problem(column, message, "Ask for the file again, or correct the manifest."))
    return problems
