"""What a stored version means under the mapping it was read with, for screens; nothing is stored."""

from dataclasses import dataclass
from typing import Any

from integration_hub.intake.models import SourceVersion
from integration_hub.intake.work import BROKEN_ROW, with_virtual_columns
from integration_hub.mapping import queries
from integration_hub.mapping.apply import translate
from integration_hub.mapping.models import Mapping


@dataclass(frozen=True, slots=True)
class Meaning:
    """A record in the shared language, or why there is none."""

    record: dict[str, Any] | None
    mapping: str
    note: str = ""


def canonical_of(version: SourceVersion) -> Meaning:
    """The canonical record of a version: by the mapping version it was read with, else by the one in force."""
    rows = Mapping.objects.filter(connection=version.connection.code, entity=version.entity)
    mapping = rows.filter(version=version.mapping_version).first() if version.mapping_version else None
    mapping = mapping or rows.filter(status=Mapping.Status.PUBLISHED).first()
    if mapping is None:
        return Meaning(None, "", "No mapping is published for it.")
    if BROKEN_ROW in version.payload:
        return Meaning(None, str(mapping), "The row could not be read, so there is nothing to translate.")
    name = version.run.file.name if version.run is not None and version.run.file is not None else ""
    raw = with_virtual_columns(version.payload, version.row_number, name)
    result = translate(
        queries.compiled(mapping), raw, source_id=version.source_id, version=version.version, deleted=version.deleted
    )
    if result.record is None:
        note = "The row filter leaves it out." if result.filtered else "It cannot be translated: see what is wrong."
        return Meaning(None, str(mapping), note)
    return Meaning(result.record.model_dump(mode="json"), str(mapping))
