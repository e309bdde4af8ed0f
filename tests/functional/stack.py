"""The real thing, once: `manage.py demo` with a database and a landscape of its own, and how to end it all."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("THROUGHLINE_STACK_SECONDS", "600"))
"""How long the start may take on a busy machine; an idle one with two cores needs about a tenth."""
PATIENCE = 60
"""Seconds the product may take to answer on a busy machine before a journey fails."""
GREETING = "password of all"
LANDSCAPE = {
    "salesforce": 0, "kantata": 1, "netsuite": 2, "avatax": 3, "control": 9, "harvest": 10, "clockify": 11, "jira": 13,
    "tempo": 14,
}  # fmt: skip
"""Where each simulator listens, counted from the first port (integration_hub/sandbox/server.py)."""
PORTS = max(LANDSCAPE.values()) + 1


@dataclass(frozen=True, slots=True)
class Stack:
    """A running demo: where it listens and where it keeps its things."""

    url: str
    ports_from: int
    var_dir: Path
    said: Path

    def vendor(self, name: str) -> str:
        """The address of a simulator, or of the landscape's `control`."""
        return f"http://127.0.0.1:{self.ports_from + LANDSCAPE[name]}"


def given() -> Stack | None:
    """A demo that runs already and is left running: THROUGHLINE_STACK="<url> <landscape's first port> <var>"."""
    words = os.environ.get("THROUGHLINE_STACK", "").split()
    return Stack(words[0].rstrip("/"), int(words[1]), Path(words[2]), Path(os.devnull)) if words else None


@contextmanager
def running(var_dir: Path, *, months: int = 2, seed: int = 7) -> Iterator[Stack]:
    """A demo of so many months, played and open for people. Everything it started is gone afterwards."""
    var_dir.mkdir(parents=True, exist_ok=True)
    stack = Stack(f"http://127.0.0.1:{free_ports(1)}", free_ports(PORTS), var_dir, var_dir / "demo.log")
    process = _start(stack, months, seed)
    try:
        _wait_for_greeting(stack, process)
        yield stack
    finally:
        _end(process)
        manage(stack, "db", "stop")


def free_ports(count: int) -> int:
    """The first of so many neighbouring ports nobody listens on, outside the range the system hands out itself."""
    for _ in range(200):
        first = random.randrange(20_000, 32_000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise RuntimeError(f"No {count} neighbouring free ports between 20000 and 32000.")


def _environment(stack: Stack) -> dict[str, str]:
    """Ours without a named database: the stack has a server of its own in its directory."""
    mine = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "THROUGHLINE_TEST_DB"}}
    return {**mine, "THROUGHLINE_VAR_DIR": str(stack.var_dir), "PYTHONUNBUFFERED": "1"}


def _start(stack: Stack, months: int, seed: int) -> "subprocess.Popen[bytes]":
    port = stack.url.rpartition(":")[2]
    options = ["--months", str(months), "--seed", str(seed), "--port", port, "--landscape-port", str(stack.ports_from)]
    with stack.said.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", *options],
            cwd=ROOT,
            env=_environment(stack),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for_greeting(stack: Stack, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while GREETING not in stack.said.read_text():
        if process.poll() is not None:
            raise RuntimeError(f"The demo ended with {process.returncode}:\n{_last(stack)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"The demo was not ready after {SECONDS:g} s:\n{_last(stack)}")
        time.sleep(0.2)


def _last(stack: Stack) -> str:
    return _end_of(stack.said)


def complaints_of_the_web(stack: Stack) -> str:
    """The last lines of the web server's log: why it answered as it did."""
    return _end_of(stack.var_dir / "log" / "web.log")


def _end_of(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Politely first, as Ctrl-C would; whoever of its family is left afterwards is killed."""
    family = _family(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
    for member in {*family, *_family(process.pid)}:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(family, timeout=10)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def manage(stack: Stack, *arguments: str) -> str:
    """A management command of the stack's installation; what it said. Raises RuntimeError when it fails."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(stack), capture_output=True, text=True, timeout=PATIENCE * 3
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
