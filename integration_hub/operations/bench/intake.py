"""How fast time entries come in, beside the database's own limit and what a feed would else be written with."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from django.db import connection, transaction

from integration_hub.connectors import transport
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.connectors.versions import stamp_of
from integration_hub.intake import pipeline, poll, store
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.intake.page import Page
from integration_hub.intake.registry import Arrival, Receipt
from integration_hub.kernel import memory
from integration_hub.mapping import queries as mappings
from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, held, scratch, spent, whole
from integration_hub.sandbox import Landscape, accounts
from integration_hub.work.inprocess import drain_once

ROUNDS = 3
PAGE, LOAD = 2000, 1000
EACH = 40
"""Entries of a contract."""
SLOW = 1000
"""Rows for a way that takes a statement each."""
CHANGED = 20
"""One in so many entries is changed in a replay."""

LIMIT = "limit: COPY and merge into one indexed table"
LIMIT_AGAIN = "limit of a replay: the same, 5 % changed"
FIRST = "ours: validated, with their source versions (P1)"
AGAIN = "ours: replay of these, 5 % changed (P2)"
REWRITTEN = "ours: row versions written for unchanged records (P2)"

_MERGE = """
    INSERT INTO {table} AS stored (source, id, hash, payload) SELECT source, id, hash, payload FROM incoming
    ON CONFLICT (source, id) DO UPDATE SET hash = excluded.hash, payload = excluded.payload
     WHERE stored.hash IS DISTINCT FROM excluded.hash
"""


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """Measure `size` entries three times, everything side by side in each round; the medians, then what they say."""
    with scratch.database(), Landscape() as landscape:
        world = _World(landscape, size)
        memory.settle()
        rounds = [_round(world) for _ in range(ROUNDS)]
        transport.close_clients()
        found = {step: _median([one[step] for one in rounds]) for step in rounds[0]}
        for figure in found.values():
            tell(figure)
        goals = [
            held("P1 first load", _share(found, LIMIT, FIRST), Aim("of the limit", 0.40, 0.60)),
            held("P2 replay, 5 % changed", _share(found, LIMIT_AGAIN, AGAIN), Aim("of the limit", 0.45, 0.60)),
            held("P2 rewritten though unchanged", found[REWRITTEN].things, Aim("rows", 0, 0, most=True)),
        ]
        _empty()
        goals += whole.measure(world.there, [row.payload for row in world.records], tell)
    for goal in goals:
        tell(goal)


def _median(figures: Sequence[Figure]) -> Figure:
    first = figures[0]
    cpu = [figure.cpu_micros for figure in figures if figure.cpu_micros is not None]
    seconds = median(figure.seconds for figure in figures)
    return Figure(
        first.step, max(figure.things for figure in figures), seconds, cpu_micros=median(cpu) if cpu else None
    )


def _share(found: dict[str, Figure], limit: str, ours: str) -> float:
    """How near ours comes to the limit, by processor time; by the clock where the machine does not tell that."""
    theirs, own = found[limit], found[ours]
    if theirs.cpu_micros and own.cpu_micros:
        return theirs.cpu_micros / own.cpu_micros
    return theirs.seconds / own.seconds


class _World:
    """The simulated PSA with its entries, the contracts they belong to, and the same entries in memory."""

    def __init__(self, landscape: Landscape, size: int) -> None:
        self.size = size
        self.url = landscape.kantata
        load = partial(landscape.load, "kantata")
        people = load("users", [{"full_name": f"Person {n}", "email_address": f"p{n}@firm.example"} for n in range(20)])
        projects = load(
            "workspaces",
            [{"title": f"Work {n}", "creator_role": "maven", "currency": "USD"} for n in range(max(1, size // EACH))],
        )
        for start in range(0, size, LOAD):
            rows = [_entry(n, projects, people) for n in range(start, min(start + LOAD, size))]
            load("time_entries", rows)
        self.there = scratch.psa("bench-psa", self.url, accounts.KANTATA_TOKEN)
        scratch.contracts(self.there, projects, people)
        self.records = [_record(n, projects, people) for n in range(size)]


def _entry(number: int, projects: Sequence[str], people: Sequence[str]) -> dict[str, Any]:
    day = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=number % 180)
    return {
        "workspace_id": projects[number % len(projects)],
        "user_id": people[number % len(people)],
        "date_performed": f"{day:%Y-%m-%d}",
        "time_in_minutes": 30 + 15 * (number % 30),
        "notes": f"Design review of part {number} with the client's architects",
        "billable": True,
    }


def _record(number: int, projects: Sequence[str], people: Sequence[str], *, turn: int = 0) -> RawRecord:
    stamp = stamp_of((datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=number, days=turn)).isoformat())
    payload = {**_entry(number, projects, people), "id": f"m{number}", "updated_at": stamp, "currency": "USD",
               "recent_submission_id": "1",
               "submission": {"id": "1", "status": "approved", "updated_at": stamp}, "taxable": False,
               "role_name": "Architect", "story_id": None, "approved": True, "turn": turn}  # fmt: skip
    return RawRecord(f"m{number}", f"{stamp}.00", payload, moved_at=stamp)


def _round(world: _World) -> dict[str, Figure]:
    """Every way once, from empty tables."""
    _empty()
    found: dict[str, Figure] = {}

    def timed(step: str, things: int, act: Callable[[], object]) -> None:
        with spent.measured() as used:
            act()
        found[step] = Figure(step, things, used.seconds, cpu_micros=used.micros(things))

    size = world.size
    changed = [_again(record) if n % CHANGED == 0 else record for n, record in enumerate(world.records)]
    timed(LIMIT, size, partial(_merge, world.records))
    timed(LIMIT_AGAIN, size, partial(_merge, changed))
    timed("peer: bulk_create(update_conflicts)", size, partial(_bulk_create, world))
    timed("peer: update_or_create, a statement each", SLOW, partial(_update_or_create, world))
    _empty()
    timed(FIRST, size, partial(_take_alone, world.there, world.records))
    places = _places()
    timed(AGAIN, size, partial(_take_alone, world.there, changed))
    rewritten = sum(now != places[pk] for pk, now in _places().items() if pk in places)
    found[REWRITTEN] = Figure(REWRITTEN, rewritten, 0.0)
    _empty()
    timed("ours: with source versions and events", size, partial(_take, world.there, world.records))
    timed("ours: decided, with rate and reason", size, drain_once)
    timed("ours: replay of versions and events, 5 % changed", size, partial(_take, world.there, changed))
    drain_once()
    _empty()
    timed("ours: HTTP pages of the simulated Kantata, with events", size, partial(_read, world.there))
    return found


def _nobody(batch: Sequence[Arrival]) -> Sequence[Receipt]:
    """A receiver that makes nothing of what was stored, validated and looked at for drift."""
    return [Receipt.applied() for _ in batch]


def _take_alone(there: Connection, records: Sequence[RawRecord]) -> None:
    made = Run.objects.create(feed=Feed.objects.get(connection=there, entity="time_entry"), trigger="bench")
    mapping = mappings.published(there.code, "time_entry")
    for start in range(0, len(records), PAGE):
        with transaction.atomic():
            store.lock(there, "time_entry")
            arrived = store.incoming(records[start : start + PAGE])
            Page(there, "time_entry", mapping, _nobody, made).take(arrived)


def _places() -> dict[int, tuple[str, str]]:
    """Where each source version is stored and by which transaction it was written: another one after any write."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text, xmin::text FROM hub_intake_sourceversion")
        return {pk: (place, by) for pk, place, by in cursor.fetchall()}


