"""The nemesis: strikes processes, sessions, the server and the queue, and says whether it hit anything."""

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from django.apps import apps
from django.db import connection, transaction

from integration_hub.kernel import embedded
from integration_hub.operations.rehearsal.plan import Act
from integration_hub.operations.rehearsal.workers import TICKER, Nursery
from integration_hub.operations.supervisor import Supervisor

BULK_CLUSTER = "cluster-bulk"
_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY pid
"""


@dataclass
class Nemesis:
    """Strikes by name. `strike` returns how many faults that was: 0 when there was nothing to hit."""

    nursery: Nursery
    supervisor: Supervisor | None
    var_dir: Path
    frozen_seconds: float
    more: dict[str, Callable[[random.Random], int]] = field(default_factory=dict)
    """Strikes of other rooms, e.g. of the vendors' side."""
    frozen: dict[int, threading.Timer] = field(default_factory=dict)
    """Process id → the timer that lets go of it: a frozen worker may hold a lock that we wait for ourselves."""

    def strike(self, act: Act) -> int:
        """Do what the act says. Raises LookupError for a fault nobody knows how to inject."""
        known = {
            "kill": self._kill,
            "kill_ticker": self._kill_ticker,
            "kill_cluster": self._kill_cluster,
            "freeze": self._freeze,
            "queue_purge": _purge_queue,
            "queue_double": _double_queue,
            "queue_shuffle": _shuffle_queue,
            "backend": _terminate_session,
            "restart": self._restart_server,
            **self.more,
        }
        if act.fault not in known:
            raise LookupError(f"Nobody knows how to inject {act.fault!r}.")
        return known[act.fault](random.Random(act.dice))  # noqa: S311 - not a secret

    def thaw(self) -> None:
        """Let go of everybody now."""
        for pid, timer in list(self.frozen.items()):
            timer.cancel()
            self._let_go(pid)

    def _let_go(self, pid: int) -> None:
        self.frozen.pop(pid, None)
        _signal(pid, signal.SIGCONT)

    def _awake(self) -> dict[int, str]:
        return {pid: role for pid, role in self.nursery.pids().items() if role != TICKER and pid not in self.frozen}

    def _kill(self, dice: random.Random) -> int:
        awake = sorted(self._awake())
        return _signal(dice.choice(awake), signal.SIGKILL) if awake else 0

    def _kill_ticker(self, dice: random.Random) -> int:
        tickers = [pid for pid, role in self.nursery.pids().items() if role == TICKER]
        return sum(_signal(pid, signal.SIGKILL) for pid in tickers)

    def _kill_cluster(self, dice: random.Random) -> int:
        pid = self.supervisor.pids().get(BULK_CLUSTER) if self.supervisor else None
        if pid is None:
            return 0
        with contextlib.suppress(psutil.Error):
            sentinel = psutil.Process(pid)
            for process in [sentinel, *sentinel.children(recursive=True)]:
                _signal(process.pid, signal.SIGKILL)
        return 1

    def _freeze(self, dice: random.Random) -> int:
        awake = self._awake()
        places = Counter(awake.values())
        # Somebody of the same stage must be left to take the lane over.
        spare = sorted(pid for pid, stage in awake.items() if places[stage] > 1)
        if not spare:
            return 0
        pid = dice.choice(spare)
        timer = threading.Timer(self.frozen_seconds, self._let_go, [pid])
        self.frozen[pid] = timer
        timer.daemon = True
        timer.start()
        return _signal(pid, signal.SIGSTOP)

    def _restart_server(self, dice: random.Random) -> int:
        connection.close()
        embedded.crash(self.var_dir)
        embedded.ensure(self.var_dir)
        return 1


def _signal(pid: int, number: int) -> int:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return 0
    return 1


def _terminate_session(dice: random.Random) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        pids = [row[0] for row in cursor.fetchall()]
        if not pids:
            return 0
        cursor.execute("SELECT pg_terminate_backend(%s)", [dice.choice(pids)])
        return int(cursor.fetchone()[0])


def _purge_queue(dice: random.Random) -> int:
    apps.get_model("django_q", "OrmQ").objects.all().delete()
    return 1


@transaction.atomic
def _double_queue(dice: random.Random) -> int:
    queued = apps.get_model("django_q", "OrmQ").objects
    queued.bulk_create([queued.model(key=row.key, payload=row.payload, lock=row.lock) for row in queued.all()])
    return 1


@transaction.atomic
def _shuffle_queue(dice: random.Random) -> int:
    queued = apps.get_model("django_q", "OrmQ").objects
    rows = list(queued.select_for_update(no_key=True).order_by("pk"))
    payloads = [(row.key, row.payload) for row in rows]
    dice.shuffle(payloads)
    for row, (key, payload) in zip(rows, payloads, strict=True):
        queued.filter(pk=row.pk).update(key=key, payload=payload)
    return 1
