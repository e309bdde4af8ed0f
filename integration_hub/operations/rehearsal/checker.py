"""The checker: reads the database and the simulators' own ledgers, nothing else, and says which invariants hold.

I1 each accepted event ends in exactly one terminal state · I2 the remote ledger holds one effect per key at most, one
for each confirmed, none for one withdrawn · I3 nothing is confirmed without a remote effect · I4 order within a lane ·
I5 the money of the source is accounted for to the cent · I6 the sealed trail verifies · I7 after the faults everything
drains in time.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from integration_hub.effects.models import Effect
from integration_hub.effects.queries import proof
from integration_hub.intake.models import Delivery, SourceVersion
from integration_hub.operations.rehearsal.handlers import STRICT
from integration_hub.trail import seal
from integration_hub.trail.models import Event

SHOWN = 5
"""Examples per violation."""


@dataclass(slots=True)
class Finding:
    """One invariant: how much was looked at, what was wrong."""

    invariant: str
    says: str
    checked: int = 0
    violations: list[str] = field(default_factory=list)

    def expect(self, rows: int, wrong: list[str]) -> None:
        """Add what was looked at and what was found wrong."""
        self.checked += rows
        self.violations += wrong


@dataclass(frozen=True, slots=True)
class Books:
    """What the simulators say they have: external ids with how often, money of invoices, people by id."""

    invoices: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    projects: Mapping[str, int] = field(default_factory=dict)
    projects_in_all: int = 0
    people: Mapping[str, str] = field(default_factory=dict)
    """Name by id, of the people of this seed."""
    hints: Mapping[str, int] = field(default_factory=dict)
    forged: int = 0


def check(seed: int, books: Books, *, drained: bool, seconds: float) -> list[Finding]:
    """All invariants of one seed."""
    return [
        terminal(seed, books),
        remote(seed, books),
        confirmed(seed, books),
        order(seed),
        money(seed, books),
        trail(),
        Finding("I7", "after the faults everything drains", 1, [] if drained else [f"not drained in {seconds:.0f} s"]),
    ]


# --- I1 ------------------------------------------------------------------------------------------------------------

# One row per accepted event, with its items, how often it took effect, and whether it waits for a person.
_EVENTS = """
WITH item AS (
    SELECT lane.key AS lane, (item.payload->>'n')::int AS n, count(*) AS items,
           count(*) FILTER (WHERE item.state = 'done') AS done,
           count(*) FILTER (WHERE item.state = 'parked') AS parked
      FROM hub_work_item item JOIN hub_work_lane lane ON lane.id = item.lane_id
     WHERE lane.key LIKE %(lanes)s AND item.kind LIKE 'rehearsal.%%' GROUP BY 1, 2
), booked AS (
    SELECT lane, n, count(*) AS times FROM rehearsal_ledger WHERE seed = %(seed)s GROUP BY 1, 2
)
SELECT source.lane, source.n, source.does, coalesce(item.items, 0), coalesce(item.done, 0), coalesce(item.parked, 0),
       coalesce(booked.times, 0)
  FROM rehearsal_source source
  LEFT JOIN item ON item.lane = source.lane AND item.n = source.n
  LEFT JOIN booked ON booked.lane = source.lane AND booked.n = source.n
 WHERE source.seed = %(seed)s
   AND NOT (coalesce(item.items, 0) = 1
            AND ((item.done = 1 AND coalesce(booked.times, 0) = 1) OR (item.parked = 1 AND booked.times IS NULL)))
"""
_STRAY = """
SELECT ledger.lane, ledger.n FROM rehearsal_ledger ledger
  LEFT JOIN rehearsal_source source USING (seed, lane, n)
 WHERE ledger.seed = %(seed)s AND source.n IS NULL
