"""The supervisor keeps parts running, restarts what dies or is sick, and leaves nobody behind."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from integration_hub.operations import supervisor as module
from integration_hub.operations.supervisor import AlreadyRunning, Part, Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
FAMILY = (
    "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(p.pid, flush=True); time.sleep(600)"
)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def part(name="a", code=SLEEPER, **more):
    return Part(name, [sys.executable, "-c", code], **more)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError("It did not happen.")


def said(supervisor, name="a"):
    return supervisor.log_of(name).read_text()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(module, "HEALTH_EVERY", 0.0)


def test_it_starts_everything_and_leaves_nobody_behind(tmp_path):
    with Supervisor([part("a"), part("b", FAMILY)], var_dir=tmp_path) as supervisor:
        until(lambda: "up" in said(supervisor) and said(supervisor, "b").strip())
        everyone = [*supervisor.pids().values(), int(said(supervisor, "b"))]
        assert all(psutil.pid_exists(pid) for pid in everyone)
    assert not [pid for pid in everyone if psutil.pid_exists(pid)]


def test_what_dies_is_started_again_after_a_wait_that_doubles(tmp_path):
    told: list[str] = []
    dying = part(code="print('up', flush=True); raise SystemExit(3)")
    with Supervisor([dying], var_dir=tmp_path, tell=told.append) as supervisor:

        def two_restarts():
            supervisor.check()
            return supervisor.restarts()["a"] >= 2

        until(two_restarts)
    assert told[:2] == ["a ended with 3; next start in 1 s", "a ended with 3; next start in 2 s"]


def test_the_children_of_a_part_that_was_killed_do_not_stay(tmp_path):
    with Supervisor([part(code=FAMILY)], var_dir=tmp_path) as supervisor:
        child = int(until(lambda: said(supervisor).strip()))
        psutil.Process(supervisor.pids()["a"]).kill()

        def gone():
            supervisor.check()
            return not psutil.pid_exists(child)

        until(gone)


def test_what_is_sick_is_restarted(tmp_path, quick):
    told: list[str] = []
    sick = [True]

    def health():
        return "its canary is silent" if sick else ""

    with Supervisor([part(health=health, grace_seconds=0)], var_dir=tmp_path, tell=told.append) as supervisor:
        first = supervisor.pids()["a"]
        supervisor.check()
        assert told == ["a: its canary is silent; it is restarted"]
        sick.clear()

        def another():
            supervisor.check()
            return supervisor.pids().get("a", first) != first

        until(another)


def test_a_young_part_is_not_asked_for_its_health(tmp_path, quick):
    with Supervisor([part(health=lambda: "sick", grace_seconds=600)], var_dir=tmp_path) as supervisor:
        first = supervisor.pids()
        supervisor.check()
        supervisor.check()
        assert supervisor.pids() == first


def test_whoever_ignores_the_polite_way_is_killed(tmp_path):
    supervisor = Supervisor([part(code=STUBBORN)], var_dir=tmp_path)
    supervisor.start()
    until(lambda: "up" in said(supervisor))
    pid = supervisor.pids()["a"]
    supervisor.stop(seconds=0.2)
    assert not psutil.pid_exists(pid)


def test_one_supervisor_per_directory(tmp_path):
    with Supervisor([], var_dir=tmp_path), pytest.raises(AlreadyRunning, match="Stop it first"):
        Supervisor([], var_dir=tmp_path).start()
    with Supervisor([], var_dir=tmp_path):
        pass


def test_what_a_killed_supervisor_left_is_cleared_and_strangers_are_not(tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from integration_hub.operations.supervisor import Part, Supervisor\n"
        f"s = Supervisor([Part('a', [sys.executable, '-c', {SLEEPER!r}])], var_dir=pathlib.Path({str(tmp_path)!r}))\n"
        "s.start(); print(s.pids()['a'], flush=True); time.sleep(600)\n"
    )
    root = Path(module.__file__).resolve().parents[2]
    killed = psutil.Popen([sys.executable, "-c", code], stdout=-1, cwd=root)
    orphan = int(killed.stdout.readline())
    killed.kill()
    killed.wait()
    assert psutil.pid_exists(orphan)
    stranger = psutil.Popen([sys.executable, "-c", SLEEPER], stdout=-3)
    (tmp_path / "run" / "b.json").write_text(f'{{"pid": {stranger.pid}, "born": 1.0}}')
    with Supervisor([part("a"), part("b")], var_dir=tmp_path):
        assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
        assert stranger.is_running()
    stranger.kill()
    stranger.wait()


def test_parts_of_one_machine(settings):
    from integration_hub.operations import parts

    names = [one.name for one in parts.everything(port=8123)]
    assert names == ["ticker", "cluster-post", "cluster-ingest", "cluster-bulk", "web"]
    web = parts.everything(bind="0.0.0.0", port=8123)[-1]  # noqa: S104 - what an operator may ask for
    assert "0.0.0.0:8123" in web.argv
    assert "127.0.0.1:8123" in parts.everything(port=8123)[-1].argv
