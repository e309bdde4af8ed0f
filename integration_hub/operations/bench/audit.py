"""How fast the trail is written, sealed and verified, and which ways of tampering a verification notices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from time import monotonic, sleep

from django.db import connection, transaction

from integration_hub.kernel.clock import now
from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, judged, scratch, spent
from integration_hub.trail import record, seal

ROUNDS = 3
AT_ONCE = 1000
PATIENCE = 60.0
APPEND = Aim("of the limit", floor=0.6, target=0.75)
VERIFY = Aim("times the rate of the limit", floor=1.0, target=1.5)
NOTICED = Aim("of the ways to tamper are noticed", floor=1.0, target=1.0)

# The same rows, written down beforehand, in the same portions into a table of the same shape: no trigger, one index.
_BARE = "CREATE TABLE bench_event (LIKE hub_trail_event INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (id))"
_PLAIN = """
COPY bench_event (recorded_at, actor_kind, actor, action, object_type, object_id, object_label, legal_entity, reason,
                  data, correlation_id) FROM STDIN
"""
_ROW = '{at}\tsystem\tsystem:bench\tbench.thing.done\tthing\t{n}\tThing {n}\tUS01\t\t{{"number":{n}}}\tbench\n'
_TWO = "SELECT id FROM hub_trail_event ORDER BY tx, id OFFSET (SELECT count(*) / 2 FROM hub_trail_event) LIMIT 2"
TAMPERING = {
    "an event is changed": "UPDATE hub_trail_event SET data = jsonb_build_object('number', -1) WHERE id = %(one)s",
    "an event is removed": "DELETE FROM hub_trail_event WHERE id = %(one)s",
    "an event is slipped in": """
        INSERT INTO hub_trail_event (tx, recorded_at, actor_kind, actor, action, object_type, object_id, object_label,
                                     legal_entity, reason, data, correlation_id)
        SELECT tx, recorded_at, actor_kind, actor, action, object_type, object_id, object_label, legal_entity, reason,
               data, correlation_id FROM hub_trail_event WHERE id = %(one)s""",
    "two events change places": """
        UPDATE hub_trail_event AS mine SET object_id = other.object_id, object_label = other.object_label
          FROM hub_trail_event AS other
         WHERE mine.id IN (%(one)s, %(other)s) AND other.id IN (%(one)s, %(other)s) AND mine.id <> other.id""",
    "an event is given to another entity": "UPDATE hub_trail_event SET legal_entity = 'UK01' WHERE id = %(one)s",
    "the last sealed event is removed": """
        DELETE FROM hub_trail_event WHERE id = (SELECT last_event FROM hub_trail_seal ORDER BY id DESC LIMIT 1)""",
    "a seal is removed": "DELETE FROM hub_trail_seal WHERE id = (SELECT min(id) FROM hub_trail_seal)",
    "the end is cut off with its seal": """
        DELETE FROM hub_trail_event WHERE (tx, id) > (
            SELECT tx, id FROM hub_trail_event
             WHERE id = (SELECT last_event FROM hub_trail_seal ORDER BY id DESC OFFSET 1 LIMIT 1));
        DELETE FROM hub_trail_seal WHERE id = (SELECT max(id) FROM hub_trail_seal)""",
}
"""What somebody with the rights of the tables' owner does. The last one needs an anchor outside to be noticed."""


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` events are appended, sealed and verified, three times: medians. Then each way of tampering is tried."""
    with scratch.database():
        with connection.cursor() as cursor:
            cursor.execute(_BARE)
        rounds = [_round(size) for _ in range(ROUNDS)]
        steps = {step: median(found[step] for found in rounds) for step in rounds[0]}
        _short_trail()
        noticed = {way: _is_noticed(statement) for way, statement in TAMPERING.items()}
    for step, micros in steps.items():
        tell(Figure(step, size, micros * size / 1e6, cpu_micros=micros))
    for way, seen in noticed.items():
        tell(Figure(f"tampering: {way}", 1, 0.0, "noticed" if seen else "not noticed"))
    plain, appended, _, verified = steps.values()
    judged(APPEND, plain / appended, tell)
    judged(VERIFY, plain / verified, tell)
    judged(NOTICED, sum(noticed.values()) / len(noticed), tell)


def _round(size: int) -> dict[str, float]:
    """Microseconds of processor time an event takes in each step, from empty tables."""
    _empty()
    found: dict[str, float] = {}
    for step, act in (
        ("limit: plain rows in portions, one key", _plain(size)),
        ("ours: events appended", partial(_append, size)),
        ("ours: sealed", partial(_seal, size)),
        ("ours: verified", partial(_verify, size)),
    ):
        with spent.measured() as took:
            act()
        found[step] = took.micros(size)
    return found


def _empty() -> None:
    with connection.cursor() as cursor, _unguarded():
        cursor.execute("TRUNCATE hub_trail_event, hub_trail_seal, bench_event")


def _short_trail() -> None:
    """Three seals to tamper with."""
    _empty()
    for _ in range(3):
        _append(20)
        _seal(20)


def _portions(size: int) -> Iterator[range]:
    for first in range(0, size, AT_ONCE):
        yield range(first, min(first + AT_ONCE, size))


def _plain(size: int) -> Callable[[], None]:
    """Write down the rows of every portion; what is returned copies them."""
    at = now().isoformat()
    portions = ["".join(_ROW.format(at=at, n=number) for number in numbers) for numbers in _portions(size)]

    def copy_them() -> None:
        for portion in portions:
            with connection.cursor() as cursor, cursor.copy(_PLAIN) as copy:
                copy.write(portion)

    return copy_them


def _append(size: int) -> None:
    for numbers in _portions(size):
        record.events(
            record.draft(
                "bench.thing.done",
                by=scratch.BY,
                object_type="thing",
                object_id=number,
                label=f"Thing {number}",
                legal_entity="US01",
                number=number,
            )
            for number in numbers
        )


def _seal(size: int) -> None:
    """Seal so many events. What is older than a running transaction of the whole server has to wait for it."""
    sealed, deadline = 0, monotonic() + PATIENCE
    while sealed < size:
        found = seal.seal()
        if not found and monotonic() > deadline:
            raise RuntimeError(f"{sealed} of {size} events were sealed: is a transaction open on this server?")
        if not found:
            sleep(0.01)
        sealed += found


def _verify(size: int) -> None:
    verdict = seal.verify()
    if not verdict.intact or verdict.events != size:
        raise RuntimeError(f"The trail does not verify: {verdict}")


class _Undone(Exception):
    """Ends a transaction of which nothing shall stay."""


def _is_noticed(statement: str) -> bool:
    """Whether a verification finds a problem after it; nothing of it stays."""
    noticed = False
    try:
        with transaction.atomic():
            with connection.cursor() as cursor, _unguarded():
                cursor.execute(_TWO)
                one, other = (row[0] for row in cursor.fetchall())
                cursor.execute(statement, {"one": one, "other": other})
            noticed = not seal.verify().intact
            raise _Undone
    except _Undone:
        return noticed


@contextmanager
def _unguarded() -> Iterator[None]:
    """Without the triggers that refuse every change: what their owner can do."""
    tables = ("hub_trail_event", "hub_trail_seal")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("audit", Bench("The trail is appended, sealed, verified and tampered with", 20_000, run))
