"""Absence is not deletion: what a complete listing does not name, how much of it may be closed, and horizons."""

from datetime import timedelta
from typing import Any

import pytest

from integration_hub.cases.models import Case
from integration_hub.connectors.registry import CONNECTORS, FeedSpec, Page, RawRecord
from integration_hub.intake import horizon
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, Listed, Run, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import screens
from tests.integration.intake.conftest import FakeVendor, World, task


def listing(*records: RawRecord, complete: bool = True, **cursor: Any) -> Page:
    return Page(list(records), cursor, done=complete, complete=complete, whole=True)


def read(world: World) -> Run:
    feeds.run_now(feed_id=world.feed.pk, by="system:test")
    drain_once()
    return Run.objects.latest("pk")


def open_case() -> Case | None:
    return Case.objects.filter(code="RECORDS_ABSENT").exclude(status="resolved").first()


@pytest.fixture
def ten(world: World, vendor: FakeVendor) -> list[RawRecord]:
    """Ten tasks of a list that was read whole."""
    rows = [task(str(number), "2026-05-01T08:00:00.000Z.00") for number in range(10)]
    vendor.script = [listing(*rows)]
    read(world)
    return rows


def test_a_record_a_complete_listing_lacks_is_not_closed_and_told(
    world: World, vendor: FakeVendor, ten: list[RawRecord]
) -> None:
    vendor.script = [listing(*ten[1:])]
    run = read(world)

    assert (run.read, run.applied) == (9, 0)
    assert world.status("0") == [("2026-05-01T08:00:00.000Z.00", "applied")]
    case = open_case()
    assert case is not None
    assert case.title == "PSA · Tasks: a complete listing lacks 1 of 10 records"
    assert [member.label for member in case.members.filter(is_open=True)] == ["0"]

    vendor.script = [listing(*ten)]
    read(world)
    assert open_case() is None


@pytest.mark.parametrize(("lacking", "closed"), [(1, True), (2, True), (3, False)])
def test_absence_closes_up_to_the_share_an_administrator_set(
    world: World, vendor: FakeVendor, ten: list[RawRecord], lacking: int, closed: bool
) -> None:
    Feed.objects.update(absence_limit_percent=20)
    vendor.script = [listing(*ten[lacking:])]

    run = read(world)

    gone = SourceVersion.objects.filter(deleted=True, status="applied").count()
    assert gone == run.applied == (lacking if closed else 0)
    assert (open_case() is None) is closed
    assert not Listed.objects.exists()


def test_what_is_named_again_lives_again_and_may_go_again(
    world: World, vendor: FakeVendor, ten: list[RawRecord]
) -> None:
    Feed.objects.update(absence_limit_percent=20)
    for rows in (ten[1:], ten, ten, ten[1:], ten):
        vendor.script = [listing(*rows)]
        read(world)

    assert [deleted for _, _, deleted in world.receiver.applied[10:]] == [True, False, True, False]
    stamp = "2026-05-01T08:00:00.000Z.00"
    assert [version for version, _ in world.status("0")] == [stamp, *(f"{stamp}~00{turn}" for turn in (1, 2, 3, 4))]


def test_only_a_reading_that_came_to_its_end_says_what_is_absent(
    world: World, vendor: FakeVendor, ten: list[RawRecord]
) -> None:
    Feed.objects.update(absence_limit_percent=100)
    vendor.script = [listing(*ten[:4], complete=False), Failed(FailureClass.TRANSIENT, "503")]
    read(world)
    assert Listed.objects.count() == 4
    assert not SourceVersion.objects.filter(deleted=True).exists()

    vendor.script = [listing(*ten[4:9])]
    read(world)
    deleted = SourceVersion.objects.filter(deleted=True)
    assert [row.source_id for row in deleted] == ["9"], "the pages before the failure count"


def test_an_empty_listing_is_an_alarm_and_closes_nothing(
    world: World, vendor: FakeVendor, ten: list[RawRecord]
) -> None:
    Feed.objects.update(absence_limit_percent=100)
    vendor.script = [listing()]
    read(world)

    assert Case.objects.filter(code="EMPTY_FEED").exists()
    assert not SourceVersion.objects.filter(deleted=True).exists()


# -- horizons --------------------------------------------------------------------------------------------------------


@pytest.fixture
def nine_days(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> FakeVendor:
    specs = (FeedSpec("task", "Tasks", 20, horizon=timedelta(days=9)),)
    monkeypatch.setattr(CONNECTORS.get("fake"), "manifest", _with(vendor.manifest, specs))
    return vendor


def _with(manifest: Any, specs: tuple[FeedSpec, ...]) -> Any:
    from dataclasses import replace

    return replace(manifest, feeds=specs)


@pytest.mark.parametrize(("days", "warned"), [(5, False), (6, True), (8, True), (11, True)])
def test_a_horizon_is_warned_of_before_it_passes_paused_or_not(
    world: World, nine_days: FakeVendor, days: int, warned: bool
) -> None:
    Feed.objects.update(last_ok_at=now() - timedelta(days=days, hours=1), is_active=False)

    assert horizon.watch() == int(warned)
    assert Case.objects.filter(code="HORIZON_NEAR", status="open").exists() is warned

    Feed.objects.update(is_active=True)
    nine_days.script = [Page([], {"after": 1}, True)]
    read(world)
    assert not Case.objects.filter(code="HORIZON_NEAR", status="open").exists()


def test_past_its_horizon_the_whole_list_is_read_once_and_deletions_are_found(
    world: World, nine_days: FakeVendor, ten: list[RawRecord]
) -> None:
    Feed.objects.update(last_ok_at=now() - timedelta(days=10), cursor={"after": 7}, absence_limit_percent=20)
    nine_days.script = [Failed(FailureClass.TRANSIENT, "503")]
    read(world)
    assert nine_days.cursors[-1] == {}

    Feed.objects.update(cursor={"after": 3})
    nine_days.script = [listing(*ten[1:], after=9)]
    read(world)

    assert nine_days.cursors[-1] == {"after": 3}, "it goes on where it was, it does not start over"
    assert [row.source_id for row in SourceVersion.objects.filter(deleted=True)] == ["0"]
    assert Event.objects.filter(action="intake.feed.read_all_again").count() == 1


def test_reading_again_is_for_whom_it_is_given(world: World, vendor: FakeVendor) -> None:
    someone = screens.nobody()
    with pytest.raises(Denied):
        feeds.read_again(feed_id=world.feed.pk, since=now(), reason="", by=someone)
    with pytest.raises(Denied):
        feeds.read_all_again(feed_id=world.feed.pk, reason="", by=someone)
