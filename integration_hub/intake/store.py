"""The statements of intake: one lock per feed, bulk reads and writes of source versions."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db import connection as database

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake.models import Feed, SourceVersion
from integration_hub.intake.versions import Incoming, Known
from integration_hub.kernel.bulk import copy_values, new_ids
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady, Problem
from integration_hub.kernel.ids import canonical_bytes

ID_LENGTH, VERSION_LENGTH = 120, 60
Identity = tuple[str, str, str]
"""Source id, version, hash."""

_KNOWN = """
    SELECT id, source_id, version, hash, status, deleted, mapping_version, case_code, root_cause
      FROM hub_intake_sourceversion
     WHERE connection_id = %s AND entity = %s AND source_id = ANY(%s)
"""

_STORED = ("id", "connection_id", "entity", "source_id", "version", "hash", "payload", "deleted", "status", "problems",
           "waits_for", "case_code", "root_cause", "mapping_version", "run_id", "row_number", "received_at",
           "moved_at")  # fmt: skip
_ONCE = "intake_source_version_once"

_SETTLE = """
    UPDATE hub_intake_sourceversion AS stored
       SET status = settled.status, problems = settled.problems::jsonb, waits_for = settled.waits_for,
           case_code = settled.case_code, root_cause = settled.root_cause,
           mapping_version = coalesce(%s, stored.mapping_version)
      FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
           AS settled (id, status, problems, waits_for, case_code, root_cause)
     WHERE stored.id = settled.id
"""

_MOVE = """
    UPDATE hub_intake_sourceversion AS stored SET run_id = %s, row_number = moved.row_number
      FROM unnest(%s::bigint[], %s::int[]) AS moved (id, row_number)
     WHERE stored.id = moved.id
"""


@dataclass(slots=True)
class Outcome:
    """What became of a version: a status of `SourceVersion`, and why."""

    status: str
    problems: tuple[dict[str, str], ...] = ()
    waits_for: str = ""
    code: str = ""
    root_cause: str = ""


def lock(connection: Connection, entity: str) -> Feed:
    """The feed's row, locked: pages, files and retries of one feed settle one after the other.

    Raises NotReady when the connection has no such feed.
    """
    feed = Feed.objects.select_for_update(no_key=True).filter(connection=connection, entity=entity).first()
    if feed is None:
        raise NotReady(f"{connection.code} has no feed {entity!r}. Install the feeds of the connection first.")
    return feed


def known(connection: Connection, entity: str, source_ids: Sequence[str]) -> dict[str, list[Known]]:
    """All stored versions of these records."""
    found: dict[str, list[Known]] = {}
    with database.cursor() as cursor:
        cursor.execute(_KNOWN, [connection.pk, entity, list(source_ids)])
        for row in cursor.fetchall():
            stored = Known._make(row)
            found.setdefault(stored.source_id, []).append(stored)
    return found


def insert(
    connection: Connection,
    entity: str,
    rows: Sequence[tuple[Incoming, Outcome]],
    *,
    run_id: int | None,
    mapping_version: int | None,
) -> dict[Identity, int]:
    """Store new versions as they are; ids by identity. One stored meanwhile, past the feed's lock, is left out."""
    left, moment = list(rows), str(now())
    before, after = (connection.pk, entity), (mapping_version, run_id)
    while left:
        [ids] = new_ids((SourceVersion, len(left)))
        try:
            with transaction.atomic():
                copy_values(
                    SourceVersion,
                    _STORED,
                    (
                        _row(pk, before, item, outcome, after, moment)
                        for pk, (item, outcome) in zip(ids, left, strict=True)
                    ),
                )
        except IntegrityError as error:
            if _ONCE not in str(error):
                raise
            stored = _stored(connection, entity, left)
            remaining = [row for row in left if row[0].identity not in stored]
            if len(remaining) == len(left):
                raise  # one version twice in one page
            left = remaining
        else:
            return {item.identity: pk for pk, (item, _) in zip(ids, left, strict=True)}
    return {}


def _row(
    pk: int, before: tuple[Any, ...], item: Incoming, outcome: Outcome, after: tuple[Any, ...], moment: str
) -> tuple[Any, ...]:
    """The values of `_STORED`; `before` and `after` are what all rows of a page have in common."""
    problems = json.dumps(outcome.problems) if outcome.problems else "[]"
    return (
        pk, *before, item.source_id, item.version, item.hash, item.text, item.deleted, outcome.status, problems, "",
        outcome.code, outcome.root_cause, *after, item.row, moment, item.moved_at or None,
    )  # fmt: skip


