"""A worker may die anywhere, forward or back: the process ends as it would have, each step done once."""

import contextlib

import pytest

from integration_hub.kernel import failpoints
from integration_hub.kernel.failures import Failed, FailureClass

pytestmark = pytest.mark.django_db(transaction=True)
LONGEST = 200


class Killer:
    """Stands in for `failpoints.hit`: the `at`-th point that is passed kills the worker."""

    def __init__(self, at):
        self.at, self.passed, self.died_at = at, 0, ""

    def __call__(self, point):
        self.passed += 1
        if self.passed == self.at:
            self.died_at = point
            raise failpoints.Crash(point)


def crash_everywhere(saga, monkeypatch, prepare, check):
    """Run the process once per point it passes, dying at that one; returns the names of all points died at."""
    points: list[str] = []
    for at in range(1, LONGEST):
        key = f"K-{at}"
        prepare(key)
        process = saga.start(key)
        killer = Killer(at)
        with monkeypatch.context() as patch:
            patch.setattr(failpoints, "hit", killer)
            with contextlib.suppress(failpoints.Crash):
                saga.run(3)
        saga.run(4)
        process.refresh_from_db()
        check(process, key)
        if not killer.died_at:
            return points
        points.append(killer.died_at)
    raise AssertionError("the process never ended without a crash")


def test_a_crash_at_every_point_forward(saga, ledger, monkeypatch):
    def check(process, key):
        assert (process.state, saga.steps(process)) == ("done", dict.fromkeys(("check", "create", "finish"), "done"))
        assert ledger.entries(f"{key}-1 create") == 1, key

    points = crash_everywhere(saga, monkeypatch, lambda key: None, check)
    assert {"step_begun", "step_ran", "step_noted", "after_send", "in_confirm"} <= set(points)
    runs = len(points) + 1
    assert sorted(saga.acted()) == sorted(["check", "finish"] * runs), "what a dead worker wrote is rolled back"
    assert saga.told() == [("finished", "")] * runs


def test_a_crash_at_every_point_backward(saga, ledger, monkeypatch):
    def refuse(process):
        raise Failed(FailureClass.DATA, "no jurisdiction")

    def check(process, key):
        assert process.state == "undone", key
        assert saga.steps(process) == {"check": "undone", "create": "undone", "finish": "failed"}
        assert (ledger.entries(f"{key}-1 create"), ledger.entries(f"{key}-1 undo create")) == (1, 1), key

    saga.acts["finish"] = refuse
    points = crash_everywhere(saga, monkeypatch, lambda key: None, check)
    assert len(points) > 20
    assert saga.acted().count("undo check") == len(points) + 1
