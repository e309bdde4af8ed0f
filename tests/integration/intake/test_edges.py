"""Corners: what is taken again and what is not, batches that go on, secrets that do not open, bodies cut off."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import RequestFactory

from integration_hub.connectors.models import Connection
from integration_hub.intake import deliver, exchange, pipeline, queries, remap, waiting, webhooks
from integration_hub.intake.actions import certificates, feeds, files
from integration_hub.intake.filedrop import load, reading, report
from integration_hub.intake.models import Feed, Rejection, Run, SourceVersion
from integration_hub.intake.registry import RECEIVERS, Receipt
from integration_hub.intake.work import Counts
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.mapping import queries as in_force
from integration_hub.mapping.actions import mappings
from integration_hub.mapping.models import Mapping, ValueMap
from integration_hub.people.models import User
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests.integration.intake.conftest import (
    GOOD,
    MAPPING,
    TASK_RULES,
    Drop,
    Hours,
    World,
    applied,
    task,
)


def everything() -> list[int]:
    return list(SourceVersion.objects.values_list("pk", flat=True))


def publish(rules: list[dict[str, Any]]) -> None:
    draft = mappings.create_draft(connection="psa", entity="task", rules=rules, by="system:test")
    mappings.publish(mapping_id=draft.pk, by="system:test")


# -- taking again ----------------------------------------------------------------------------------------------------


def test_taking_again_leaves_alone_what_is_settled(world: World) -> None:
    world.ingest(task("1", "2"), task("2"))
    world.ingest(task("1", "1"))

    assert pipeline.reapply(everything()) == Counts()
    assert len(world.receiver.applied) == 2


def test_taking_again_what_a_newer_version_overtook_makes_it_stale(world: World) -> None:
    world.ingest(task("1", "1", code=None))
    world.ingest(task("1", "2"))
    SourceVersion.objects.filter(version="1").update(status="refused")  # as if it had been refused just now

    assert pipeline.reapply(everything()) == Counts(read=1, stale=1)


def test_several_waiting_versions_are_taken_in_order(world: World) -> None:
    world.ingest(task("1", "10", project="P2"))
    world.ingest(task("1", "9", project="P2"))
    world.receiver.projects.add("P2")

    pipeline.reapply(everything())

    assert [entry[1] for entry in world.receiver.applied] == ["9", "10"]


def test_a_refused_version_before_a_good_one_of_the_same_page_is_stale(world: World) -> None:
    assert world.ingest(task("1", "1", code=None), task("1", "2")) == Counts(read=2, applied=1, stale=1)


def test_a_mapping_that_changes_ids_does_not_rename_what_is_stored(world: World) -> None:
    world.ingest(task("1", code=None))
    rules = [rule for rule in TASK_RULES if rule["target"] != "code"]
    publish([*rules, {"target": "code", "constant": "x"}, {"target": "source_id", "constant": "other"}])

    pipeline.reapply(everything())

    assert "the mapping now makes 'other'" in SourceVersion.objects.get().problems[0]["message"]


def test_an_exact_duplicate_of_a_refused_version_is_tried_with_a_newer_mapping(world: World) -> None:
    world.ingest(task("1", code=None), task("2", state="template"))
    assert world.ingest(task("1", code=None), task("2", state="template")) == Counts(read=2, unchanged=2)
    rules = [rule for rule in TASK_RULES if rule["target"] != "code"]
    publish([*rules, {"target": "code", "source": "code", "default": "none"}])

    assert world.ingest(task("1", code=None), task("2", state="template")) == Counts(read=2, applied=2)


def test_long_queues_of_waiting_go_on_in_further_items(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BATCH", 2)
    world.ingest(*[task(str(number), project="P2") for number in range(5)])
    world.receiver.projects.add("P2")

    waiting.wake(world.connection, "project", ["P2"])
    drain_once()

    assert len(world.receiver.applied) == 5


def test_while_very_many_wait_only_those_whose_parent_came_are_tried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "FEW", 0)
    world.ingest(task("1", project="P2"), task("2", project="P3"))
    Feed.objects.create(connection=world.connection, entity="project")
    SourceVersion.objects.create(
        connection=world.connection,
        entity="project",
        source_id="P3",
        version="1",
        hash="x",
        payload={},
        status="applied",
    )
    SourceVersion.objects.filter(status="parked").update(received_at=now() - timedelta(minutes=2))

    assert waiting.sweep() == 1
    assert Item.objects.get(kind=waiting.UNPARK).payload["key"] == "psa/project:P3"


def test_remapping_goes_on_in_further_items_and_needs_a_mapping(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remap, "BATCH", 2)
    world.ingest(*[task(str(number), code=None) for number in range(5)])
    rules = [rule for rule in TASK_RULES if rule["target"] != "code"]
    publish([*rules, {"target": "code", "constant": "none"}])

    assert remap.watch() == 1
    drain_once()
    assert len(world.receiver.applied) == 5

    world.ingest(task("9", name="Paint"))
    ValueMap.objects.update(revision=9)
    assert remap.watch() == 1
    Mapping.objects.filter(status="published").update(status="superseded")
    drain_once()
    assert world.status("9") == [("1", "refused")]
    assert remap.watch() == 0


@pytest.mark.parametrize("receipt", [Receipt("lost"), Receipt.parked("nothing")])
def test_receipts_that_make_no_sense_are_rule_errors(
    world: World, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECEIVERS._entries, "task", lambda arrivals: [receipt for _ in arrivals])

    assert world.ingest(task("1")).refused == 1
    assert SourceVersion.objects.get().case_code == deliver.RULE_ERROR


def test_a_parent_in_another_connection_keeps_its_name() -> None:
    assert deliver.waits_for("psa", "crm/contract:7:a/b") == "crm/contract:7:a/b"
    assert deliver.waits_for("psa", "project:a/b") == "psa/project:a/b"


def test_a_feed_that_is_missing_is_named(world: World) -> None:
    Feed.objects.filter(entity="task").update(entity="gone")
    mapping = in_force.published("psa", "task")
    with pytest.raises(NotReady, match="has no feed 'task'"):
        pipeline.ingest(world.connection, "task", [], Run(feed=world.feed), mapping)


def test_writing_a_page_costs_the_same_number_of_queries_whatever_its_size(
    world: World, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        world.ingest(*[task(str(number)) for number in range(500)])
    with django_assert_max_num_queries(14):
        world.ingest(*[task(str(number)) for number in range(500)])


# -- policies --------------------------------------------------------------------------------------------------------


def test_a_paused_feed_is_not_read_on_request(world: World) -> None:
    feeds.pause(feed_id=world.feed.pk, reason="x", by="system:test")

    with pytest.raises(Denied, match="Resume it first"):
        feeds.run_now(feed_id=world.feed.pk, by="system:test")


def test_no_file_is_applied_while_its_connection_is_paused(drop: Drop) -> None:
    file = drop(*GOOD)
    Connection.objects.update(is_paused=True, paused_reason="year end")

    with pytest.raises(Denied, match="year end"):
        files.apply(file=file, by="system:test")


# -- files -----------------------------------------------------------------------------------------------------------


def test_without_a_mapping_a_file_waits_refused(drop: Drop) -> None:
    file = drop(*GOOD)
    Mapping.objects.update(status="superseded")

    assert applied(file).state == "failed"
    assert "No mapping of time_entry is published" in file.problem


def test_a_mapping_without_an_id_refuses_the_file(drop: Drop) -> None:
    file = drop(*GOOD)
    rules = [rule for rule in MAPPING["entities"]["time_entry"]["rules"] if rule["target"] != "source_id"]
    draft = mappings.create_draft(connection="files", entity="time_entry", rules=rules, by="system:test")

    with pytest.raises(BadInput, match="Add a rule for source_id"):
        files.preview(file=file, mapping=draft)


def test_an_id_that_cannot_be_read_spoils_its_row(drop: Drop) -> None:
    entity = MAPPING["entities"]["time_entry"]
    rules = [{**entity["rules"][0], "source": "Task", "kind": "integer"}, *entity["rules"][1:]]
    exchange.imported(
        {**MAPPING, "entities": {"time_entry": {**entity, "rules": rules}}}, author="system:a", publisher="system:b"
    )

    assert applied(drop(GOOD[0].replace("1,ann", "one,ann"))).refused == 1
    assert "'one'" in SourceVersion.objects.get().problems[0]["message"]


def test_a_fault_of_ours_refuses_the_file_and_not_the_worker(
    drop: Drop, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = files.apply(file=drop(*GOOD), by="system:test")
    monkeypatch.setattr(reading, "open_drop", lambda *args: 1 / 0)

    drain_once()

    run.refresh_from_db()
    assert (run.state, Item.objects.get(kind=load.LOAD).state) == ("failed", "done")
    assert "ZeroDivisionError" in run.error


def test_a_load_that_is_over_is_not_begun_again(drop: Drop, hours: Hours) -> None:
    file = drop(*GOOD)
    run = files.apply(file=file, by="system:test")
    assert files.apply(file=file, by="system:test") == run, "one load of a file at a time"
    files.apply_now(file=file, by="system:test")

    drain_once()

    assert hours.deliveries == 3
    with pytest.raises(ValueError, match="has no file"):
        load.load(Run(feed_id=run.feed_id, pk=99))


def test_broken_rows_are_not_taken_again(drop: Drop) -> None:
    applied(drop(GOOD[0], "9,ann"))

    assert pipeline.reapply(everything()) == Counts()
    assert SourceVersion.objects.filter(status="refused").count() == 1


def test_waiting_rows_are_in_the_report(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        RECEIVERS._entries, "time_entry", lambda arrivals: [Receipt.parked("project:P1") for _ in arrivals]
    )
    file = drop(GOOD[0])
    applied(file)

    assert "waits for files/project:P1" in list(report.lines(file))[1]


def test_files_are_certified_by_their_totals(drop: Drop) -> None:
    applied(drop(*GOOD, totals={"records": 9}))
    feed = Feed.objects.get(entity="time_entry")

    certificates.enqueue(feed, [today()])
    drain_once()
    (day,) = queries.days_of(feed, 5)
    assert (day.verdict, day.expected, day.seen) == ("short", 9, 3)
    assert day.reason == "3 of 9 rows of 1 files were read."
    assert list(queries.runs_of(feed)) == list(Run.objects.all())
    assert [file.name for file in queries.files_of("files")] == ["hours.csv"]
    assert queries.freshness(User(username="anybody", is_superuser=True)) == []  # files are never late
    assert queries.feed_health()[0].state == "ok"
    assert queries.versions_of("files", "time_entry", "1-ann").count() == 1


# -- webhooks --------------------------------------------------------------------------------------------------------


def test_a_secret_that_does_not_open_refuses_and_says_so(world: World) -> None:
    world.connection.sealed_webhook_secret = b"damaged"
    world.connection.save()
    request = RequestFactory().post(
        "/hooks/psa/",
        b"{}",
        content_type="application/json",
        headers={
            "webhook-id": "m",
            "webhook-timestamp": str(int(now().timestamp())),
            "webhook-signature": "v1,eA==",
        },
    )

    assert webhooks.hook(request, "psa").status_code == 401
    assert queries.rejections_of("psa").get().reason == "Our signing secret cannot be opened."


@pytest.mark.parametrize(("length", "status"), [("many", 400), ("99999999999", 413)])
def test_a_body_length_that_lies_is_refused(world: World, length: str, status: int) -> None:
    request = RequestFactory().post("/hooks/psa/", b"{}", content_type="application/json", CONTENT_LENGTH=length)

    assert webhooks.hook(request, "psa").status_code == status


def test_a_body_that_is_cut_off_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    class CutOff(io.BytesIO):
        def read(self, *args: object) -> bytes:
            raise OSError("connection reset")

        def seekable(self) -> bool:
            return False

    request = RequestFactory().post("/hooks/psa/", b"{}", content_type="application/json")
    request._stream = CutOff()
    assert webhooks.hook(request, "psa").status_code == 400

    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1
    request = RequestFactory().post("/hooks/psa/", b"{}", content_type="application/json")
    assert webhooks.hook(request, "psa").status_code == 413
    assert Rejection.objects.count() == 0
