"""Nothing is missing: days compared with their source, losses found, healed, and silence noticed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from integration_hub.cases.models import Case
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Control, Page, RawRecord, Window
from integration_hub.intake import certify, days
from integration_hub.intake.actions import certificates, feeds
from integration_hub.intake.models import Feed, FeedDay, Run, SourceVersion
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests import screens
from tests.integration.intake.conftest import GOOD, Drop, FakeVendor, World, applied, task

YESTERDAY = today() - timedelta(days=1)


class Source(FakeVendor):
    """A vendor that can say what it has: records by id, with the instant of their last change."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, datetime] = {}
        self.asked: list[str] = []
        self.failure: Failed | None = None
        self.whole = self.deleted_too = False

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        self.asked.append("control")
        if self.failure:
            raise self.failure
        return Control(len(list(self._within(window))), self.whole, self.deleted_too)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        self.asked.append("roll")
        return self._within(window)

    def _within(self, window: Window) -> Iterator[str]:
        return (name for name, at in self.there.items() if self.whole or window.since <= at < window.until)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    fake = Source()
    monkeypatch.setitem(CONNECTORS._entries, "fake", fake)
    return fake


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def changed(source_id: str, moment: datetime, version: str = "1", *, deleted: bool = False) -> RawRecord:
    record = task(source_id, version)
    return RawRecord(source_id, version, record.payload, deleted, moved_at=moment.isoformat())


def read_to_end(world: World) -> None:
    Run.objects.create(feed=world.feed, trigger="test", state="done", finished_at=now())


def compare(world: World, day: date = YESTERDAY) -> FeedDay:
    certificates.enqueue(world.feed, [day])
    drain_once()
    return FeedDay.objects.get(feed=world.feed, day=day)


def short_case() -> Case | None:
    return Case.objects.filter(code="FEED_SHORT").exclude(status="resolved").first()


def test_a_day_whose_every_id_is_here_is_complete(world: World, source: Source) -> None:
    source.there = {"1": at(YESTERDAY), "2": at(YESTERDAY, 23), "3": at(today(), 0)}
    world.ingest(changed("1", at(YESTERDAY)), changed("2", at(YESTERDAY, 23)), changed("3", at(today(), 0)))
    read_to_end(world)

    row = compare(world)

    assert (row.verdict, row.basis, row.expected, row.seen, row.reason) == ("complete", "ids", 2, 2, "")
    assert row.digest == days.seen(world.feed, days.window_of(YESTERDAY), Control(2)).digest
    event = Event.objects.get(action="intake.day.certified")
    assert (event.data["verdict"], event.data["expected"]) == ("complete", 2)


def test_a_lost_record_is_named_read_again_and_heals_when_it_arrives(world: World, source: Source) -> None:
    source.there = {"1": at(YESTERDAY), "2": at(YESTERDAY)}
    stamp = at(YESTERDAY, 9).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    high = today().strftime("%Y-%m-%dT00:00:00.000Z")
    Feed.objects.update(cursor={"high": high, "tail": {}})
    world.ingest(changed("1", at(YESTERDAY)))
    read_to_end(world)
    source.script = [Page([], {"high": high}, True)]

    row = compare(world)

    assert (row.verdict, row.missing) == ("short", ["2"])
    assert row.reason == "1 of 2 records are not here."
    case = short_case()
    assert case is not None
    assert case.title == "PSA · Tasks: 1 records of 1 days are not here"
    assert source.cursors[-1]["high"] < stamp, "it was read again from the start of the day"

    source.script = [Page([changed("2", at(YESTERDAY))], {"high": high}, True)]
    feeds.run_now(feed_id=world.feed.pk, by="system:test")
    drain_once()

    row.refresh_from_db()
    assert (row.verdict, row.missing, row.checks) == ("complete", [], 3)
    assert short_case() is None


def test_it_is_read_again_by_itself_only_once(world: World, source: Source) -> None:
    source.there = {"1": at(YESTERDAY)}
    read_to_end(world)
    compare(world)
    compare(world)

    assert Event.objects.filter(action="intake.feed.read_again").count() == 1


def test_equal_counts_of_different_records_do_not_pass(world: World, source: Source) -> None:
    source.there = {"2": at(YESTERDAY)}
    world.ingest(changed("1", at(YESTERDAY)))
    read_to_end(world)

    row = compare(world)

    assert (row.verdict, row.expected, row.seen, row.missing) == ("short", 1, 1, ["2"])