def _again(record: RawRecord) -> RawRecord:
    stamp = stamp_of((datetime.fromisoformat(record.moved_at) + timedelta(days=30)).isoformat())
    payload = {**record.payload, "time_in_minutes": 45, "updated_at": stamp}
    return RawRecord(record.source_id, f"{stamp}.00", payload, moved_at=stamp)


def _empty() -> None:
    scratch.empty()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_limit")
        cursor.execute(
            "CREATE TABLE bench_limit (source int, id text, hash text, payload jsonb, PRIMARY KEY (source, id))"
        )


def _merge(records: Sequence[RawRecord]) -> None:
    """What PostgreSQL takes at best: one COPY and one statement."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE incoming (source int, id text, hash text, payload jsonb)")
        with cursor.copy("COPY incoming FROM STDIN") as copy:
            for record in records:
                copy.write_row((1, record.source_id, record.version, json.dumps(record.payload)))
        cursor.execute(_MERGE.format(table="bench_limit"))
        cursor.execute("DROP TABLE incoming")


def _rows(world: _World, number: int) -> Iterator[SourceVersion]:
    for record in world.records[:number]:
        yield SourceVersion(
            connection=world.there, entity="peer", source_id=record.source_id, version=record.version,
            hash=record.version, payload=record.payload, status="applied",
        )  # fmt: skip


def _bulk_create(world: _World) -> None:
    SourceVersion.objects.bulk_create(
        _rows(world, world.size),
        batch_size=PAGE,
        update_conflicts=True,
        unique_fields=["connection", "entity", "source_id", "version", "hash"],
        update_fields=["payload", "status"],
    )


def _update_or_create(world: _World) -> None:
    for row in _rows(world, SLOW):
        key: dict[str, Any] = {
            "connection": world.there,
            "entity": "peer",
            "source_id": row.source_id,
            "version": row.version,
        }
        SourceVersion.objects.update_or_create(**key, hash=row.hash, defaults={"payload": row.payload})


def _take(there: Connection, records: Sequence[RawRecord]) -> None:
    feed = Feed.objects.get(connection=there, entity="time_entry")
    made = Run.objects.create(feed=feed, trigger="bench")
    mapping = mappings.published(there.code, "time_entry")
    for start in range(0, len(records), PAGE):
        pipeline.ingest(there, "time_entry", records[start : start + PAGE], made, mapping)


def _read(there: Connection) -> None:
    feed = Feed.objects.select_related("connection").get(connection=there, entity="time_entry")
    made = Run.objects.create(feed=feed, trigger="bench")
    while poll.read(feed, made) is None:
        feed.refresh_from_db()


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("intake", Bench("Time entries come in, in three rounds: medians", 20_000, run))