"""
_COUNT = "SELECT count(*) FROM rehearsal_source WHERE seed = %(seed)s"


def terminal(seed: int, books: Books) -> Finding:
    """Each event has one item that is done and took effect once, or is parked and took none; each record one state."""
    finding = Finding("I1", "each accepted event ends in exactly one terminal state")
    wrong = [
        f"{lane} {n} ({does}): {count} items, {done} done, {parked} parked, took effect {times} times"
        for lane, n, does, count, done, parked, times in _rows(_EVENTS, seed)
    ]
    wrong += [f"{lane} {n} took effect and was never accepted" for lane, n in _rows(_STRAY, seed)]
    finding.expect(_rows(_COUNT, seed)[0][0], wrong)
    finding.expect(len(books.people), _people(books))
    finding.expect(*_deliveries(books))
    return finding


def _people(books: Books) -> list[str]:
    """Each record of the source has one version in force, its last one, and none that nobody decided about."""
    versions: dict[str, list[SourceVersion]] = {}
    for row in SourceVersion.objects.filter(entity="resource", source_id__in=list(books.people)).order_by("version"):
        versions.setdefault(row.source_id, []).append(row)
    wrong = []
    for key, name in books.people.items():
        stored = versions.get(key, [])
        applied = [row for row in stored if row.status == SourceVersion.Status.APPLIED]
        contents = Counter((row.version, row.hash) for row in stored)
        if not applied or applied[-1].payload.get("full_name") != name:
            wrong.append(f"person {key} is {name!r} there, {[row.payload.get('full_name') for row in stored]} here")
        if [row.pk for row in applied] != sorted(row.pk for row in applied):
            wrong.append(f"person {key}: an older version was applied after a newer one")
        if any(times > 1 for times in contents.values()):
            wrong.append(f"person {key}: a version is stored twice")
        if any(row.status == SourceVersion.Status.RECEIVED for row in stored):
            wrong.append(f"person {key}: a version was never decided about")
    return wrong


def _deliveries(books: Books) -> tuple[int, list[str]]:
    """Each hint that was answered with 200 is stored, once, and handled."""
    if not books.hints:
        return 0, []
    rows = Delivery.objects.exclude(delivery_id__startswith="forged").values_list("delivery_id", "status")
    stored = Counter(key for key, _ in rows)
    wrong = [f"hint {key} is stored {times} times" for key, times in stored.items() if times > 1]
    wrong += [f"hint {key} is {status}" for key, status in rows if status == Delivery.Status.RECEIVED]
    least = books.hints["answered"]
    if len(stored) < least:
        wrong.append(f"{least} hints were answered with 200, {len(stored)} are stored")
    if Delivery.objects.filter(delivery_id__startswith="forged").exists():
        wrong.append("a forged webhook was stored")
    return len(stored), wrong


# --- I2, I3 --------------------------------------------------------------------------------------------------------


def _effects(seed: int) -> list[Effect]:
    return list(Effect.objects.filter(business_key__startswith=f"R{seed}-").select_related("connection").order_by("id"))


def _times_there(effect: Effect, books: Books) -> int:
    if effect.connection.code == "netsuite":
        return len(books.invoices.get(effect.business_key, []))
    return books.projects.get(effect.business_key, 0)


def remote(seed: int, books: Books) -> Finding:
    """Nothing stands in a remote ledger twice, without an intent here, or although its intent was withdrawn."""
    finding = Finding("I2", "one remote effect per key at most, one for each confirmed, none for one withdrawn")
    known = _effects(seed)
    keys = {effect.business_key for effect in known}
    wrong = [f"{e} stands there {n} times" for e in known if (n := _times_there(e, books)) > 1]
    withdrawn = _events_of("effects.effect.cancelled")
    wrong += [f"{e} was withdrawn and stands there" for e in known if e.pk in withdrawn and _times_there(e, books)]
    there = [*books.invoices, *books.projects]
    wrong += [f"{key} stands there and was never intended" for key in there if key not in keys]
    wrong += [f"{key} was intended {n} times" for key, n in Counter(e.business_key for e in known).items() if n > 1]
    if books.projects_in_all > sum(books.projects.values()):
        wrong.append(f"{books.projects_in_all} projects are there, {sum(books.projects.values())} have our reference")
    finding.expect(len(known), wrong)
    return finding


def confirmed(seed: int, books: Books) -> Finding:
    """What is confirmed is there, under an untouched key and content; what is not there is not confirmed."""
    finding = Finding("I3", "nothing is confirmed without a remote effect")
    done = [effect for effect in _effects(seed) if effect.state == Effect.State.CONFIRMED]
    wrong = [f"{effect} is confirmed and not there" for effect in done if _times_there(effect, books) == 0]
    wrong += [f"{effect} is confirmed under no number of the target's" for effect in done if not effect.remote_id]
    wrong += [f"{effect} is confirmed and cannot be proved" for effect in done if not proof(effect).is_proved]
    finding.expect(len(done), wrong)
    return finding


# --- I4 ------------------------------------------------------------------------------------------------------------

# What a person put back after it was parked took its place later on purpose.
_DISORDER = """
WITH parked AS (
    SELECT DISTINCT object_id::bigint AS item FROM hub_trail_event
     WHERE action = 'work.item.parked' AND object_type = 'item'
), seen AS (
    SELECT lane, n, lag(n) OVER (PARTITION BY lane ORDER BY id) AS before FROM rehearsal_ledger
     WHERE seed = %(seed)s AND item NOT IN (SELECT item FROM parked)
)
SELECT lane, n, before FROM seen WHERE before >= n
"""
# Until somebody lets its lane go on, nothing passes a parked item that blocks it.
_PASSED = """
WITH parked AS (
    SELECT lane.key AS lane, (item.payload->>'n')::int AS n, parking.recorded_at AS since,
           (SELECT min(onward.recorded_at) FROM hub_trail_event onward
             WHERE onward.recorded_at > parking.recorded_at
               AND (onward.action = 'work.lane.unblocked' AND onward.object_id = lane.id::text
                    OR onward.action = 'work.item.retried' AND onward.object_id = item.id::text)) AS until
      FROM hub_trail_event parking
      JOIN hub_work_item item ON item.id::text = parking.object_id AND item.kind = %(strict)s
      JOIN hub_work_lane lane ON lane.id = item.lane_id AND lane.key LIKE %(lanes)s
     WHERE parking.action = 'work.item.parked' AND parking.object_type = 'item'
)
SELECT parked.lane, ledger.n, parked.n FROM parked
  JOIN rehearsal_ledger ledger ON ledger.seed = %(seed)s AND ledger.lane = parked.lane AND ledger.n > parked.n
   AND ledger.at > parked.since AND ledger.at < coalesce(parked.until, 'infinity')
