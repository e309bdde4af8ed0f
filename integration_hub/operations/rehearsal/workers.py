"""Worker processes that can be killed cheaply: forked from a nursery that has all loaded, replaced when they die.

The nursery is a process of its own with one thread, started before anything else, so that a fork copies no locks.
"""

import contextlib
import importlib
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from django.db import connections

from integration_hub.kernel import failpoints
from integration_hub.work import engine, ticker

log = logging.getLogger(__name__)

TICKER = "ticker"
PATIENCE = 30.0
LATE = ("httpcore", "authlib.oauth2.rfc7523.assertion", "joserfc.jwk")
"""What the product imports only when a vendor is called first; a worker that dies young would do so again each time."""
NAP, LONG_NAP = 0.02, 0.16
"""Seconds a worker sleeps when nothing is due; longer and longer, so that the idle leave the machine to the busy."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who shall be at work: so many workers per stage and a ticker, each dying at fail points with these odds."""

    workers: dict[str, int] = field(default_factory=dict)
    seed: str = ""
    odds: dict[str, float] = field(default_factory=dict)


class Nursery:
    """The parent's handle. Ask `pids`, change the staff, close."""

    def __init__(self, log_path: Path) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        connections.close_all()
        self._process = context.Process(target=_look_after, args=(theirs, self._pipe, log_path))
        self._process.start()
        theirs.close()

    def employ(self, staff: Staff) -> None:
        """Let go whoever is there, and start this staff."""
        self._ask(staff)

    def pids(self) -> dict[int, str]:
        """Those at work now: process id → the stage it works, or `ticker`."""
        found: dict[int, str] = self._ask("pids")
        return found

    def close(self) -> None:
        """End the nursery and everybody in it."""
        if not self._process.is_alive():
            return
        with contextlib.suppress(OSError):
            self._ask(Staff())
            self._pipe.send(None)
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()

    def _ask(self, message: object) -> Any:
        self._pipe.send(message)
        if not self._pipe.poll(PATIENCE):
            raise RuntimeError("The nursery does not answer.")
        return self._pipe.recv()


# --- in the nursery ------------------------------------------------------------------------------------------------


class _House:
    def __init__(self) -> None:
        self.staff = Staff()
        self.children: dict[int, str] = {}
        self.started = 0

    def fill(self) -> None:
        """Replace the dead."""
        if not self.staff.workers:
            return
        present = list(self.children.values())
        for role, count in {TICKER: 1, **self.staff.workers}.items():
            for _ in range(count - present.count(role)):
                self.started += 1
                pid = os.fork()
                if not pid:
                    _live(role, self.staff, self.started)
                self.children[pid] = role

    def bury(self) -> None:
        """Take note of the dead."""
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self.children.pop(pid, None)

    def let_go(self) -> None:
        """End everybody: asked first, also the frozen ones, killed when that takes too long."""
        self.staff = Staff()
        for number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
            self._signal(number)
            self._signal(signal.SIGCONT)
            deadline = time.monotonic() + seconds
            while self.children and time.monotonic() < deadline:
                time.sleep(0.01)
                self.bury()

    def _signal(self, number: int) -> None:
        for pid in list(self.children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _look_after(pipe: Pipe, parents_end: Pipe, log_path: Path) -> None:
    parents_end.close()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent says when it ends
    output = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 2)
    for name in LATE:
        importlib.import_module(name)
    house = _House()
    with contextlib.suppress(EOFError, OSError):
        while True:
            if pipe.poll(0.02):
                message = pipe.recv()
                if message is None:
                    break
                if isinstance(message, Staff):
                    house.let_go()
                    house.staff = message
                    house.fill()
                pipe.send(dict(house.children))
            house.bury()
            house.fill()
    house.let_go()


# --- in a worker ---------------------------------------------------------------------------------------------------


def _live(role: str, staff: Staff, number: int) -> None:
    """What a forked child does until it is told to stop; it never returns."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda got, _frame: stopping.append(got))
    code = 1
    try:
        if staff.odds:
            failpoints.arm_process(staff.odds, f"{staff.seed}/{number}")
        if role == TICKER:
            ticker.run(lambda: bool(stopping), lambda seconds: _nap(stopping, seconds))
        else:
            work(role, lambda: bool(stopping))
        code = 0
    finally:
        os._exit(code)


def work(stage: str, stop: Callable[[], bool]) -> None:
    """Work a stage until `stop()`; outlives a lost database."""
    nap = NAP
    while not stop():
        try:
            worked = engine.drain(stage, max_items=500, max_seconds=1.0)
        except Exception:
            log.warning("The worker starts over", exc_info=True)
            connections.close_all()
            worked = 0
        if worked:
            nap = NAP
        else:
            time.sleep(nap)
            nap = min(nap * 2, LONG_NAP)


def _nap(stopping: list[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not stopping and time.monotonic() < deadline:
        time.sleep(0.02)
