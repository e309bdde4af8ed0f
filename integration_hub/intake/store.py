"""The statements of intake: one lock per feed, bulk reads and writes of source versions."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake.models import Feed
from integration_hub.intake.versions import Incoming, Known
from integration_hub.kernel.errors import NotReady, Problem
from integration_hub.kernel.ids import canonical_json

ID_LENGTH, VERSION_LENGTH = 120, 60
STATEMENT = 16_000_000
"""Characters of rows that are sent to the server at once."""

_KNOWN = """
    SELECT id, source_id, version, hash, status, deleted, mapping_version, case_code, root_cause
      FROM hub_intake_sourceversion
     WHERE connection_id = %s AND entity = %s AND source_id = ANY(%s)
"""

_INSERT = """
    INSERT INTO hub_intake_sourceversion
        (connection_id, entity, source_id, version, hash, payload, deleted, status, problems, waits_for, case_code,
         root_cause, mapping_version, run_id, row_number, received_at, moved_at)
    SELECT %s, %s, fresh.id, fresh.version, fresh.hash, fresh.payload, coalesce(fresh.deleted, false), fresh.status,
           coalesce(fresh.problems, '[]'), '', coalesce(fresh.code, ''), coalesce(fresh.cause, ''), %s, %s, fresh.row,
           now(), fresh.moved
      FROM json_to_recordset(%s::json)
           AS fresh (id text, version text, hash text, deleted bool, status text, problems jsonb, code text, cause text,
                     row int, moved timestamptz, payload jsonb)
    ON CONFLICT ON CONSTRAINT intake_source_version_once DO NOTHING
    RETURNING id, source_id, version, hash
"""

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
) -> dict[tuple[str, str, str], int]:
    """Store new versions as they are; ids by (source id, version, hash). A version stored meanwhile is left out."""
    stored: dict[tuple[str, str, str], int] = {}
    for chunk in _chunks([_line(item, outcome) for item, outcome in rows]):
        with database.cursor() as cursor:
            cursor.execute(_INSERT, [connection.pk, entity, mapping_version, run_id, f"[{','.join(chunk)}]"])
            stored.update({(source_id, version, digest): pk for pk, source_id, version, digest in cursor.fetchall()})
    return stored


def _line(item: Incoming, outcome: Outcome) -> str:
    """One row as JSON. The payload is JSON text already and goes in as it is: it is never escaped and parsed twice.

    What most rows have is not said.
    """
    said: dict[str, Any] = {"id": item.source_id, "version": item.version, "hash": item.hash, "status": outcome.status}
    if item.deleted:
        said["deleted"] = True
    if outcome.problems or outcome.code or outcome.root_cause:
        said |= {"problems": outcome.problems, "code": outcome.code, "cause": outcome.root_cause}
    if item.row is not None:
        said["row"] = item.row
    if item.moved_at:
        said["moved"] = item.moved_at
    return f'{json.dumps(said)[:-1]},"payload":{item.text}}}'


def _chunks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Statements of a size the server takes at once."""
    chunk: list[str] = []
    size = 0
    for line in lines:
        if chunk and size + len(line) > STATEMENT:
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield chunk


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
    payload, written = record.payload, _written(record.payload)
    if written is None:
        payload = _cleaned(record.payload, "", problems)
        text = canonical_json(payload)
        written = text, text.encode()
    text, content = written
    digest = digest or hashlib.sha256(b"deleted:" + content if record.deleted else content).hexdigest()
    source_id = _identity(record.source_id, "source_id", ID_LENGTH, digest, problems)
    version = _identity(record.version, "version", VERSION_LENGTH, digest, problems) if record.version else ""
    return Incoming(source_id, version, digest, payload, text, record.deleted, row, tuple(problems), record.moved_at)


def _written(payload: Mapping[str, Any]) -> tuple[str, bytes] | None:
    """Canonical JSON, also as bytes, or None if the database would not take it (NUL, lone surrogates, NaN)."""
    text = canonical_json(payload)
    # The words may stand in good text as well: then the slow way finds nothing to replace.
    if "\\u0000" in text or "NaN" in text or "Infinity" in text:
        return None
    try:
        return text, text.encode()
    except UnicodeEncodeError:
        return None


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
