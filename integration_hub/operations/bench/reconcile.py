"""How long it takes to reconcile two large sides, against a scan of both, and how right it is without keys."""

# ruff: noqa: S608 -- names of temporary tables; values are always parameters

import resource
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from statistics import median
from time import monotonic

from django.db import connection, transaction

from integration_hub.kernel.clock import now
from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, held, scratch, timed
from reconciliation.matching import evidence, outcome, passes, search, staging
from reconciliation.matching.rules import WAYS, Rule

ROUNDS = 3
FULL = Aim("times a scan of both sides", floor=5, target=3.5, most=True)
SUMS = Aim("times the pass over pairs", floor=1.5, target=1.1, most=True)
PRECISION = Aim("of what was confirmed is right", floor=0.9995, target=0.9999)
RECALL = Aim("of what belongs together was confirmed", floor=0.90, target=0.95)
CLIENT = Aim("MB more in this process", floor=40, target=40, most=True)
KEYLESS = 50_000
"""Items of a side at most that are matched without references."""
PARTS = 4

# One in a thousand differs, is missing, or is there alone.
_LEFT = """
INSERT INTO recon_a (key, ref, legal_entity, currency, amount, on_date, party, label, link)
SELECT n::text, 'R' || n, 'US01', 'USD', round((abs(hashint8(n)) %% 1000000) / 100.0 + 1, 2),
       DATE '2026-01-01' + (abs(hashint8(n + 7)) %% 360)::int, '', '', ''
  FROM generate_series(1, %(size)s::bigint) AS n
"""
_RIGHT = """
INSERT INTO recon_b (key, ref, legal_entity, currency, amount, on_date, party, label, link)
SELECT key, ref, legal_entity, currency, amount + CASE WHEN key::bigint %% 2000 = 0 THEN 5 ELSE 0 END, on_date,
       '', '', ''
  FROM recon_a WHERE key::bigint %% 2000 <> 1
"""
_PARTS = """
INSERT INTO recon_b (key, ref, legal_entity, currency, amount, on_date, party, label, link)
SELECT min(key), ref, legal_entity, currency, sum(amount), min(on_date), '', '', '' FROM recon_a GROUP BY 2, 3, 4
"""
# Amounts to a tenth as time sheets have them, of two thousand customers; a cent or a day off where people typed.
_HARD = """
INSERT INTO recon_a (key, ref, legal_entity, currency, amount, on_date, party, label, link)
SELECT n::text, '', 'US01', 'USD', round((abs(hashint8(n)) %% 500000) / 10.0 + 10, 1),
       DATE '2026-01-01' + (abs(hashint8(n + 7)) %% 360)::int, 'C' || abs(hashint8(n + 3)) %% 2000, '', ''
  FROM generate_series(1, %(size)s::bigint) AS n;
INSERT INTO recon_b (key, ref, legal_entity, currency, amount, on_date, party, label, link)
SELECT key, '', 'US01', 'USD', amount + CASE WHEN key::bigint %% 10 = 0 THEN 0.01 ELSE 0 END,
       on_date + (key::bigint %% 3)::int, CASE WHEN key::bigint %% 2 = 0 THEN party ELSE '' END, '', '' FROM recon_a
 WHERE key::bigint %% 50 <> 0
"""


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` items on each side: scan, pass over references with breaks gathered, evidence, sums, and without keys."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with scratch.database(), transaction.atomic():
        staging.memory(64)
        pairs = _pairs(size, tell)
        _sums(size, pairs, tell)
        _keyless(min(size, KEYLESS), tell)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    tell(held("memory of Python", grown, CLIENT))


def _pairs(size: int, tell: Callable[[Figure], None]) -> float:
    with staging.staged():
        _fill(_LEFT, size)
        _fill(_RIGHT, size)
        scan = _median("scan of both sides", size, _scan, tell)
        full = _median("pass over references, breaks gathered", size, lambda: passes.compare(_asked()), tell)
        tell(held("P7 full pass", full / scan, FULL))
        timed("digests of both sides and inputs kept", size, evidence.keep, tell)
        timed("digest of the outcome", size, lambda: outcome.digest({}), tell)
    return full


def _sums(size: int, pairs: float, tell: Callable[[Figure], None]) -> None:
    with staging.staged():
        # Parts of one document are of one day: otherwise every sum is a break of its period.
        _fill(_LEFT.replace("'R' || n", f"'R' || n / {PARTS}").replace("n + 7", f"n / {PARTS} + 7"), size)
        _fill(_PARTS, size)
        sums = _median(f"sums of {PARTS} to one", size, lambda: passes.compare(_asked()), tell)
        tell(held("P9 sums", sums / pairs, SUMS))


def _keyless(size: int, tell: Callable[[Figure], None]) -> None:
    with staging.staged():
        _fill(_HARD, size)
        _median("without references", size, lambda: passes.compare(_asked(confirms=True)), tell, rounds=1)
        (row,) = staging.found(
            "SELECT count(*) AS n, count(*) FILTER (WHERE left_keys = right_keys) AS good FROM recon_match"
            " WHERE confirmed"
        )
        (there,) = staging.found("SELECT count(*) AS n FROM recon_b")
    tell(held("P10 precision", row["good"] / max(row["n"], 1), PRECISION))
    tell(held("P10 recall", row["good"] / max(there["n"], 1), RECALL))


def _scan() -> None:
    with connection.cursor() as cursor:
        for table in staging.TABLES.values():
            cursor.execute(f"SELECT count(ref), sum(amount), max(on_date) FROM {table}")


def _asked(*, confirms: bool = False) -> passes.Asked:
    tolerance = Decimal("0.02") if confirms else Decimal(0)
    rules = [
        Rule(way, "US01", "USD", confirms or way in ("key", "sum"), tolerance, Decimal(0), 3, Decimal(0), None, None)
        for way in WAYS
    ]
    ways = [way for way in search.CERTAIN if confirms]
    return passes.Asked(rules, now(), now(), timedelta(days=1), confirms=ways)


def _fill(sql: str, size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"size": size})
        for table in staging.TABLES.values():
            cursor.execute(f"ANALYZE {table}")


def _median(
    step: str, size: int, act: Callable[[], object], tell: Callable[[Figure], None], *, rounds: int = ROUNDS
) -> float:
    seconds = []
    for _ in range(rounds):
        started = monotonic()
        act()
        seconds.append(monotonic() - started)
    tell(Figure(step, size, median(seconds)))
    return median(seconds)


def register() -> None:
    """Fill the registry; called once by the command."""
    BENCHES.register("reconcile", Bench("Reconciling two sides item by item", 100_000, run))