def test_many_are_compared_by_count_until_they_differ(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certify, "BY_IDS", 1)
    source.there = {"1": at(YESTERDAY), "2": at(YESTERDAY)}
    world.ingest(changed("1", at(YESTERDAY)), changed("2", at(YESTERDAY)))
    read_to_end(world)
    assert compare(world).basis == "count"
    assert source.asked == ["control"]

    SourceVersion.objects.filter(source_id="2").delete()
    row = compare(world)
    assert (row.verdict, row.basis, row.missing) == ("short", "ids", ["2"])


def test_a_record_counts_on_the_day_it_changed_last_and_not_once_it_is_deleted(world: World, source: Source) -> None:
    world.ingest(
        changed("1", at(YESTERDAY), "1"),
        changed("1", at(today(), 0), "2"),
        changed("2", at(YESTERDAY, 8), "1"),
        changed("2", at(YESTERDAY, 9), "2", deleted=True),
        changed("3", at(YESTERDAY), "1"),
    )
    source.there = {"1": at(today(), 0), "3": at(YESTERDAY)}
    read_to_end(world)
    assert (compare(world).verdict, compare(world).seen) == ("complete", 1)

    source.deleted_too, source.there["2"] = True, at(YESTERDAY, 9)
    assert (compare(world).verdict, compare(world).seen) == ("complete", 2)


def test_more_here_than_there_is_told_and_no_case(world: World, source: Source) -> None:
    world.ingest(changed("1", at(YESTERDAY)))
    read_to_end(world)

    row = compare(world)

    assert (row.verdict, row.expected, row.seen) == ("surplus", 0, 1)
    assert row.reason.startswith("1 records are here and not there any more")
    assert short_case() is None


def test_a_whole_list_is_counted_whole(world: World, source: Source) -> None:
    world.ingest(task("1"), task("2"))
    source.whole, source.there = True, {"1": now(), "2": now()}
    read_to_end(world)

    row = compare(world)

    assert (row.verdict, row.whole, row.seen) == ("complete", True, 2)


def test_what_cannot_be_proved_says_why(world: World, source: Source) -> None:
    assert compare(world).reason == "It was not read to its end since the day was over."
    assert source.asked == [], "nobody is asked before that"
    read_to_end(world)
    source.failure = Failed(FailureClass.RATE, "429 slow down")
    row = compare(world)
    assert (row.verdict, row.expected, row.reason) == (
        "unprovable",
        None,
        "The source could not be asked: 429 slow down",
    )


def test_a_vendor_that_cannot_count(world: World, vendor: FakeVendor) -> None:
    read_to_end(world)
    assert compare(world).reason == "The vendor does not say how much it has."


def test_days_come_due_once_over_again_while_they_lack_something_and_once_more_for_what_came_late(
    world: World, source: Source
) -> None:
    moment = datetime.combine(today(), time(2), UTC)
    first = certify.due_days(world.feed, moment)
    assert (first[0], first[-1], len(first)) == (today() - timedelta(days=14), YESTERDAY, 14)
    assert certify.due_days(world.feed, moment.replace(hour=0, minute=30))[-1] == YESTERDAY - timedelta(days=1)

    def certified(verdict: str, checked: datetime, day: date = YESTERDAY) -> None:
        FeedDay.objects.update_or_create(
            feed=world.feed,
            day=day,
            defaults={
                "verdict": verdict,
                "basis": "ids",
                "expected": None if verdict == "unprovable" else 1,
                "checked_at": checked,
            },
        )

    certified("complete", moment)
    assert certify.due_days(world.feed, moment) == []
    later = moment + timedelta(days=1)
    assert certify.due_days(world.feed, later) == [YESTERDAY, today()]
    certified("complete", later)
    assert certify.due_days(world.feed, later) == [today()]
    certified("surplus", moment)
    assert certify.due_days(world.feed, moment + timedelta(minutes=59)) == []
    assert certify.due_days(world.feed, moment + timedelta(minutes=61)) == [YESTERDAY]


def test_the_tick_puts_due_days_into_the_lane_of_the_connection_once(world: World, source: Source) -> None:
    assert certify.enqueue_due() == 0, "it was never read to its end"
    Feed.objects.update(last_ok_at=now())
    assert certify.enqueue_due() == 1
    certify.enqueue_due()
    item = Item.objects.get(kind="intake.certify")
    assert (item.lane.key, len(item.payload["days"])) == ("feed:psa", 14)
    world.connection.is_paused, world.connection.paused_reason = True, "Upgrade."
    world.connection.save()
    assert certify.enqueue_due() == 0


