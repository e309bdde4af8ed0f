"""When posting is done: from the pace measured, the budget of the account and the next cut-off; and what would help."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Account, Connection
from integration_hub.effects import forecast
from integration_hub.effects.actions import gates
from integration_hub.effects.models import Effect, PostingGate
from integration_hub.people.models import Role
from integration_hub.work import forecast as paces
from integration_hub.work.forecast import Deadline, Forecast, Pace
from integration_hub.work.models import Item, Lane
from tests import ledger as ledgers
from tests import screens

pytestmark = screens.SCREENS

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_a_backlog_takes_as_long_as_its_pace_says():
    assert paces.finish(120, 2.0, NOON) == NOON + timedelta(minutes=1)
    assert paces.finish(0, 0.0, NOON) == NOON
    assert paces.finish(5, 0.0, NOON) is None
    assert Pace().per_second == 0.0
    assert paces.pace_of([NOON, NOON + timedelta(seconds=3), NOON + timedelta(minutes=20)]) == Pace(3, 20.0), (
        "a pause between two bursts does not count"
    )


def test_what_misses_its_deadline_is_counted():
    late = Forecast(
        "x", 100, NOON + timedelta(minutes=10), NOON, 10 / 60, deadline=Deadline(NOON + timedelta(minutes=3), "c")
    )
    assert (late.is_late, late.too_late, late.pace_said) == (True, 70, "10 a minute")
    in_time = Forecast("x", 100, NOON, NOON, 1.0, deadline=Deadline(NOON, "c"))
    assert (in_time.is_late, in_time.too_late) == (False, 0)
    assert not Forecast("x", 100, None, NOON).is_late


@pytest.mark.parametrize(("pace", "error"), [(0.5, 0.1), (3.0, 0.1), (20.0, 0.1)])
def test_a_steady_pace_is_forecast_to_a_tenth(pace, error):
    """R-29: half of a backlog of 2,000 worked at a steady pace says when the other half is done."""
    moments = [NOON + timedelta(seconds=number / pace) for number in range(1000)]
    at = moments[-1]
    lately = [moment for moment in moments if moment > at - paces.PERIOD]
    said = paces.finish(1000, paces.pace_of(lately).per_second, at)
    assert said is not None
    assert abs((said - at).total_seconds() - 1000 / pace) <= error * 1000 / pace


@pytest.fixture
def backlog(plan, work, ledger):
    """Six effects of a month whose cut-off comes; two were confirmed within one busy minute."""
    made = [plan(reference=f"C-{number}", lane=f"L-{number}", posting_date=date(2099, 1, 31)) for number in range(6)]
    at = paces.clock()
    for number, effect in enumerate(made[:2]):
        Effect.objects.filter(pk=effect.pk).update(
            state="confirmed", remote_id="1", confirmed_at=at - timedelta(seconds=40 + 20 * number)
        )
    return ledgers.connect()


def cut_off(**more):
    """A cut-off for documents of January 2099 that lies this far ahead."""
    moment = paces.clock() + timedelta(**more)
    return gates.save(
        row=PostingGate(
            name="Blackout", kind="blackout", starts_on=moment.date(), starts_at=moment.time(),
            ends_on=moment.date() + timedelta(days=1), ends_at=time(0),
        ),
        by="system:test",
    )  # fmt: skip


def test_it_follows_the_pace_of_confirmations(backlog):
    found = forecast.of(backlog)
    assert (found.waiting, found.per_second, found.deadline) == (4, 0.1, None)
    assert found.done_at == found.at + timedelta(seconds=40)
    assert found.bound == "the pace measured"
    Lane.objects.filter(key="L-5").update(blocked=True)
    found = forecast.of(backlog)
    assert (found.waiting, found.stuck) == (3, 1)


def test_it_says_how_many_come_too_late(backlog):
    gate = cut_off(seconds=25)
    found = forecast.of(backlog)
    assert (found.deadline.name, found.is_late) == (gate.name, True)
    assert 1 <= found.too_late <= 3
    assert "more workers" in found.advice[0]
    PostingGate.objects.all().delete()
    cut_off(hours=1)
    assert not forecast.of(backlog).is_late


def test_the_cut_off_of_the_documents_month_counts(backlog):
    gates.save(row=PostingGate(name="Cut", kind="cut_off", day=3, closes=time(18)), by="system:test")
    assert forecast.of(backlog).deadline == Deadline(datetime(2099, 2, 3, 18, tzinfo=UTC), "Cut")


def test_a_tight_budget_holds_it_and_pausing_the_feeds_would_help(backlog):
    account = Account.objects.create(code="erp-account", vendor=ledgers.VENDOR, calls=12, seconds=60)
    Connection.objects.filter(pk=backlog.pk).update(account=account)
    backlog.refresh_from_db()
    budget.forget(account.pk)
    for _ in range(9):
        with budget.on_behalf(Priority.SYNC), budget.call(backlog):
            pass
    moment = paces.clock()
    cut_off(minutes=2)
    found = forecast.of(backlog)
    assert found.bound == "the budget of its account"
    assert found.per_second == pytest.approx(3 / 120), "three calls of twelve are left, two for each effect"
    assert found.done_at is not None
    assert (found.done_at - moment).total_seconds() == pytest.approx(160, abs=5)
    assert "Pause the feeds of its account" in found.advice[0]
    assert "in time" in found.advice[0]


def test_forecasts_are_on_the_connection_and_among_the_lanes(backlog):
    cut_off(seconds=25)
    client = screens.browser(screens.user(Role.AUDITOR))
    for url in (f"/connections/{backlog.code}/", "/lanes/stuck/"):
        body = screens.page(client, url)
        for said in ("4 waiting", "6 a minute", "too late", "Blackout"):
            assert said in body, (url, said)
    narrow = screens.browser(screens.user(Role.FINANCE, entities=("US",)))
    assert "too late" not in screens.page(narrow, "/lanes/stuck/"), "it counts what others may not see"


def test_a_stage_is_forecast_from_what_it_finished(db):
    lane = Lane.objects.create(key="L", stage="bulk", ready=30)
    held = Lane.objects.create(key="H", stage="bulk", ready=5, blocked=True)
    at = paces.clock()
    Item.objects.bulk_create(
        Item(lane=lane, kind="x", state="done", finished_at=at - timedelta(seconds=10 * number + 1))
        for number in range(6)
    )
    Item.objects.create(lane=held, kind="x", state="done", finished_at=at - timedelta(hours=2))
    [found] = paces.stages()
    assert (found.name, found.waiting, found.stuck) == ("Bulk", 30, 5)
    assert found.per_second == pytest.approx(0.1, rel=0.2)
    assert found.done_at is not None
