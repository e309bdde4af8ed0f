"""Progress says what can be known: a rate once there is one, time left while it runs, and no guesses."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from integration_hub.console.buttons import Button
from integration_hub.console.progress import Phase, Progress, span
from integration_hub.kernel.clock import now


def html(**given):
    options = {"id": "run", "noun": "records read", "done": 30, "total": 120, "url": "/run/1/"}
    return render_to_string("_components/progress.html", {"progress": Progress(**{**options, **given})})


def test_it_is_asked_again_only_while_it_runs():
    assert 'hx-get="/run/1/" hx-trigger="load delay:2s"' in html(running=True)
    assert "hx-" not in html(running=False)


def test_rate_and_time_left_come_from_what_was_done_since_it_began():
    going = Progress("x", "items", 90, 150, running=True, started_at=now() - timedelta(minutes=2), at_start=30)
    assert going.per_minute == 30
    assert going.left is not None
    assert abs(going.left - timedelta(minutes=2)) < timedelta(seconds=5)
    assert "Time left" in dict(going.told)


@pytest.mark.parametrize(
    "given",
    [
        {"done": 0},
        {"started_at": None},
        {"running": False},
        {"total": None},
        {"stuck": "A rate is missing."},
    ],
)
def test_nobody_is_told_a_time_that_nobody_knows(given):
    options = {"done": 30, "total": 60, "running": True, "started_at": now() - timedelta(minutes=1)}
    assert Progress("x", "items", **{**options, **given}).left is None


def test_a_rate_needs_a_few_seconds():
    assert Progress("x", "items", 30, 60, running=True, started_at=now()).per_minute is None


def test_what_is_over_says_how_long_it_took():
    start = now() - timedelta(hours=1)
    over = Progress("x", "items", 60, 60, started_at=start, finished_at=start + timedelta(minutes=6))
    assert dict(over.told) == {"Rate": "10 a minute", "Took": "6 min"}


def test_phases_counts_and_the_way_to_stop_it_are_shown():
    body = html(
        running=True,
        phases=(Phase("Read", "current", "30 records"),),
        counts=(("Refused", 3, "danger"),),
        cancel=Button("Stop…", "/run/1/stop/"),
    )
    for said in ('aria-current="step"', "30 records", "Refused", "Stop…", "30 of 120 records read"):
        assert said in body, said
    assert "It stands still." in html(stuck="A rate is missing.")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (89, "89 s"), (720, "12 min"), (12000, "3 h 20 min"), (187200, "2 d 4 h")]
)
def test_spans_are_told_as_people_say_them(seconds, words):
    assert span(timedelta(seconds=seconds)) == words
