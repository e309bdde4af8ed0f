"""What people see of what came in: feed health, certificates, the trace, downloads and the admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from integration_hub.connectors.models import Connection
from integration_hub.intake import lineage as source_lineage
from integration_hub.intake import queries
from integration_hub.intake.actions import deliveries, feeds
from integration_hub.intake.models import Feed, FileDrop, Run, SourceVersion
from integration_hub.intake.registry import DESCENDANTS
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput
from integration_hub.people.models import User
from integration_hub.trail import lineage
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests.integration.intake.conftest import GOOD, HEAD, Drop, FakeVendor, Hours, World, applied, task


@pytest.fixture
def browser(db: None, settings: Any) -> Client:
    settings.WHITENOISE_AUTOREFRESH = True
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.org", "x"))
    return client


def test_feed_health_names_the_state_and_what_is_unresolved(world: World, vendor: FakeVendor) -> None:
    (health,) = queries.feed_health()
    assert (health.state, health.refused, health.last_run) == ("new", 0, None)

    world.ingest(task("1", code=None), task("2", project="P9"), task("3"))
    Feed.objects.update(last_ok_at=now())
    (health,) = queries.feed_health()
    assert (health.state, health.refused, health.parked, health.conflicts) == ("ok", 1, 1, 0)
    assert health.last_run is not None

    for change, state in (
        ({"last_ok_at": now() - timedelta(days=1)}, "late"),
        ({"last_error_class": "auth"}, "failing"),
        ({"is_active": False}, "paused"),
    ):
        Feed.objects.update(**change)
        assert queries.feed_health()[0].state == state


def test_freshness_is_the_age_of_the_oldest_feed(world: World) -> None:
    user = User.objects.create_user("ann", "a@example.org", "x")
    old = now() - timedelta(hours=2)
    Feed.objects.update(last_ok_at=now())
    Feed.objects.create(connection=world.connection, entity="project", last_ok_at=old)

    (item,) = queries.freshness(user)
    assert (item.system, item.as_of, item.late) == ("PSA", old, True)

    Feed.objects.filter(entity="project").update(last_ok_at=None)
    assert queries.freshness(user)[0].as_of is None


def test_the_trace_begins_with_the_record_as_it_came(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ingest(task("1/a", "1"))
    world.ingest(task("1/a", "2", code="new"))
    world.ingest(task("1/a", "3", code=None))
    monkeypatch.setitem(DESCENDANTS._entries, "test", lambda where, entity, source_id, limit: [("source", "psa/x/9")])

    (hit,) = [hit for hit in lineage.find("1/a") if hit.kind == "source"]
    assert (hit.key, hit.system) == ("psa/task/1/a", "PSA")
    graph = lineage.walk(("source", hit.key))

    node = graph.nodes["source", "psa/task/1/a"]
    assert (node.lane, node.status, node.facts["Version"]) == ("delivery", "Applied", "2 (3 received)")
    assert '"code": "new"' in node.facts["Payload"]
    assert node.facts["Mapping"] == "v1"
    assert source_lineage.lane_of("contract") == "agreement"
    assert source_lineage._down_source("psa/task/1/a", 5) == [("source", "psa/x/9")]
    assert source_lineage._down_source("nobody/task/1", 5) == []


def test_webhooks_and_files_are_found_and_shown(drop: Drop, hours: Hours, folder_connection: Connection) -> None:
    file = drop(*GOOD)
    applied(file)
    deliveries.receive(connection=folder_connection, delivery_id="msg_9", body=b'{"type": "ghost"}')

    assert [hit.kind for hit in lineage.find("msg_9")] == ["webhook"]
    assert [hit.key for hit in lineage.find("hours.csv")] == [str(file.pk)]
    graph = lineage.walk(("source", "files/time_entry/1-ann"))
    assert graph.nodes["file", str(file.pk)].label == "hours.csv"
    assert graph.nodes["source", "files/time_entry/1-ann"].facts["File"] == "hours.csv, row 2"
    webhook = lineage.walk(("webhook", lineage.find("msg_9")[0].key))
    assert [node.facts["Body"] for node in webhook.nodes.values()] == ['{"type": "ghost"}']


def test_tuning_a_feed_is_recorded_and_checked(world: World) -> None:
    feeds.tune(feed_id=world.feed.pk, by="system:test", weight=3, every_seconds=10, late_after_seconds=60)

    world.feed.refresh_from_db()
    assert (world.feed.weight, world.feed.every_seconds, world.feed.late_after_seconds) == (3, 10, 60)
    assert Event.objects.get(action="intake.feed.tuned").data["changes"]["weight"] == [50, 3]
    with pytest.raises(BadInput):
        feeds.tune(feed_id=world.feed.pk, by="system:test", weight=3, every_seconds=90, late_after_seconds=60)


# -- admin and downloads ---------------------------------------------------------------------------------------------


def test_the_admin_tunes_reads_pauses_and_resumes_feeds(browser: Client, world: World, vendor: FakeVendor) -> None:
    change = reverse("admin:hub_intake_feed_change", args=[world.feed.pk])
    assert browser.get(change).status_code == 200
    knobs = {"weight": 5, "every_seconds": 30, "late_after_seconds": 600, "absence_limit_percent": 10}
    browser.post(change, knobs)
    world.feed.refresh_from_db()
    assert (world.feed.every_seconds, world.feed.absence_limit_percent) == (30, 10)
    refused = browser.post(change, {**knobs, "late_after_seconds": 6}, follow=True)
    assert b"is shorter than the rhythm" in refused.content
    with pytest.raises(BadInput, match="is more than all"):
        feeds.tune(feed_id=world.feed.pk, by="system:test", **{**knobs, "absence_limit_percent": 101})

    everything = reverse("admin:hub_intake_feed_changelist")
    for action, active in (("pause", False), ("resume", True)):
        browser.post(everything, {"action": action, "_selected_action": [world.feed.pk]})
        world.feed.refresh_from_db()
        assert world.feed.is_active is active
    browser.post(everything, {"action": "read_now", "_selected_action": [world.feed.pk]})
    drain_once()
    assert Run.objects.count() == 1


def test_ledgers_are_only_read_in_the_admin(browser: Client, world: World) -> None:
    world.ingest(task("1"))
    version = SourceVersion.objects.get()
    for name in ("run", "sourceversion", "delivery", "rejection"):
        assert browser.get(reverse(f"admin:hub_intake_{name}_changelist")).status_code == 200
        assert browser.get(reverse(f"admin:hub_intake_{name}_add")).status_code == 403
    page = reverse("admin:hub_intake_sourceversion_change", args=[version.pk])
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"status": "refused"}).status_code == 403


def test_the_admin_uploads_previews_and_applies_a_file(
    browser: Client,
    folder_connection: Connection,
    hours: Hours,
) -> None:
    upload = SimpleUploadedFile("hours.csv", "\n".join([HEAD, *GOOD, "9,ann"]).encode())
    add, totals = reverse("admin:hub_intake_filedrop_add"), '{"records": 4}'
    assert browser.get(add).status_code == 200

    browser.post(add, {"connection": folder_connection.pk, "entity": "time_entry", "upload": upload, "totals": totals})

    file = FileDrop.objects.get()
    page = browser.get(reverse("admin:hub_intake_filedrop_change", args=[file.pk]))
    assert b"1-ann" in page.content
    assert b"has 2 columns" in page.content
    assert b"Not applied yet" in page.content
    browser.post(
        reverse("admin:hub_intake_filedrop_changelist"), {"action": "apply", "_selected_action": [file.pk]}, follow=True
    )
    drain_once()
    assert b"read 4, applied 3" in browser.get(reverse("admin:hub_intake_filedrop_change", args=[file.pk])).content

    errors = browser.get(reverse("intake:file-errors", args=[file.pk]))
    assert errors["Content-Type"].startswith("text/csv")
    assert b"has 2 columns" in errors.getvalue()


def test_a_wrong_upload_is_told_and_not_crashed(browser: Client, folder_connection: Connection) -> None:
    upload = SimpleUploadedFile("hours.csv", b"id\n1\n")
    add = reverse("admin:hub_intake_filedrop_add")

    answer = browser.post(
        add,
        {"connection": folder_connection.pk, "entity": "time_entry", "upload": upload, "totals": '{"records": "many"}'},
        follow=True,
    )

    assert b"is not a number" in answer.content
    assert FileDrop.objects.count() == 0


def test_the_error_report_needs_the_right(db: None, settings: Any, drop: Drop) -> None:
    settings.WHITENOISE_AUTOREFRESH = True
    address = reverse("intake:file-errors", args=[drop(*GOOD).pk])
    assert Client().get(address).status_code == 302
    client = Client()
    client.force_login(User.objects.create_user("ann", "a@example.org", "x"))
    assert client.get(address).status_code == 403