def _stored(connection: Connection, entity: str, rows: Sequence[tuple[Incoming, Outcome]]) -> set[Identity]:
    """Which of these versions are here."""
    with database.cursor() as cursor:
        cursor.execute(_KNOWN, [connection.pk, entity, [item.source_id for item, _ in rows]])
        return {row[1:4] for row in cursor.fetchall()}


def moved_to(run_id: int, rows: Mapping[int, int]) -> None:
    """Note that stored versions were tried again as these rows of a later file: {id: row number}."""
    if rows:
        with database.cursor() as cursor:
            cursor.execute(_MOVE, [run_id, list(rows), list(rows.values())])


def settle(outcomes: Mapping[int, Outcome], *, mapping_version: int | None) -> None:
    """Write what became of stored versions."""
    if not outcomes:
        return
    values = list(outcomes.values())
    columns: list[list[Any]] = [
        list(outcomes),
        [outcome.status for outcome in values],
        [json.dumps(outcome.problems) for outcome in values],
        [outcome.waits_for for outcome in values],
        [outcome.code for outcome in values],
        [outcome.root_cause for outcome in values],
    ]
    with database.cursor() as cursor:
        cursor.execute(_SETTLE, [mapping_version, *columns])


def incoming(
    records: Sequence[RawRecord], rows: Sequence[int] | None = None, digests: Sequence[str] | None = None
) -> list[Incoming]:
    """Raw records with canonical text and hash. What PostgreSQL cannot hold is replaced and named as a problem.

    `digests` replace the hash of the whole payload where only a part of it is the record's content.
    """
    places: Sequence[int | None] = [None] * len(records) if rows is None else rows
    hashes: Sequence[str] = [""] * len(records) if digests is None else digests
    return [_incoming(record, row, digest) for record, row, digest in zip(records, places, hashes, strict=True)]


def _incoming(record: RawRecord, row: int | None, digest: str) -> Incoming:
    problems: list[Problem] = []
    payload, content = record.payload, _written(record.payload)
    if content is None:
        payload = _cleaned(record.payload, "", problems)
        content = canonical_bytes(payload)
    digest = digest or hashlib.sha256(b"deleted:" + content if record.deleted else content).hexdigest()
    source_id = _identity(record.source_id, "source_id", ID_LENGTH, digest, problems)
    version = _identity(record.version, "version", VERSION_LENGTH, digest, problems) if record.version else ""
    text = content.decode()
    return Incoming(source_id, version, digest, payload, text, record.deleted, row, tuple(problems), record.moved_at)


def _written(payload: Mapping[str, Any]) -> bytes | None:
    """Canonical JSON, or None if the database would not take it (NUL, lone surrogates, NaN)."""
    try:
        content = canonical_bytes(payload)
    except UnicodeEncodeError:
        return None
    # The words may stand in good text as well: then the slow way finds nothing to replace.
    return None if b"\\u0000" in content or b"NaN" in content or b"Infinity" in content else content


def _cleaned(value: Any, path: str, problems: list[Problem]) -> Any:
    if isinstance(value, Mapping):
        return {
            _cleaned(str(key), path, problems): _cleaned(item, f"{path}.{key}" if path else str(key), problems)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cleaned(item, f"{path}[{index}]", problems) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(Problem(printable(path), f"{value} is not a number.", "Correct the value in the source."))
        return str(value)
    if isinstance(value, str) and (shown := printable(value)) != value:
        problems.append(
            Problem(printable(path), "holds characters no database takes (NUL).", "Remove them in the source.")
        )
        return shown
    return value


def printable(text: str) -> str:
    """The text with NUL and lone surrogates replaced."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


def _identity(value: str, name: str, longest: int, digest: str, problems: list[Problem]) -> str:
    """An id or version as it can be stored; a wrong one is replaced by one made of the content, and named."""
    text = str(value)
    if text and len(text) <= longest and text == printable(text):
        return text
    reason = (
        "is empty." if not text else f"is longer than {longest} characters or not readable: {printable(text)[:40]!r}."
    )
    problems.append(Problem(name, reason, "Correct it in the source."))
    return f"?{digest[:40]}"
