"""How a draft would read given records, before anything is applied. Pure apart from reading the draft's rules."""

from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integration_hub.kernel.errors import Problem
from integration_hub.mapping import queries
from integration_hub.mapping.apply import translate
from integration_hub.mapping.models import Mapping


@dataclass(frozen=True, slots=True)
class Sample:
    """A record as it came, with what the connector said about it."""

    payload: Mapped[str, Any]
    source_id: str = ""
    version: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Previewed:
    """One record before and after the mapping."""

    before: Mapped[str, Any]
    after: dict[str, Any] | None
    problems: tuple[Problem, ...]
    filtered: bool
    code: str


@dataclass(frozen=True, slots=True)
class Preview:
    """All records of a preview with their count by outcome."""

    rows: tuple[Previewed, ...]

    @property
    def read(self) -> int:
        return len(self.rows)

    @property
    def good(self) -> int:
        return sum(row.after is not None for row in self.rows)

    @property
    def filtered(self) -> int:
        return sum(row.filtered for row in self.rows)

    @property
    def refused(self) -> int:
        return self.read - self.good - self.filtered


def preview(mapping: Mapping, samples: Sequence[Sample]) -> Preview:
    """Read the samples through a mapping as it stands, published or not. Raises paths.BadPath."""
    compiled = queries.compiled(mapping)
    rows = []
    for sample in samples:
        result = translate(
            compiled, sample.payload, source_id=sample.source_id, version=sample.version, deleted=sample.deleted
        )
        after = result.record.model_dump(mode="json") if result.record else None
        rows.append(Previewed(sample.payload, after, result.problems, result.filtered, result.code))
    return Preview(tuple(rows))
