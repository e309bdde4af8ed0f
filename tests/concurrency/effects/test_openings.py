"""Two tickers and one window: it is fired once."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest

from integration_hub.effects import windows
from integration_hub.effects.models import Opening, PostingGate
from integration_hub.trail.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

START = datetime(2026, 10, 24, tzinfo=UTC)
TICKERS = 4


@pytest.fixture
def hours(scribble):
    """Windows that open at 02:30 in Berlin, over the night in which 02:30 comes twice."""
    row = PostingGate.objects.create(
        name="Night", kind="business_hours", zone="Europe/Berlin", weekdays=[1, 2, 3, 4, 5, 6, 7],
        opens=time(2, 30), closes=time(2, 45),
    )  # fmt: skip
    PostingGate.objects.update(updated_at=START)
    return row


def tick_together(threads):
    meet = threading.Barrier(TICKERS, timeout=20)

    def ticker():
        for day in range(1, 5):
            meet.wait()
            windows.fire(START + timedelta(days=day))

    threads(*[ticker] * TICKERS)


def test_several_tickers_fire_each_window_once(hours, threads):
    tick_together(threads)
    assert Opening.objects.count() == 4
    assert Event.objects.filter(action="effects.gate.opened").count() == 4


def test_without_the_unique_row_it_would_be_told_several_times(hours, threads, monkeypatch):
    """The control: everybody believes that he was the first."""
    meet = threading.Barrier(TICKERS, timeout=20)

    def always_first(gate=None, slot=None):
        meet.wait()
        return Opening(gate=gate, slot=slot), True

    monkeypatch.setattr(Opening.objects, "get_or_create", always_first)
    tick_together(threads)
    assert Event.objects.filter(action="effects.gate.opened").count() > 4
