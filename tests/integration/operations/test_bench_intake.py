"""The measurements measure what they say: small, in the database of the tests instead of one of their own."""

from contextlib import nullcontext

import pytest
from django.core.management import call_command

from integration_hub.operations.bench import BENCHES, Figure, doors, intake, lanes, latency, scratch
from integration_hub.work.registry import HANDLERS, Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "database", nullcontext)
    monkeypatch.setattr(HANDLERS, "_entries", dict(HANDLERS._entries))


def test_entries_are_measured_beside_limit_and_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "ROUNDS", 1)
    monkeypatch.setattr(intake, "SLOW", 5)
    figures: list[Figure] = []

    intake.run(40, figures.append)

    kinds = [figure.step.partition(":")[0] for figure in figures]
    assert kinds.count("limit") == kinds.count("limit of a replay") == 1
    assert (kinds.count("peer"), kinds.count("ours")) == (2, 9)
    goals = [figure for figure in figures if figure.verdict]
    assert [goal.step.split()[0] for goal in goals] == ["P1", "P2", "P2", "P17", "P17", "P3", "P3", "P3"]
    assert all("floor" in goal.verdict and "target" in goal.verdict for goal in goals)
    rewritten = next(goal for goal in goals if "rewritten" in goal.step)
    assert rewritten.seconds == 0, "no row was written for what did not change"


def test_lanes_are_measured_beside_the_queue_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "ROUNDS", 1)
    figures: list[Figure] = []
    lanes.run(50, figures.append)
    assert [figure.things for figure in figures if not figure.verdict] == [50, 2, 2, 50, 50]
    assert len([figure for figure in figures if figure.verdict]) == 3, "each aim is held against a figure"


def test_webhooks() -> None:
    figures: list[Figure] = []
    doors.hooks(20, figures.append)
    limit, ours, *spread = figures
    assert (limit.things, ours.things) == (20, 20), "each was stored"
    assert all(figure.seconds > 0 for figure in figures)
    assert [figure.step for figure in spread if figure.verdict] == ["aim", "aim"]


@pytest.mark.landscape
def test_how_long_an_idle_hub_takes() -> None:
    figures: list[Figure] = []
    latency.run(1, figures.append)
    assert len(figures) == 3 * len(latency.SHARES)
    assert all(0 < figure.seconds < latency.PATIENCE for figure in figures)


def test_what_came_out_of_order_is_noticed() -> None:
    def job(lane: str, number: int) -> Job:
        return Job(1, lane, "bench.nothing", {"number": number}, 1, 1)

    assert lanes._in_order([job("a", 1), job("b", 1), job("a", 2)])
    assert not lanes._in_order([job("a", 2), job("a", 1)])


def test_the_command_prints_figures_and_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lanes, "ROUNDS", 1)
    call_command("bench")
    assert {name for name, _ in BENCHES} >= {"intake", "lanes", "latency", "webhooks"}
    call_command("bench", "lanes", "--size", "20", "--json")
    out = capsys.readouterr().out
    assert "ours: worked in order by one worker: 20 in" in out
    assert '"things": 20' in out
