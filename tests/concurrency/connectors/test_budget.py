"""Many workers and one account: no stretch of time holds more calls than the vendor allows."""

import os
import subprocess
import sys
import threading
from bisect import bisect_left

import pytest
from django.conf import settings
from django.db import connection, connections

from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Account, Connection, Spent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CALLS, SECONDS = 20, 2
WORKERS = 8


@pytest.fixture
def limited(scribble):
    """A connection whose account allows 20 calls in any two seconds."""
    account = Account.objects.create(code="psa", vendor="kantata", calls=CALLS, seconds=SECONDS)
    row = Connection.objects.create(code="psa", vendor="kantata", name="PSA", account=account)
    budget.forget(account.pk)
    return row


def most_in_any_window(moments):
    moments = sorted(moments)
    return max(bisect_left(moments, at + SECONDS) - i for i, at in enumerate(moments))


def clock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return cursor.fetchone()[0]


def hammer(limited, seconds, threads):
    """Calls as fast as the budget lets, in all threads; the moments they left at."""
    left, guard = [], threading.Lock()

    def work():
        row = Connection.objects.get(pk=limited.pk)
        row.settings = {"budget_wait_seconds": "0.5"}
        end = clock() + seconds
        while (at := clock()) < end:
            try:
                with budget.on_behalf(Priority.POSTING), budget.call(row):
                    at = clock()
                    with guard:
                        left.append(at)
            except budget.NoBudget:
                continue

    threads(*[work] * WORKERS)
    return left


def test_threads_share_one_budget(limited, threads):
    left = hammer(limited, 6, threads)
    assert most_in_any_window(left) <= CALLS
    assert len(left) >= CALLS * 2, "the budget is used, not only kept"


def test_without_the_row_lock_they_would_ask_too_much(limited, threads, monkeypatch):
    """The control: everybody reads before anybody has written."""
    meet = threading.Barrier(WORKERS, timeout=20)
    counted, first = budget.counted, threading.local()

    def read_together(account):
        found = counted(account)
        if not getattr(first, "done", False):
            first.done = True
            meet.wait()
        return found

    monkeypatch.setattr(budget, "counted", read_together)
    monkeypatch.setattr(budget, "_locked", lambda account: Account.objects.get(pk=account))
    Account.objects.update(calls=2)
    left = hammer(limited, 1, threads)
    assert most_in_any_window(left) > 2


PROCESS = """
import django, sys
django.setup()
from django.db import connection
from django.conf import settings
from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Connection
row = Connection.objects.get(code="psa")
row.settings = {"budget_wait_seconds": "0.5"}
def clock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return cursor.fetchone()[0]
lane = Priority(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
end = clock() + 6
while clock() < end:
    try:
        with budget.on_behalf(lane), budget.call(row):
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO test_scribble (text) VALUES (clock_timestamp()::text || '|' || %s)", [lane])
    except budget.NoBudget:
        pass
"""


def test_processes_share_one_budget_and_posting_is_not_starved(limited, scribble):
    """Three processes of a backfill and one of posting, each with its own bundles."""
    from tests.concurrency.work.test_cluster import address

    lanes = ["backfill", "backfill", "backfill", "posting"]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, lane],
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "integration_hub.settings"},
        )
        for lane in lanes
    ]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 4
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0, 0, 0, 0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM split_part(text, '|', 1)::timestamptz)::float8, split_part(text, '|', 2)"
            " FROM test_scribble"
        )
        rows = cursor.fetchall()
    assert most_in_any_window([at for at, _ in rows]) <= CALLS
    posted = sum(lane == "posting" for _, lane in rows)
    assert posted > len(rows) / 2, f"{posted} of {len(rows)} calls were posting's, which asked as fast as it could"


def test_a_killed_call_frees_its_slot(limited):
    Account.objects.update(concurrency=1)
    limited.settings = {"budget_wait_seconds": "0.1"}
    refused = []

    def hold_and_die():
        with budget.call(limited):
            connections["default"].connection.close()

    def ask():
        try:
            with budget.call(limited):
                pass
        except budget.NoBudget as refusal:
            refused.append(refusal)
        finally:
            connections.close_all()

    with budget.call(limited):
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    assert len(refused) == 1
    with pytest.raises(Exception, match="closed"):
        hold_and_die()
    connection.close()
    with budget.call(limited):
        pass


def test_what_no_window_looks_at_is_dropped(limited):
    with budget.call(limited):
        pass
    assert budget.purge() == 0
    kept = Spent.objects.update(over_at="2020-01-01T00:00Z")
    assert budget.purge() == kept > 0