"""
_BOOKED = "SELECT count(*) FROM rehearsal_ledger WHERE seed = %(seed)s"


def order(seed: int) -> Finding:
    """In each lane items took effect, and effects were confirmed, in the order in which they came in.

    What stands behind a parked item that blocks its lane took effect only after somebody had let it.
    """
    finding = Finding("I4", "order within a lane")
    wrong = [f"{lane}: {n} after {before}" for lane, n, before in _rows(_DISORDER, seed)]
    wrong += [f"{lane}: {n} passed {parked}, which was parked" for lane, n, parked in _rows(_PASSED, seed)]
    finding.expect(_rows(_BOOKED, seed)[0][0], wrong)
    lanes: dict[str, list[Effect]] = {}
    refused = _events_of("effects.effect.rejected")
    for effect in _effects(seed):
        if effect.confirmed_at is not None and effect.pk not in refused:
            lanes.setdefault(effect.lane, []).append(effect)
    for lane, members in lanes.items():
        moments = [effect.confirmed_at for effect in members if effect.confirmed_at is not None]
        finding.expect(
            len(members), [] if moments == sorted(moments) else [f"{lane}: effects were confirmed in disorder"]
        )
    return finding


def _events_of(action: str) -> set[int]:
    """The objects of all events of one kind."""
    return {int(pk) for pk in Event.objects.filter(action=action).values_list("object_id", flat=True)}


# --- I5 ------------------------------------------------------------------------------------------------------------

Totals = Counter[tuple[str, str]]
_SOURCE = """
SELECT legal_entity, currency, sum(amount) FROM rehearsal_source
 WHERE seed = %(seed)s AND does = 'invoice' GROUP BY 1, 2
"""
_UNBILLED = """
SELECT legal_entity, currency, sum(amount) FROM rehearsal_source source
 WHERE seed = %(seed)s AND does = 'invoice'
   AND NOT EXISTS (SELECT 1 FROM hub_effects_effect effect WHERE effect.business_key = source.business_key)
 GROUP BY 1, 2
"""
_HELD = {Effect.State.PLANNED, Effect.State.WAITING, Effect.State.SENDING, Effect.State.UNKNOWN, Effect.State.REJECTED}
_HELD |= {Effect.State.CONFLICT, Effect.State.SENT}


def money(seed: int, books: Books) -> Finding:
    """Per legal entity and currency: source = invoiced there + held + written off + unbilled, to the cent."""
    finding = Finding("I5", "the money of the source is accounted for")
    source = {(entity, currency): total for entity, currency, total in _rows(_SOURCE, seed)}
    sums: dict[tuple[str, str], dict[str, Decimal]] = {key: dict.fromkeys(_BUCKETS, Decimal(0)) for key in source}
    for entity, currency, total in _rows(_UNBILLED, seed):
        sums[entity, currency]["unbilled"] += total
    for effect in _effects(seed):
        if effect.connection.code != "netsuite" or effect.amount is None:
            continue
        bucket = sums.setdefault((effect.legal_entity, effect.currency), dict.fromkeys(_BUCKETS, Decimal(0)))
        documents = books.invoices.get(effect.business_key, [])
        if documents:
            bucket["invoiced"] += sum((Decimal(document["total"]) for document in documents), Decimal(0))
        elif effect.state in _HELD:
            bucket["held"] += effect.amount
        elif effect.state == Effect.State.CANCELLED:
            bucket["written off"] += effect.amount
    for key, buckets in sums.items():
        total = source.get(key, Decimal(0))
        if total != sum(buckets.values(), Decimal(0)):
            told = " + ".join(f"{amount} {name}" for name, amount in buckets.items())
            finding.violations.append(f"{' '.join(key)}: {total} came in, {told}")
    finding.checked = len(sums)
    return finding


_BUCKETS = ("invoiced", "held", "written off", "unbilled")


# --- I6 ------------------------------------------------------------------------------------------------------------


def trail() -> Finding:
    """The sealed trail, recomputed from its beginning."""
    while seal.seal():
        pass
    verdict = seal.verify()
    return Finding("I6", "the sealed trail verifies", verdict.events, [verdict.problem] if verdict.problem else [])


def _rows(sql: str, seed: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"seed": seed, "lanes": f"rehearsal:{seed}:%", "strict": STRICT})
        return list(cursor.fetchall())
