"""Seals: batches of events closed by a hash chain, so that a changed, removed or slipped-in event shows.

Events are written bare; a tick seals them afterwards in the order (transaction, id), and only below the oldest running
transaction: row ids appear out of order, transaction ids below that horizon do not (controls §3.1).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from integration_hub.trail.following import AFTER, ORDER, Position
from integration_hub.trail.models import Event, Seal

BATCH = 5000
AT_ONCE = 200
"""Rows that are in memory at once while a seal is checked: few enough that it is the same memory again and again."""
LOCK = 7_140_002

_COLUMNS = (
    "id, tx::text, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), actor_kind, actor, action,"
    " object_type, object_id, object_label, legal_entity, reason, data::text, correlation_id, caused_by"
)
_UNSEALED = f"""
SELECT {_COLUMNS} FROM hub_trail_event AS event
WHERE {AFTER} ORDER BY {ORDER} LIMIT %(limit)s
"""  # noqa: S608 - constants only
_RANGE = f"""
SELECT {_COLUMNS} FROM hub_trail_event AS event
WHERE (tx, id) > (%(tx)s::xid8, %(id)s) AND (tx, id) <= (%(last_tx)s::xid8, %(last_id)s)
ORDER BY {ORDER}
"""  # noqa: S608 - constants only

START: Position = ("0", 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: how much was checked and, where the chain breaks, the first break."""

    seals: int
    events: int
    unsealed: int
    broken_seal: int | None = None
    problem: str = ""

    @property
    def intact(self) -> bool:
        """Whether every sealed event is there, unchanged and in place."""
        return not self.problem


@transaction.atomic
def seal() -> int:
    """Seal what can be sealed, one batch; returns how many events. Another sealer at work means 0."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    last = Seal.objects.order_by("-id").first()
    position = START if last is None else _position(last.last_event)
    if position is None:
        return 0  # the sealed end was removed: `verify` says so, and nothing may be chained to a gap
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, {"tx": position[0], "id": position[1], "limit": BATCH})
        rows = cursor.fetchall()
    if not rows:
        return 0
    previous = last.hash if last else ""
    Seal.objects.create(
        first_event=rows[0][0],
        last_event=rows[-1][0],
        count=len(rows),
        previous_hash=previous,
        hash=_hash(previous, rows)[0],
    )
    return len(rows)


def verify() -> Verdict:
    """Walk the whole chain and recompute every seal; stops at the first break and says what it is."""
    position, previous, events, seals = START, "", 0, 0
    for current in Seal.objects.order_by("id").iterator():
        problem, found, end = _check(current, position, previous)
        if problem:
            return Verdict(seals, events, 0, current.pk, problem)
        position, previous, events, seals = end, current.hash, events + found, seals + 1
    return Verdict(seals, events, Event.objects.count() - events)


def _check(current: Seal, position: Position, previous: str) -> tuple[str, int, Position]:
    if current.previous_hash != previous:
        return f"Seal {current.pk} does not follow the seal before it: a seal was changed or removed.", 0, position
    end = _position(current.last_event)
    if end is None:
        return f"Event {current.last_event}, the last one of seal {current.pk}, is gone.", 0, position
    digest, found = _hash(previous, _rows(position, end))
    if found != current.count:
        what = "removed" if found < current.count else "slipped in"
        return f"Seal {current.pk} covers {current.count} events, {found} are there: some were {what}.", 0, end
    if digest != current.hash:
        span = f"{current.first_event} to {current.last_event}"
        return f"An event of seal {current.pk} ({span}) is not as it was sealed: it was changed.", 0, end
    return "", found, end


def _position(event_id: int) -> Position | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tx::text, id FROM hub_trail_event WHERE id = %s", [event_id])
        row = cursor.fetchone()
    return (row[0], int(row[1])) if row else None


def _rows(after: Position, until: Position) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_RANGE, {"tx": after[0], "id": after[1], "last_tx": until[0], "last_id": until[1]})
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows


def _hash(previous: str, rows: Iterable[tuple[Any, ...]]) -> tuple[str, int]:
    """The hash of a seal, and of how many rows it is. Texts and whole numbers: the same bytes as `canonical_json`."""
    digest, count = hashlib.sha256(previous.encode()), 0
    for row in rows:
        digest.update(orjson.dumps(row))
        digest.update(b"\n")
        count += 1
    return digest.hexdigest(), count
