"""A field that changed: what it was and is, what its mapping would need, and what a change of it would let pass."""

from collections.abc import Mapping as Mapped
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Min, QuerySet

from integration_hub.canonical import nouns
from integration_hub.console import actors
from integration_hub.intake import mend
from integration_hub.intake.drift import Shape
from integration_hub.intake.models import FeedShape, SourceVersion
from integration_hub.intake.troubles import DRIFT
from integration_hub.intake.work import with_virtual_columns
from integration_hub.kernel.clock import today
from integration_hub.kernel.ids import content_hash
from integration_hub.mapping import queries
from integration_hub.mapping.compile import MappingSpec
from integration_hub.mapping.models import Mapping
from integration_hub.mapping.paths import BadPath

SAMPLES = 200
"""Records kept back that a mapping is tried on, the first ones."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A mapping that is not in force: how it differs, and how many of the records it was tried on would be taken."""

    differences: list[tuple[str, str]]
    taken: int | None
    """None where it cannot be tried yet: values have no meaning, or a path cannot be read."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that is not what it was: of which feed (in words), how it changed, since when, in how many records."""

    connection: str
    entity: str
    field: str
    message: str
    value: str
    records: int
    since: datetime | None
    tried: int
    mapping: Mapping | None
    """In force."""
    draft: Mapping | None
    """The next version, where somebody is at it."""
    behind: int = 0
    """Records that were kept back under an older version: they are about to be taken again."""
    understood: bool = False
    """Whether the mapping in force reads the records as they are."""
    drafted: Trial | None = None
    proposed: mend.Mend | None = None
    proposal: Trial | None = None

    @property
    def leans(self) -> str:
        """What the records speak for: "change", "right" (as it is), or neither while something is under way."""
        if self.behind or self.draft:
            return ""
        return "change" if (self.proposal and self.proposal.taken) or not self.understood else "right"

    @property
    def seen(self) -> str:
        """The mapping in force and what is proposed: another one means that a person decides on something else."""
        told = [self.mapping.pk if self.mapping else None, self.proposal and self.proposal.differences]
        return content_hash([*told, self.proposed and list(self.proposed.theirs)])


def read(root_cause: str) -> Changed:
    """What the root cause of a case and its records say."""
    connection, entity, name, what = (*root_cause.split(":", 3), "", "", "")[:4]
    rows = kept_back(root_cause)
    first = (rows.order_by("pk").values_list("problems", flat=True).first() or [{}])[0]
    versions = Mapping.objects.filter(connection=connection, entity=entity)
    mapping = versions.filter(status=Mapping.Status.PUBLISHED).first()
    payloads = _samples(rows)
    found = Changed(
        connection=actors.name_of(connection),
        entity=nouns.one(entity),
        field=name,
        message=first.get("message", ""),
        value=first.get("value", ""),
        records=rows.count(),
        since=rows.aggregate(since=Min("received_at"))["since"],
        tried=len(payloads),
        mapping=mapping,
        draft=versions.filter(status=Mapping.Status.DRAFT).select_related("author").first(),
        behind=rows.exclude(mapping_version=mapping.version).count() if mapping else 0,
    )
    learnt = FeedShape.objects.filter(connection__code=connection, entity=entity).first()
    if mapping is None or learnt is None or not payloads:
        return found
    return _tried(found, what, queries.spec_of(mapping), payloads, Shape(**learnt.shape))


def kept_back(root_cause: str) -> "QuerySet[SourceVersion]":
    """The records of one change."""
    return SourceVersion.objects.filter(case_code=DRIFT, root_cause=root_cause, status="refused")


def would_take(root_cause: str, found: mend.Mend, meanings: Mapped[str, str], mapping: Mapping) -> int:
    """How many of the first records kept back would be taken if new values had these meanings."""
    learnt = FeedShape.objects.get(connection__code=mapping.connection, entity=mapping.entity)
    spec = found.applied(queries.spec_of(mapping), meanings)
    return mend.passing(spec, _samples(kept_back(root_cause)), Shape(**learnt.shape), today())


def _samples(rows: "QuerySet[SourceVersion]") -> list[Mapped[str, Any]]:
    """The first of the records kept back, as the mapping sees them."""
    found = rows.order_by("pk").values_list("payload", "row_number", "run__file__name")
    return [with_virtual_columns(payload, row, name or "") for payload, row, name in found[:SAMPLES]]


def _tried(found: Changed, what: str, spec: MappingSpec, payloads: list[Mapped[str, Any]], shape: Shape) -> Changed:
    def trial(other: MappingSpec, *, ready: bool = True) -> Trial:
        told = mend.differences(spec, other)
        try:
            return Trial(told, mend.passing(other, payloads, shape, today()) if ready else None)
        except BadPath:
            return Trial(told, None)

    drafted = trial(queries.spec_of(found.draft)) if found.draft else None
    proposed = mend.find(what, found.field, spec, payloads, shape)
    proposal = trial(proposed.applied(spec), ready=not proposed.value_map) if proposed else None
    if proposal is not None and proposal.taken == 0:  # it reads them, and they would be kept back all the same
        proposed = proposal = None
    return replace(found, understood=mend.reads(spec, payloads), drafted=drafted, proposed=proposed, proposal=proposal)
