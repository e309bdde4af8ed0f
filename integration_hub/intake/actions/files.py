"""Files: dropped, looked at through the mapping, applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

from django.db import transaction

from integration_hub.canonical import Record
from integration_hub.connectors.models import Connection
from integration_hub.intake import policies
from integration_hub.intake.filedrop import load, manifest, reading, storage
from integration_hub.intake.filedrop.bank import kept
from integration_hub.intake.filedrop.bank.lines import Statement
from integration_hub.intake.models import Feed, FileDrop, Run
from integration_hub.intake.work import with_virtual_columns
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.mapping.apply import translate
from integration_hub.mapping.models import Mapping as MappingRow
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, event


@dataclass(frozen=True, slots=True)
class Companion:
    """A second file whose columns are appended to the rows of the first, by the value of `key` in both."""

    name: str
    stream: BinaryIO
    key: str


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row before and after the mapping; `after` is None when it would be refused or left out."""

    number: int
    before: Mapping[str, Any]
    after: dict[str, Any] | None
    problems: tuple[Problem, ...]
    filtered: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a file holds: its first rows, and all its statements where it comes from a bank."""

    rows: list[PreviewRow]
    statements: tuple[Statement, ...] = ()


@transaction.atomic
def drop(
    *,
    connection: Connection,
    entity: str,
    name: str,
    stream: BinaryIO,
    by: Actor,
    companion: Companion | None = None,
    totals: Mapping[str, Any] | None = None,
) -> FileDrop:
    """Keep a file to be looked at and applied. The same content (with the same companion) is the same file.

    `totals` is the manifest, see `filedrop.manifest.read`. Raises Denied, NotReady without a feed, BadInput for a wrong
    manifest or a file that is not the one its manifest describes.
    """
    policies.can_drop(by).or_raise()
    name = _name(name)
    if not Feed.objects.filter(connection=connection, entity=entity).exists():
        raise NotReady(f"{connection.code} takes no files of {entity!r}. Install its feeds first.")
    told = manifest.read(name, totals or {})
    kept = storage.keep(stream)
    if problems := manifest.arrived_whole(told, kept):
        raise BadInput(f"File {name}", problems)
    facts, digest = _with_companion(dict(totals or {}), kept, companion)
    found, fresh = FileDrop.objects.get_or_create(
        connection=connection,
        entity=entity,
        sha256=digest,
        defaults={
            "name": name,
            "bytes": kept.bytes,
            "path": str(kept.path),
            "manifest": facts,
            "dropped_by": by if isinstance(by, User) else None,
        },
    )
    if not fresh and totals and found.manifest != facts:
        found.manifest = facts
        found.save(update_fields=["manifest"])
    _record("dropped" if fresh else "dropped_again", found, by)
    return found


def _name(name: str) -> str:
    short = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not short or not short.isprintable():
        raise BadInput("File", [Problem("name", "is empty or not readable.", "Give the file a plain name.")])
    return short[-200:]


def _with_companion(
    facts: dict[str, Any], kept: storage.Kept, companion: Companion | None
) -> tuple[dict[str, Any], str]:
    facts.pop("companion", None)
    if companion is None:
        return facts, kept.sha256
    other = storage.keep(companion.stream)
    facts["companion"] = {
        "name": _name(companion.name),
        "key": companion.key,
        "path": str(other.path),
        "sha256": other.sha256,
    }
    return facts, storage.digest_of(kept.sha256, other.sha256, companion.key)


def _after(record: Record) -> dict[str, Any]:
    """A record as JSON; its numbers end with their last digit, whatever they were computed from."""
    numbers = {name: f"{value.normalize():f}" for name, value in record if isinstance(value, Decimal)}
    return record.model_dump(mode="json") | numbers


def preview(*, file: FileDrop, mapping: MappingRow | None = None, rows: int = 20) -> list[PreviewRow]:
    """The first rows through a mapping, see `look`."""
    return look(file=file, mapping=mapping, rows=rows).rows


def look(*, file: FileDrop, mapping: MappingRow | None = None, rows: int = 20) -> Look:
    """The first rows through a mapping, draft or published, and the statements of a bank; nothing is stored.

    Raises BadInput when the file cannot be read at all or would be refused, NotReady when no mapping is given and none
    published.
    """
    table, compiled = reading.open_drop(file, mapping or reading.published(file))
    kept.agree(file, table.statements)
    shown = []
    for row in islice(reading.records(file, table, compiled), rows):
        if row.problems:
            shown.append(PreviewRow(row.number, row.values or row.record.payload, None, row.problems, False))
            continue
        raw = with_virtual_columns(row.record.payload, row.number, file.name)
        result = translate(compiled, raw, source_id=row.record.source_id, version=row.record.version or "1")
        after = _after(result.record) if result.record is not None else None
        shown.append(PreviewRow(row.number, row.values, after, result.problems, result.filtered))
    return Look(shown, table.statements)


@transaction.atomic
def apply(*, file: FileDrop, by: Actor) -> Run:
    """Load a file by the bulk stage, in the background; the run shows how far it is. Raises Denied."""
    run = _start(file, by)
    load.enqueue(run)
    return run


def apply_now(*, file: FileDrop, by: Actor, progress: load.Progress | None = None) -> Run:
    """Load a file in this process, to its end. Raises Denied."""
    with transaction.atomic():
        run = _start(file, by)
    load.load(run, progress=progress)
    run.refresh_from_db()
    return run


def _start(file: FileDrop, by: Actor) -> Run:
    locked = FileDrop.objects.select_for_update(no_key=True, of=("self",)).select_related("connection").get(pk=file.pk)
    policies.can_apply(locked, by).or_raise()
    running = Run.objects.filter(file=locked, state=Run.State.RUNNING).first()
    if running is not None:
        return running
    feed = Feed.objects.get(connection=locked.connection, entity=locked.entity)
    _record("apply_requested", locked, by)
    return Run.objects.create(feed=feed, trigger="file", file=locked)


def _record(verb: str, file: FileDrop, by: Actor) -> None:
    event(
        f"intake.file.{verb}",
        by=by,
        object_type="file",
        object_id=file.pk,
        label=file.name,
        connection=file.connection.code,
        entity=file.entity,
        sha256=file.sha256,
        bytes=file.bytes,
    )
