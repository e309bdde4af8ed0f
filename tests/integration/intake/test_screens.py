"""The screens of intake: feeds, runs, source versions, webhooks, files, and the meaning of a value on its case."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from integration_hub.cases.models import Case
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Page
from integration_hub.intake import panels
from integration_hub.intake.actions import deliveries, feeds
from integration_hub.intake.models import Delivery, Feed, FileDrop, Run, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.mapping.actions import mappings, values
from integration_hub.mapping.models import ValueRow
from integration_hub.people.models import Role, User
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import screens
from tests.integration.intake.conftest import GOOD, HEAD, MAPPING, Drop, FakeVendor, World, applied, task

pytestmark = screens.SCREENS


@pytest.fixture
def ines(db: None) -> User:
    return screens.user(Role.INTEGRATION_ADMIN, "ines")


@pytest.fixture
def aude(db: None) -> User:
    return screens.user(Role.AUDITOR, "aude")


@pytest.fixture
def scoped(db: None) -> User:
    return screens.user(Role.PMO, "paula", entities=("US01",))


# Feeds --------------------------------------------------------------------------------------------------------------


def test_a_feed_says_how_far_it_was_read(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1"), task("2", project="P9"), task("3", code=None))
    Feed.objects.update(last_ok_at=now() - timedelta(hours=3), cursor={"since": "2026-05-01"})
    body = screens.page(screens.browser(ines), f"/feeds/{world.feed.pk}/")
    for said in ("Tasks", "Late", "2026-05-01", "Refused records", "Wait for a parent", "No day has been compared"):
        assert said in body, said


def test_reading_now_pausing_and_resuming(world: World, vendor: FakeVendor, ines: User) -> None:
    client, at = screens.browser(ines), f"/feeds/{world.feed.pk}"
    assert client.post(f"{at}/run/", {"seen": "active"}).status_code == 302
    vendor.script = [Page([task("9")], {}, done=True)]
    drain_once()
    assert Run.objects.get().trigger == "person"
    assert client.post(f"{at}/pause/", {"seen": "active", "reason": ""}).status_code == 422
    assert client.post(f"{at}/pause/", {"seen": "active", "reason": "Upgrade there."}).status_code == 302
    assert "Paused" in screens.page(client, f"{at}/")
    assert client.post(f"{at}/run/", {"seen": "paused"}).status_code == 403
    assert client.post(f"{at}/pause/", {"seen": "active", "reason": "x"}).status_code == 409
    assert client.post(f"{at}/resume/", {"seen": "paused"}).status_code == 302
    world.feed.refresh_from_db()
    assert world.feed.is_active


def test_reading_again_from_a_day_or_from_the_beginning(world: World, vendor: FakeVendor, ines: User) -> None:
    client, at = screens.browser(ines), f"/feeds/{world.feed.pk}/"
    Feed.objects.update(cursor={"after": 7})
    assert client.post(f"{at}again/", {"seen": "active", "since": "2026-05-02"}).status_code == 422, "no reason"
    since = {"seen": "active", "since": "2026-05-02", "reason": "Restored"}
    assert client.post(f"{at}again/", since).status_code == 302
    assert Event.objects.get(action="intake.feed.read_again").data["changes"]["since"].startswith("2026-05-02T00:00")
    assert client.post(f"{at}again/", {"seen": "active", "reason": "Everything is in doubt"}).status_code == 302
    vendor.script = [Page([task("9")], {}, done=True)]
    drain_once()
    assert vendor.cursors == [{}]
    assert Run.objects.get().state == "done"
    assert "had everything read again from the beginning" in screens.page(client, at)


@pytest.mark.parametrize("verb", ["run", "again", "pause", "resume"])
def test_feeds_are_changed_only_by_whom_it_is_given(world: World, vendor: FakeVendor, aude: User, verb: str) -> None:
    url = f"/feeds/{world.feed.pk}/{verb}/"
    assert screens.browser(aude).post(url, {"seen": "active", "reason": "x"}).status_code == 403
    assert screens.browser(aude).post(url, {}).status_code == 422


def test_a_connection_shows_its_feeds_and_webhooks(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1", code=None))
    deliveries.receive(connection=world.connection, delivery_id="d-1", body=b'{"entity": "nothing"}')
    client = screens.browser(ines)
    body = screens.page(client, "/connections/psa/")
    assert "1 refused" in body
    assert "d-1" in body
    assert "/hooks/psa/" in body
    Feed.objects.update(installed_at=now() - timedelta(days=1))
    assert "1 of 1 late" in screens.page(client, "/connections/")


# Runs ---------------------------------------------------------------------------------------------------------------


def test_a_run_shows_its_counts_and_the_rows_with_trouble(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1"), task("2", code=None), task("3", name="Dig"))
    run = Run.objects.get()
    Run.objects.update(state="done", finished_at=now())
    client = screens.browser(ines)
    assert "PSA · Tasks" in screens.assert_list(client, "/runs/")
    body = screens.page(client, f"/runs/{run.pk}/")
    for said in ("is empty although the mapping requires it", "has no meaning here yet", "Fill code in the source"):
        assert said in body, said
    assert 'hx-trigger="load delay' not in body
    file = screens.text(client.get(f"/runs/{run.pk}/?format=csv"))
    assert "has no meaning here yet" in file
    assert "· rows: 2 ·" in file


def test_progress_is_polled_only_while_the_run_runs(world: World, vendor: FakeVendor, ines: User) -> None:
    run = world.run()
    client, url = screens.browser(ines), f"/runs/{run.pk}/"
    assert 'hx-trigger="load delay:2s"' in screens.page(client, url)
    part = screens.text(client.get(url, headers=screens.HTMX))
    assert "<html" not in part
    assert 'id="run-progress"' in part
    assert 'hx-trigger="load delay:2s"' in part
    Run.objects.update(state="done", finished_at=now())
    assert "hx-trigger" not in screens.text(client.get(url, headers=screens.HTMX))


def test_a_run_without_trouble_is_glad(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1"))
    assert "Every row was taken" in screens.page(screens.browser(ines), f"/runs/{Run.objects.get().pk}/")


# Source versions ----------------------------------------------------------------------------------------------------


def test_a_version_shows_what_came_and_what_it_means(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1", secret="as it came"))
    version = SourceVersion.objects.get()
    client = screens.browser(ines)
    assert "task 1" in screens.assert_list(client, "/sources/")
    body = screens.page(client, f"/sources/{version.pk}/")
    for said in ("as it came", "psa task v1", "&quot;code&quot;: &quot;T-1&quot;", "/trace/source/psa/task/1/"):
        assert said in body, said
    assert "Take it again" not in body


def test_a_refused_version_names_field_value_and_remedy(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1", name="Dig"))
    version = SourceVersion.objects.get()
    client = screens.browser(ines)
    body = screens.page(client, f"/sources/{version.pk}/")
    assert "has no meaning here yet" in body
    assert "There stood: <code" in body
    assert f"/exceptions/{Case.objects.get().pk}/" in body
    mappings_value(world)
    url = f"/sources/{version.pk}/reapply/"
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"seen": "parked"}).status_code == 409
    assert client.post(url, {"seen": "refused"}).status_code == 302
    drain_once()
    version.refresh_from_db()
    assert version.status == "applied"
    assert client.post(url, {"seen": "applied"}).status_code == 403


def mappings_value(world: World) -> None:
    values.add_value(connection="psa", name="names", theirs="Dig", ours="Build", by="system:test")


def test_of_two_contents_one_is_chosen(world: World, vendor: FakeVendor, ines: User, aude: User) -> None:
    world.ingest(task("1", code="A"))
    world.ingest(task("1", code="B"))
    loser = SourceVersion.objects.get(status="conflict")
    url = f"/sources/{loser.pk}/choose/"
    assert "This one is right" in screens.page(screens.browser(ines), f"/sources/{loser.pk}/")
    assert screens.browser(aude).post(url, {"seen": "conflict"}).status_code == 403
    assert screens.browser(ines).post(url, {"seen": "conflict", "reason": "The PMO said so."}).status_code == 302
    loser.refresh_from_db()
    assert loser.status == "applied"


def test_records_as_they_came_are_for_people_who_see_every_legal_entity(
    world: World, vendor: FakeVendor, scoped: User
) -> None:
    world.ingest(task("1", name="Dig"))
    deliveries.receive(connection=world.connection, delivery_id="d-1", body=b"{}")
    client = screens.browser(scoped)
    assert "task 1" not in screens.page(client, "/sources/")
    assert "d-1" not in screens.page(client, "/webhooks/")
    screens.page(client, f"/sources/{SourceVersion.objects.get().pk}/", status=404)
    assert "has no meaning here" not in screens.page(client, f"/runs/{Run.objects.get().pk}/")


def test_a_broken_row_and_an_unmapped_entity_say_that_there_is_no_meaning(drop: Drop, ines: User) -> None:
    applied(drop("1,ann"))
    version = SourceVersion.objects.get()
    assert "nothing to translate" in screens.page(screens.browser(ines), f"/sources/{version.pk}/")
    SourceVersion.objects.update(entity="project", mapping_version=None)
    assert "No mapping is published" in screens.page(screens.browser(ines), f"/sources/{version.pk}/")


# Webhooks -----------------------------------------------------------------------------------------------------------


def test_webhooks_are_shown_as_they_came(world: World, vendor: FakeVendor, ines: User) -> None:
    deliveries.receive(connection=world.connection, delivery_id="d-7", body=b'{"entity": "todo"}')
    delivery = Delivery.objects.get()
    client = screens.browser(ines)
    assert "d-7" in screens.assert_list(client, "/webhooks/")
    body = screens.page(client, f"/webhooks/{delivery.pk}/")
    assert "&quot;entity&quot;: &quot;todo&quot;" in body
    assert "d-7" in screens.page(client, f"/trace/webhook/{delivery.pk}/")


# Files --------------------------------------------------------------------------------------------------------------


def upload(name: str = "hours.csv", lines: list[str] | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([HEAD, *(GOOD if lines is None else lines), ""]).encode())


def test_a_file_is_dropped_looked_at_and_applied(folder_connection: Connection, ines: User, hours: Any) -> None:
    client, feed = screens.browser(ines), Feed.objects.get()
    assert "CSV or XLSX" in screens.page(client, "/files/new/")
    answer = client.post("/files/new/", {"feed": feed.pk, "file": upload(), "records": 3, "sums": "Hours: 3.75"})
    drop = FileDrop.objects.get()
    assert answer["Location"] == f"/files/{drop.pk}/"
    assert drop.manifest == {"records": 3, "sums": {"Hours": "3.75"}}
    body = screens.page(client, f"/files/{drop.pk}/")
    assert "3 of the first 3 rows would be applied" in body
    assert SourceVersion.objects.count() == 0
    assert "3 would be applied" in screens.page(client, f"/files/{drop.pk}/apply/")
    applying = client.post(f"/files/{drop.pk}/apply/", {"seen": "previewed"})
    run = Run.objects.get()
    assert applying["Location"] == f"/runs/{run.pk}/"
    assert "of 3" in screens.page(client, f"/runs/{run.pk}/")
    drain_once()
    assert hours.total == 3.75
    assert "Applied" in screens.assert_list(client, "/files/")
    assert client.post(f"/files/{drop.pk}/apply/", {"seen": "previewed"}).status_code == 409
    assert client.post(f"/files/{drop.pk}/apply/", {}).status_code == 422


def test_wrong_rows_are_named_in_preview_and_report(drop: Drop, ines: User) -> None:
    file = drop(*GOOD, "4,ann,P1,40-Mar-26,1.25,DONE,work,x", "5,bob,P1,05-Mar-26,1,BY FAX,work,y")
    client = screens.browser(ines)
    body = screens.page(client, f"/files/{file.pk}/")
    assert "3 of the first 5 rows would be applied" in body
    assert "has no meaning here yet" in body
    applied(file)
    assert "download the error report" in screens.page(client, f"/files/{file.pk}/")
    report = screens.text(client.get(f"/files/{file.pk}/errors.csv"))
    assert "BY FAX" in report


def test_a_draft_may_be_looked_through(drop: Drop, ines: User) -> None:
    file = drop(*GOOD)
    rules = [dict(rule) for rule in MAPPING["entities"]["time_entry"]["rules"]]
    rules[1] = {"target": "project_id", "constant": "FROM-DRAFT"}
    draft = mappings.create_draft(connection="files", entity="time_entry", rules=rules, by="system:test")
    client = screens.browser(ines)
    assert "FROM-DRAFT" not in screens.page(client, f"/files/{file.pk}/")
    assert "FROM-DRAFT" in screens.page(client, f"/files/{file.pk}/?mapping={draft.version}")


def test_a_wrong_upload_is_told_at_its_field(folder_connection: Connection, ines: User) -> None:
    client, feed = screens.browser(ines), Feed.objects.get()
    wrong: dict[str, dict[str, Any]] = {
        "is not “column: sum”": {"sums": "Hours 3"},
        "Name the column by which": {"companion": upload("other.csv")},
        "is not a number": {"sums": "Hours: many"},
    }
    for said, more in wrong.items():
        answer = client.post("/files/new/", {"feed": feed.pk, "file": upload(), **more})
        assert answer.status_code == 422, said
        assert said in screens.text(answer)
    assert FileDrop.objects.count() == 0


def test_an_unreadable_file_says_what_to_change(drop: Drop, ines: User) -> None:
    file = drop("1,2", head="A,B")
    body = screens.page(screens.browser(ines), f"/files/{file.pk}/")
    assert "It cannot be read." in body
    assert "has no column" in body


def test_only_whom_it_is_given_drops_files(drop: Drop, aude: User, scoped: User) -> None:
    file = drop(*GOOD)
    client = screens.browser(aude)
    assert client.get("/files/new/").status_code == 403
    assert "Only people who may load files" in screens.page(client, f"/files/{file.pk}/")
    assert client.post(f"/files/{file.pk}/apply/", {"seen": "previewed"}).status_code == 403
    screens.page(screens.browser(scoped), f"/files/{file.pk}/", status=404)


# The meaning of a value ---------------------------------------------------------------------------------------------


@pytest.fixture
def unmapped(world: World, vendor: FakeVendor) -> Case:
    world.ingest(task("1", name="Dig"), task("2", name="Dig", code=None), task("3", name="Build"))
    return Case.objects.get(code="VALUE_UNMAPPED")


def test_the_case_offers_to_map_the_value_and_says_what_it_frees(unmapped: Case, ines: User) -> None:
    body = screens.page(screens.browser(ines), f"/exceptions/{unmapped.pk}/")
    assert "Map this value" in body
    assert "“Dig”" in body
    assert "2 records carry it and are taken again at once; 1 of them has further problems" in body
    assert "In use so far: Build, Plan, Test." in body


def test_mapping_the_value_frees_its_records_and_closes_the_case(unmapped: Case, world: World, ines: User) -> None:
    client, url = screens.browser(ines), f"/exceptions/{unmapped.pk}/map-value/"
    assert client.post(url, {"version": unmapped.version, "ours": ""}).status_code == 422
    assert client.post(url, {"ours": "Build"}).status_code == 422
    assert client.post(url, {"version": 99, "ours": "Build"}).status_code == 409
    answer = client.post(url, {"version": unmapped.version, "ours": "Build"}, follow=True)
    assert "Mapped. 2 records are taken again." in screens.text(answer)
    drain_once()
    assert world.status("1") == [("1", "applied")]
    assert world.status("2") == [("1", "refused")]
    unmapped.refresh_from_db()
    assert (unmapped.status, unmapped.outcome) == ("resolved", "auto")
    assert ValueRow.objects.get(theirs="Dig").ours == "Build"
    assert Event.objects.filter(action="mapping.value_map.changed", actor="ines").exists()
    again = client.post(url, {"version": unmapped.version, "ours": "Test"})
    assert again.status_code == 403


def test_mapping_values_needs_its_right(unmapped: Case, aude: User, scoped: User) -> None:
    client = screens.browser(aude)
    assert "Only integration administrators can map values." in screens.page(client, f"/exceptions/{unmapped.pk}/")
    url = f"/exceptions/{unmapped.pk}/map-value/"
    assert client.post(url, {"version": unmapped.version, "ours": "Build"}).status_code == 403
    screens.page(screens.browser(scoped), url, status=404)


def test_a_field_that_knows_its_values_offers_them(drop: Drop, ines: User) -> None:
    applied(drop("1,ann,P1,01-Mar-26,1.25,BY FAX,work,fine"))
    case = Case.objects.get(code="VALUE_UNMAPPED")
    body = screens.page(screens.browser(ines), f"/exceptions/{case.pk}/")
    assert '<option value="approved">approved</option>' in body
    wrong = screens.browser(ines).post(f"/exceptions/{case.pk}/map-value/", {"version": case.version, "ours": "nope"})
    assert wrong.status_code == 422


def test_other_cases_have_no_value_to_map(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1", code=None))
    case = Case.objects.get()
    screens.page(screens.browser(ines), f"/exceptions/{case.pk}/map-value/", status=404)


# Home, rights -------------------------------------------------------------------------------------------------------


def test_home_shows_late_feeds_and_refused_records(world: World, vendor: FakeVendor, ines: User) -> None:
    world.ingest(task("1", code=None))
    Feed.objects.update(installed_at=now() - timedelta(days=1))
    assert panels.late_feeds(ines).count == 1
    assert [row.title for row in panels.refused(ines).rows] == ["1 × task"]
    body = screens.page(screens.browser(ines), "/")
    assert "Late feeds" in body
    assert "Refused records" in body


def test_intake_needs_its_rights(world: World, vendor: FakeVendor) -> None:
    world.ingest(task("1"))
    feeds.run_now(feed_id=world.feed.pk, by="system:test")
    for url in (
        "/runs/",
        "/sources/",
        "/webhooks/",
        "/files/",
        f"/feeds/{world.feed.pk}/",
        f"/runs/{Run.objects.get().pk}/",
        f"/sources/{SourceVersion.objects.get().pk}/",
    ):
        screens.assert_needs_right(url)
