"""Reading feeds: pages, cursors, failures by class, lateness, hints, parents first."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from integration_hub.cases.models import Case
from integration_hub.connectors import budget
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Page
from integration_hub.intake import pipeline, poll, remap
from integration_hub.intake.actions import feeds, runs
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.actions import mappings, values
from integration_hub.people.models import Role, User
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import Job
from tests import screens
from tests.integration.intake.conftest import FakeVendor, World, task


def read(feed: Feed) -> Run:
    feeds.run_now(feed_id=feed.pk, by="system:test")
    drain_once()
    return Run.objects.latest("pk")


def open_cases(code: str) -> list[Case]:
    return list(Case.objects.filter(code=code).exclude(status="resolved"))


def test_a_reading_takes_page_after_page_and_moves_the_cursor(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1"), task("2")], {"after": 2}, False), Page([task("3")], {"after": 3}, True)]

    run = read(world.feed)

    world.feed.refresh_from_db()
    assert (run.state, run.read, run.applied) == ("done", 3, 3)
    assert world.feed.cursor == {"after": 3}
    assert world.feed.last_ok_at is not None
    assert world.feed.due_at > now()


def test_a_failure_after_a_page_keeps_the_page_and_its_cursor(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, False), Failed(FailureClass.TRANSIENT, "503")]
    run = read(world.feed)
    world.feed.refresh_from_db()
    assert (run.state, run.error_class, run.applied) == ("failed", "transient", 1)
    assert world.feed.cursor == {"after": 1}
    assert (world.feed.last_error_class, world.feed.failures_in_row) == ("transient", 1)
    assert open_cases("FEED_FAILED") == [], "it is tried again by itself"

    vendor.script = [Page([task("2")], {"after": 2}, True)]
    read(world.feed)

    assert vendor.cursors == [{}, {"after": 1}]
    world.feed.refresh_from_db()
    assert (world.feed.last_error, world.feed.failures_in_row) == ("", 0)


def test_a_crash_between_page_and_commit_reads_the_page_again(
    world: World, vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: object) -> None:
        raise OperationalError("server closed the connection")

    vendor.script = [Page([task("1")], {"after": 1}, True)]
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_advance", crash)
        run = read(world.feed)
    assert (run.state, run.read) == ("running", 0), "nothing of the page is left"
    assert SourceVersion.objects.count() == 0

    vendor.script = [Page([task("1")], {"after": 1}, True)]
    Lane.objects.update(next_at=now())  # the pause after a failure is over
    drain_once()

    again = Run.objects.get()
    assert again.pk == run.pk, "the run goes on"
    assert (again.state, again.applied) == ("done", 1)


@pytest.mark.parametrize(
    ("error", "kind", "cause"),
    [
        (Failed(FailureClass.AUTH, "Signed out."), "auth", "psa:sign-in"),
        (Failed(FailureClass.REJECTED, "No such field."), "rejected", "psa:task"),
        (KeyError("Id"), "bug", "psa:task"),
    ],
)
def test_a_failure_somebody_must_mend_is_a_case_and_heals(
    world: World, vendor: FakeVendor, error: Exception, kind: str, cause: str
) -> None:
    vendor.script = [error]
    run = read(world.feed)
    assert run.error_class == kind
    assert [case.root_cause for case in open_cases("FEED_FAILED")] == [cause]
    world.feed.refresh_from_db()
    assert world.feed.due_at > now() + timedelta(minutes=5), "a refused sign-in is not hammered"

    vendor.script = [Page([], {}, True)]
    read(world.feed)

    assert open_cases("FEED_FAILED") == []


def test_without_a_mapping_nothing_is_read(
    connection: Connection, feed: Feed, vendor: FakeVendor, receiver: object
) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, True)]

    run = read(feed)

    assert (run.state, run.error_class) == ("failed", "mapping")
    assert vendor.cursors == []
    assert "No mapping of task" in open_cases("FEED_FAILED")[0].detail


def test_the_vendor_says_when_to_come_back(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Failed(FailureClass.RATE, "429", retry_after=timedelta(minutes=40))]

    read(world.feed)

    world.feed.refresh_from_db()
    assert timedelta(minutes=39) < world.feed.due_at - now() <= timedelta(minutes=40)


def test_an_empty_full_listing_is_an_alarm_not_a_deletion(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, True, complete=True)]
    read(world.feed)
    assert open_cases("EMPTY_FEED") == []

    vendor.script = [Page([], {"after": 1}, True, complete=True)]
    read(world.feed)
    assert [case.root_cause for case in open_cases("EMPTY_FEED")] == ["psa:task"]
    assert world.receiver.applied == [("1", "1", False)], "nothing was deleted"

    vendor.script = [Page([task("1", "2")], {"after": 2}, True, complete=True)]
    read(world.feed)
    assert open_cases("EMPTY_FEED") == []


def test_an_empty_answer_of_changes_is_normal(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, True)]
    read(world.feed)
    vendor.script = [Page([], {"after": 1}, True)]
    read(world.feed)

    assert open_cases("EMPTY_FEED") == []


def test_a_long_reading_goes_on_in_another_item(
    world: World, vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "BUDGET_SECONDS", -1.0)
    vendor.script = [Page([task("1")], {"after": 1}, False), Page([task("2")], {"after": 2}, True)]

    run = read(world.feed)

    assert Run.objects.count() == 1
    assert (run.state, run.read) == ("done", 2)
    assert vendor.cursors == [{}, {"after": 1}]


@pytest.mark.parametrize(("way", "readings"), [({}, 1), ({"onward": "page 2"}, 2)])
def test_a_long_reading_inside_one_stamp_stops_only_where_its_list_goes_on(
    world: World, vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch, way: dict[str, str], readings: int
) -> None:
    monkeypatch.setattr(poll, "BUDGET_SECONDS", -1.0)
    stamp = {"high": "2026-05-01T07:00:00.000Z"}
    Feed.objects.update(cursor=stamp)
    vendor.script = [Page([task("1")], stamp | way, False), Page([task("2")], stamp, True)]

    run = read(world.feed)

    assert (run.state, run.read) == ("done", 2)
    assert vendor.cursors == [stamp, stamp | way][:readings]


def test_a_late_feed_is_a_case_until_it_is_read(world: World, vendor: FakeVendor) -> None:
    Feed.objects.update(installed_at=now() - timedelta(days=1))

    assert poll.watch_lateness() == 1
    assert [case.root_cause for case in open_cases("SYNC_STALE")] == ["psa:task"]

    vendor.script = [Page([], {}, True)]
    read(world.feed)
    assert poll.watch_lateness() == 0
    assert open_cases("SYNC_STALE") == []


def test_due_feeds_of_a_connection_are_read_parents_first(world: World, vendor: FakeVendor) -> None:
    Feed.objects.create(connection=world.connection, entity="project", weight=10)
    world.feed.weight = 20
    world.feed.save()

    assert poll.enqueue_due() == 2
    assert poll.enqueue_due() == 2, "asking again puts nothing twice"
    assert Item.objects.filter(kind=feeds.POLL).count() == 2
    drain_once()

    assert [run.feed.entity for run in Run.objects.order_by("pk")] == ["project", "task"]


def test_a_paused_connection_is_not_read(world: World, vendor: FakeVendor) -> None:
    Connection.objects.update(is_paused=True, paused_reason="maintenance")

    assert poll.enqueue_due() == 0
    with pytest.raises(Denied, match="maintenance"):
        feeds.run_now(feed_id=world.feed.pk, by="system:test")


def test_a_paused_feed_is_read_again_from_where_it_stood(world: World, vendor: FakeVendor) -> None:
    with pytest.raises(BadInput):
        feeds.pause(feed_id=world.feed.pk, reason=" ", by="system:test")
    feeds.pause(feed_id=world.feed.pk, reason="migration there", by="system:test")
    assert poll.enqueue_due() == 0

    feeds.resume(feed_id=world.feed.pk, by="system:test")

    assert poll.enqueue_due() == 1


def test_only_who_may_reads_now(world: World) -> None:
    nobody = User.objects.create_user("nobody", "n@example.org", "x")

    with pytest.raises(Denied):
        feeds.run_now(feed_id=world.feed.pk, by=nobody)
    with pytest.raises(Denied):
        feeds.pause(feed_id=world.feed.pk, reason="x", by=nobody)


def test_a_hint_makes_the_feed_due_by_any_of_its_names(world: World, vendor: FakeVendor) -> None:
    later = now() + timedelta(hours=1)
    for name in ("task", "story", "TODO"):
        Feed.objects.update(due_at=later)
        assert feeds.hint(connection=world.connection, entity_name=name) == [world.feed]
        world.feed.refresh_from_db()
        assert world.feed.due_at <= now()
    assert feeds.hint(connection=world.connection, entity_name="unheard of") == []


def test_a_hint_during_a_reading_is_not_lost(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, True), Page([task("1", "2")], {"after": 2}, True)]
    hints = iter([True])
    vendor.before_page = lambda: next(hints, False) and feeds.hint(connection=world.connection, entity_name="task")

    read(world.feed)

    assert world.receiver.applied == [("1", "1", False), ("1", "2", False)]


def test_installing_feeds_keeps_what_is_there(connection: Connection, vendor: FakeVendor) -> None:
    made = feeds.install_feeds(connection=connection, by="system:test")
    assert [(feed.entity, feed.weight) for feed in made] == [("project", 10), ("task", 20)]
    Feed.objects.filter(entity="task").update(cursor={"after": 7}, every_seconds=5)

    assert feeds.install_feeds(connection=connection, by="system:test") == []
    assert Feed.objects.get(entity="task").cursor == {"after": 7}


def test_installing_only_the_entities_of_the_settings(connection: Connection, vendor: FakeVendor) -> None:
    connection.settings = {"entities": '["task"]'}
    assert [feed.entity for feed in feeds.install_feeds(connection=connection, by="system:test")] == ["task"]

    connection.settings = {"entities": ["ghost"]}
    with pytest.raises(BadInput, match="ghost"):
        feeds.install_feeds(connection=connection, by="system:test")


def test_a_published_mapping_takes_refused_and_filtered_records_again(world: World) -> None:
    world.ingest(task("1", name="Paint"), task("2", state="template"), task("3"))
    remap.watch()
    drain_once()
    assert world.status("1") == [("1", "refused")]

    values.add_value(connection="psa", name="names", theirs="Paint", ours="Build", by="system:test")
    assert remap.watch() == 1
    drain_once()
    assert world.status("1") == [("1", "applied")]

    draft = mappings.create_draft(
        connection="psa",
        entity="task",
        rules=[{"target": name, "source": source} for name, source in (("project_id", "project"), ("code", "code"))]
        + [{"target": "name", "constant": "any"}],
        by="system:test",
    )
    mappings.publish(mapping_id=draft.pk, by="system:test")
    assert remap.watch() == 1
    drain_once()
    assert world.status("2") == [("1", "applied")]
    assert remap.watch() == 0


def test_a_feed_without_budget_goes_on_later_in_the_same_run(world: World, vendor: FakeVendor) -> None:
    vendor.script = [
        Page([task("1")], {"after": 1}, False),
        budget.NoBudget(world.feed.connection, "Backfill has used its part", 40.0),
    ]
    run = read(world.feed)
    world.feed.refresh_from_db()
    assert (run.state, run.applied, world.feed.failures_in_row, world.feed.last_error) == ("running", 1, 0, "")
    assert timedelta(seconds=30) < world.feed.due_at - now() <= timedelta(seconds=40)
    assert poll.enqueue_due() == 0

    vendor.script = [Page([task("2")], {"after": 2}, True)]
    Feed.objects.update(due_at=now())
    assert poll.enqueue_due() == 1
    drain_once()
    run.refresh_from_db()
    assert (run.state, run.applied, Run.objects.count()) == ("done", 2, 1)
    assert vendor.cursors == [{}, {"after": 1}]


def test_a_first_load_is_a_backfill(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, True)]
    seen: list[str] = []
    vendor.before_page = lambda: seen.append(budget.priority())
    read(world.feed)
    vendor.script = [Page([task("2")], {"after": 2}, True)]
    read(world.feed)
    assert seen == ["backfill", "sync"]


def test_a_person_stops_a_run_between_two_pages_and_the_next_one_goes_on(world: World, vendor: FakeVendor) -> None:
    ines = screens.user(Role.INTEGRATION_ADMIN, "ines")
    vendor.script = [Page([task(str(at))], {"after": at}, at == 4) for at in (1, 2, 3, 4)]

    def stop_once() -> None:
        if len(vendor.script) == 2:
            run = Run.objects.get(state="running")
            runs.stop(run_id=run.pk, by=ines, reason="wrong account")
            with pytest.raises(Denied, match="ines has asked it to stop"):
                runs.stop(run_id=run.pk, by=ines, reason="once more")

    vendor.before_page = stop_once
    run = read(world.feed)
    assert (run.state, run.read, "Stopped by ines" in run.error) == ("stopped", 2, True)
    world.feed.refresh_from_db()
    assert (world.feed.cursor, world.feed.failures_in_row) == ({"after": 2}, 0)
    with pytest.raises(Denied, match="is stopped"):
        runs.stop(run_id=run.pk, by=ines, reason="again")

    vendor.before_page = lambda: None
    vendor.script = [Page([task("3")], {"after": 3}, True)]
    assert read(world.feed).state == "done"
    assert vendor.cursors[-1] == {"after": 2}


def test_a_run_whose_worker_is_gone_is_closed_when_somebody_stops_it(world: World, vendor: FakeVendor) -> None:
    left = Run.objects.create(feed=world.feed, trigger="schedule")
    runs.stop(run_id=left.pk, by="system:test", reason="stuck")
    drain_once()
    left.refresh_from_db()
    assert (left.state, vendor.cursors) == ("stopped", [])


def test_a_reading_that_finds_nothing_costs_a_handful_of_statements(
    world: World, vendor: FakeVendor, django_assert_max_num_queries: Any
) -> None:
    vendor.script = [Page([task("1")], {"after": 1}, True, whole=True)]
    read(world.feed)
    vendor.script = [Page([], {"after": 1}, True)]
    job = Job(item_id=0, lane="", kind=feeds.POLL, payload={"feed": world.feed.pk}, attempt=1, token=0)

    with django_assert_max_num_queries(10):  # two of them the savepoint that stands for a transaction here
        poll.poll(job)

    run = Run.objects.latest("pk")
    assert (run.state, run.read) == ("done", 0)


def test_all_feeds_that_are_due_are_put_into_their_lanes_at_once(
    world: World, vendor: FakeVendor, django_assert_max_num_queries: Any
) -> None:
    project = Feed.objects.create(connection=world.connection, entity="project", weight=1)
    with django_assert_max_num_queries(5):
        assert poll.enqueue_due() == 2
    assert [item.payload["feed"] for item in Item.objects.order_by("pk")] == [project.pk, world.feed.pk]


def test_a_reading_asked_to_stop_at_its_last_page_has_read_everything(world: World, vendor: FakeVendor) -> None:
    def ask() -> None:
        Run.objects.filter(state="running").update(stop_asked_by="ann")

    vendor.before_page = ask
    vendor.script = [Page([task("1")], {"after": 1}, True)]
    assert read(world.feed).state == "done"


def test_nothing_is_closed_for_absence_by_a_reading_that_was_asked_to_stop(world: World, vendor: FakeVendor) -> None:
    Feed.objects.update(absence_limit_percent=100)
    vendor.script = [Page([task("1"), task("2")], {}, True, complete=True, whole=True)]
    read(world.feed)

    vendor.before_page = lambda: Run.objects.filter(state="running").update(stop_asked_by="ann")
    vendor.script = [Page([task("1")], {}, True, complete=True, whole=True)]
    assert read(world.feed).state == "stopped"
    assert not SourceVersion.objects.filter(deleted=True).exists()
