"""A supervisor for the processes of one machine: starts them, restarts what dies or is sick, stops the whole tree.

A part that exits is started again after a wait that doubles while it keeps dying. A part may have a health check of its
own; one that stays sick is stopped and started. Output goes to one log file per part.
"""

import fcntl
import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
STEADY_SECONDS = 60.0
"""A part that ran so long starts over with the first wait."""
STOP_SECONDS = 20.0
HEALTH_EVERY = 5.0
LOG_BYTES = 20_000_000


class AlreadyRunning(Exception):
    """Another supervisor looks after this directory."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process to keep running.

    `health` returns why the part is sick, or an empty string; it is asked once the part has run `grace_seconds`.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    health: Callable[[], str] | None = None
    grace_seconds: float = 120.0
    cwd: Path | None = None


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    start_at: float = 0.0
    restarts: int = 0


class Supervisor:
    """Runs parts until it is stopped: `with Supervisor(parts, var_dir=…) as supervisor: supervisor.run(stop)`."""

    def __init__(
        self, parts: Sequence[Part], *, var_dir: Path, tell: Callable[[str], object] = log.info, poll: float = 0.5
    ) -> None:
        self._running = {part.name: _Running(part) for part in parts}
        self._log_dir = var_dir / "log"
        self._run_dir = var_dir / "run"
        self._tell = tell
        self._poll = poll
        self._lock: IO[str] | None = None
        self._health_at = 0.0

    def __enter__(self) -> "Supervisor":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Take the directory, clear what an earlier supervisor left behind when it was killed, start all parts."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self._take_directory()
        for running in self._running.values():
            self._clear_left_over(running.part.name)
            self._start(running)

    def run(self, stop: Callable[[], bool], wait: Callable[[float], object] = time.sleep) -> None:
        """Look after the parts until `stop()`."""
        while not stop():
            self.check()
            wait(self._poll)

    def check(self) -> None:
        """One round: start again what exited and is due, stop what is sick."""
        now = time.monotonic()
        for running in self._running.values():
            if running.process is not None and running.process.poll() is not None:
                self._note_exit(running, now)
            if running.process is None and now >= running.start_at:
                self._start(running)
        if now - self._health_at >= HEALTH_EVERY:
            self._health_at = now
            self._stop_sick(now)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End every part and all its descendants: politely first, by force after `seconds`. Last started goes first."""
        processes = [running.process for running in reversed(self._running.values()) if running.process is not None]
        stop_trees([process.pid for process in processes], seconds)
        for process in processes:
            process.wait()
        for running in self._running.values():
            running.process = None
            (self._run_dir / f"{running.part.name}.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self, name: str, why: str) -> None:
        """Stop one part; the next round starts it again."""
        running = self._running[name]
        self._tell(f"{name}: {why}; it is restarted")
        if running.process is not None:
            stop_trees([running.process.pid], STOP_SECONDS)
            running.process.wait()

    def pids(self) -> dict[str, int]:
        """Process ids of the parts that run."""
        return {name: running.process.pid for name, running in self._running.items() if running.process is not None}

    def restarts(self) -> dict[str, int]:
        """How often each part had to be started again."""
        return {name: running.restarts for name, running in self._running.items()}

    def log_of(self, name: str) -> Path:
        """Where a part's output goes."""
        return self._log_dir / f"{name}.log"

    def _start(self, running: _Running) -> None:
        part = running.part
        path = self.log_of(part.name)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            running.process = subprocess.Popen(
                list(part.argv),
                env={**os.environ, "PYTHONUNBUFFERED": "1", **part.env},
                cwd=part.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running.started = time.monotonic()
        self._note_pid(part.name, running.process.pid)

    def _note_exit(self, running: _Running, now: float) -> None:
        process = running.process
        if process is None:
            return
        stop_group(process.pid)
        if now - running.started >= STEADY_SECONDS:
            running.wait = FIRST_WAIT
        self._tell(f"{running.part.name} ended with {process.returncode}; next start in {running.wait:g} s")
        running.process = None
        running.start_at = now + running.wait
        running.wait = min(running.wait * 2, LONGEST_WAIT)
        running.restarts += 1

    def _stop_sick(self, now: float) -> None:
        for name, running in self._running.items():
            health = running.part.health
            if health is None or running.process is None or now - running.started < running.part.grace_seconds:
                continue
            if why := health():
                self.restart(name, why)

    def _take_directory(self) -> None:
        lock = (self._run_dir / "supervisor.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise AlreadyRunning(f"Another supervisor runs in {self._run_dir.parent}. Stop it first.") from None
        self._lock = lock

    def _note_pid(self, name: str, pid: int) -> None:
        born = psutil.Process(pid).create_time() if psutil.pid_exists(pid) else 0
        (self._run_dir / f"{name}.json").write_text(json.dumps({"pid": pid, "born": born}))

    def _clear_left_over(self, name: str) -> None:
        """End a part whose supervisor was killed: same process id and same birth, so never somebody else's."""
        path = self._run_dir / f"{name}.json"
        try:
            noted = json.loads(path.read_text())
            process = psutil.Process(noted["pid"])
            if abs(process.create_time() - noted["born"]) < 0.01:
                self._tell(f"{name} was left over by an earlier run and is stopped")
                stop_trees([process.pid], STOP_SECONDS)
        except (OSError, ValueError, KeyError, psutil.Error):
            return


def stop_trees(pids: Sequence[int], seconds: float) -> None:
    """End processes with all their descendants: SIGTERM to the roots, SIGKILL to whatever is left after `seconds`."""
    roots = [process for pid in pids if (process := _alive(pid)) is not None]
    everyone = {process.pid: process for root in roots for process in [root, *_children(root)]}
    for root in roots:
        _signal(root, signal.SIGTERM)
    psutil.wait_procs(roots, timeout=seconds)
    for root in roots:
        everyone |= {child.pid: child for child in _children(root)}
    left = [process for process in everyone.values() if process.is_running()]
    _, left = psutil.wait_procs(left, timeout=1 if left else 0)
    for process in left:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)
    for pid in pids:
        stop_group(pid)


def stop_group(pid: int) -> None:
    """Kill whoever is left in the session a part was started in, e.g. children of a leader that was killed."""
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == pid and process.pid != pid:
                process.kill()
        except (OSError, psutil.Error):
            continue


def _alive(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return children


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