@pytest.mark.parametrize(("weeks", "arrived", "alarmed"), [(4, 3, True), (3, 9, False), (8, 2, False)])
def test_a_feed_is_silent_when_such_days_always_brought_something(
    world: World, source: Source, weeks: int, arrived: int, alarmed: bool
) -> None:
    for back in range(1, weeks + 1):
        FeedDay.objects.create(
            feed=world.feed,
            day=YESTERDAY - timedelta(weeks=back),
            verdict="complete",
            basis="ids",
            expected=arrived,
            arrived=arrived,
        )
    read_to_end(world)
    compare(world)
    assert Case.objects.filter(code="FEED_SILENT", status="open").exists() is alarmed

    source.script = [Page([task("1")], {}, True)]
    feeds.run_now(feed_id=world.feed.pk, by="system:test")
    drain_once()
    assert not Case.objects.filter(code="FEED_SILENT").exclude(status="resolved").exists()


def test_files_are_proved_by_their_manifests(drop: Drop) -> None:
    feed = Feed.objects.get(entity="time_entry")

    def verdict() -> tuple[str, str]:
        certificates.enqueue(feed, [today()])
        drain_once()
        row = FeedDay.objects.get()
        return row.verdict, row.reason

    assert verdict() == ("unprovable", "No file was dropped.")
    applied(drop(*GOOD, totals={"records": 3}))
    assert verdict() == ("complete", "")
    drop(*GOOD, "4,ann,P1,04-Mar-26,1,DONE,work,x", name="late.csv", totals={"records": 4})
    assert verdict() == ("short", "3 of 7 rows of 2 files were read.")
    drop("5,ann,P1,05-Mar-26,1,DONE,work,x", name="bare.csv")
    assert verdict()[1] == "bare.csv came without a manifest that says how many rows it has."


# -- screens, API ----------------------------------------------------------------------------------------------------


@pytest.fixture
def row(world: World, source: Source) -> FeedDay:
    source.there = {"1": at(YESTERDAY), "lost-7": at(YESTERDAY)}
    world.ingest(changed("1", at(YESTERDAY)))
    read_to_end(world)
    source.script = [Page([], {}, True)]
    return compare(world)


pytestmark = screens.SCREENS


def test_the_list_the_calendar_and_the_day(row: FeedDay) -> None:
    client = screens.browser(screens.user(Role.INTEGRATION_ADMIN, "ines"))
    assert "Records are missing here" in screens.assert_list(client, "/completeness/")
    month = screens.page(client, f"/completeness/of/psa/?month={YESTERDAY:%Y-%m}")
    assert f"/completeness/days/{row.pk}/" in month
    assert "1 here, 2 there" in month
    assert "Certificates by feed and day" in screens.page(client, "/completeness/of/psa/?month=never")
    shown = screens.page(client, f"/completeness/days/{row.pk}/")
    for said in ("lost-7", "Each id compared", "The case", "compared"):
        assert said in shown, said
    assert f"/completeness/days/{row.pk}/" in screens.page(client, f"/feeds/{row.feed_id}/")
    screens.page(client, "/completeness/of/nobody/", 404)


def test_ids_are_for_people_who_see_all_legal_entities(row: FeedDay) -> None:
    client = screens.browser(screens.user(Role.PMO, "paula", entities=("US01",)))
    shown = screens.page(client, f"/completeness/days/{row.pk}/")
    assert "lost-7" not in shown
    assert "1 ids, shown to people who see all legal entities" in shown


def test_comparing_and_reading_again_are_for_whom_it_is_given(row: FeedDay, source: Source) -> None:
    at_day = f"/completeness/days/{row.pk}"
    for url in ("/completeness/", "/completeness/of/psa/", f"{at_day}/", f"{at_day}/check/"):
        screens.assert_needs_right(url)
    auditor = screens.browser(screens.user(Role.AUDITOR, "aude"))
    ines = screens.browser(screens.user(Role.INTEGRATION_ADMIN, "ines"))
    for verb in ("check", "read-again"):
        seen = {"seen": row.checks}
        assert auditor.post(f"{at_day}/{verb}/", seen).status_code == 403
        assert ines.post(f"{at_day}/{verb}/", {"seen": 99}).status_code == 409
        assert ines.post(f"{at_day}/{verb}/", seen).status_code == 302
    source.there.pop("lost-7")
    drain_once()
    assert FeedDay.objects.get().verdict == "complete"
    with pytest.raises(Denied):
        certificates.check_now(row=row, by=screens.user(Role.AUDITOR, "anna"))
