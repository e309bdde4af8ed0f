"""Harvest over HTTP: lists in no order, approvals that leave no stamp, untold deletions, 100 calls in 15 seconds."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import BillableEvent
from contracts.models import Amendment
from integration_hub import canonical as language
from integration_hub.connectors.harvest.manifest import INVOICE_STATUS, PROJECT_ARCHIVE, PROJECT_CREATE
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Write
from integration_hub.effects.models import Effect
from integration_hub.intake.models import Feed
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape
from integration_hub.work.inprocess import drain_once
from tests import deals, vendors
from tests.connectors import contract_to_cash
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.tracker import Tracker

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("harvest")


@pytest.fixture
def tracker(landscape: Landscape) -> Iterator[Tracker]:
    made = Tracker(landscape)
    yield made
    made.close()


@pytest.fixture
def account(tracker: Tracker) -> dict[str, int]:
    """A person, a client, a project with a task."""
    task = tracker.make("tasks", name="Design", is_default=True)["id"]
    person = tracker.make("users", first_name="Ida", last_name="Lund", email="ida@firm.example", roles=["Architect"])
    client = tracker.make("clients", name="Tidewater", currency="EUR")["id"]
    rules = {"bill_by": "none", "budget_by": "none", "is_billable": True}
    project = tracker.make("projects", client_id=client, name="Yard systems", code="C-9", **rules)["id"]
    return {"task": task, "person": person["id"], "client": client, "project": project}


def entry(account: dict[str, int], day: str = "2026-03-02", hours: float = 2.11, **more: Any) -> dict[str, Any]:
    ids = {"project_id": account["project"], "task_id": account["task"], "user_id": account["person"]}
    return {**ids, "spent_date": day, "hours": hours, **more}


# -- reading ----------------------------------------------------------------------------------------------------------


def test_reads_the_account_through_the_default_mapping(
    harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    assert "Integration User" in CONNECTOR.check(harvest)
    key = str(tracker.make("time_entries", **entry(account, notes="Review"))["id"])
    person = canonical(harvest, "resource", pages(harvest, "resource"))[str(account["person"])].record
    project = canonical(harvest, "project", pages(harvest, "project"))[str(account["project"])].record
    (task,) = [item.record for item in canonical(harvest, "task", pages(harvest, "task")).values()]
    time = canonical(harvest, "time_entry", pages(harvest, "time_entry"))[key].record
    assert isinstance(person, language.Resource)
    assert (person.name, person.role, person.active) == ("Ida Lund", "Architect", True)
    assert isinstance(project, language.Project)
    assert (project.contract_number, project.currency, project.status) == ("C-9", "EUR", "open")
    assert isinstance(task, language.Task)
    assert isinstance(time, language.TimeEntry)
    assert (time.minutes, time.approval) == (Decimal(135), "draft"), "rounded as invoiced"
    assert time.task_id == task.code


def test_exact_hours_are_a_setting(harvest: Connection, tracker: Tracker, account: dict[str, int]) -> None:
    harvest.settings["hours"] = "exact"
    key = str(tracker.make("time_entries", **entry(account))["id"])
    time = canonical(harvest, "time_entry", pages(harvest, "time_entry"))[key].record
    assert isinstance(time, language.TimeEntry)
    assert time.minutes == Decimal("126.6")


@pytest.mark.parametrize("by_cursor", [True, False])
def test_every_entry_is_read_once_over_many_pages(
    landscape: Landscape, harvest: Connection, tracker: Tracker, account: dict[str, int], by_cursor: bool
) -> None:
    landscape.settings(harvest={"cursor_paging": by_cursor})
    harvest.settings["page_size"] = "3"
    ids = [tracker.make("time_entries", **entry(account, f"2026-03-{n % 5 + 1:02d}"))["id"] for n in range(11)]
    read = pages(harvest, "time_entry")
    found = [int(record.source_id) for page in read for record in page.records]
    assert sorted(found) == sorted(ids)
    assert [page.done for page in read] == [False, False, False, True]
    assert not any("high" in page.cursor for page in read[:-1]), "a list in no order moves no mark before its end"
    assert read[-1].complete


def test_an_approval_without_a_stamp_is_seen_when_recent_entries_are_read_again(
    harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    harvest.settings |= {"overlap_seconds": "0.001", "approval_days": "100000"}
    key = str(tracker.make("time_entries", **entry(account))["id"])
    first = pages(harvest, "time_entry")
    tracker.approve(account["person"])
    later = {**first[-1].cursor, "high": "2099-01-01T00:00:00.000Z"}
    assert key not in records(pages(harvest, "time_entry", later)), "it is not due yet"
    again = pages(harvest, "time_entry", {**later, "looked_at": "2020-01-01T00:00:00.000Z"})
    approved = canonical(harvest, "time_entry", again)[key].record
    assert isinstance(approved, language.TimeEntry)
    assert approved.approval == "approved"
    assert again[-1].cursor["looked_at"] > "2026"
    assert again[-1].cursor["high"] == later["high"]


def test_looking_for_approvals_goes_on_where_it_was_left_off(
    harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    ids = {str(tracker.make("time_entries", **entry(account))["id"]) for _ in range(5)}
    cursor = pages(harvest, "time_entry")[-1].cursor | {"looked_at": "2020-01-01T00:00:00.000Z"}
    tracker.approve(account["person"])
    harvest.settings |= {"overlap_seconds": "0.001", "approval_days": "100000", "page_size": "2"}
    reading = CONNECTOR.read(harvest, "time_entry", {**cursor, "high": "2099-01-01T00:00:00.000Z"})
    begun = [next(reading), next(reading)]
    rest = pages(harvest, "time_entry", begun[-1].cursor)
    assert set(records([*begun, *rest])) == ids
    assert len(rest) == 2
    assert rest[-1].cursor.keys() == cursor.keys()


def test_everything_is_read_again_after_a_week_so_that_deletions_show(
    harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    gone, kept = (tracker.make("time_entries", **entry(account))["id"] for _ in range(2))
    contract_to_cash.read(harvest)
    assert tracker.http.delete(f"/time_entries/{gone}").status_code == 200
    contract_to_cash.read(harvest)
    feed = Feed.objects.get(connection=harvest, entity="time_entry")
    assert BillableEvent.objects.filter(is_current=True, is_deleted=True).count() == 0
    Feed.objects.filter(pk=feed.pk).update(
        absence_limit_percent=60, cursor={**feed.cursor, "whole_at": "2020-01-01T00:00:00.000Z"}
    )
    contract_to_cash.read(harvest)
    assert Feed.objects.get(pk=feed.pk).cursor["whole"], "it is due"
    contract_to_cash.read(harvest)
    states = dict(BillableEvent.objects.filter(is_current=True).values_list("work_key", "is_deleted"))
    assert states == {f"harvest-test:time_entry:{gone}": True, f"harvest-test:time_entry:{kept}": False}


def test_a_running_timer_is_left_out(
    landscape: Landscape, harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    key = str(tracker.make("time_entries", **entry(account))["id"])
    landscape.fault("harvest", "new_enum", params={"field": "is_running", "value": True})
    running = canonical(harvest, "time_entry", pages(harvest, "time_entry"))[key]
    assert running.filtered


def test_an_expense_and_its_approval(harvest: Connection, tracker: Tracker, account: dict[str, int]) -> None:
    category = tracker.make("expense_categories", name="Travel")["id"]
    ids = {"project_id": account["project"], "user_id": account["person"], "expense_category_id": category}
    key = str(tracker.make("expenses", **ids, spent_date="2026-03-03", total_cost=123.45)["id"])
    before = canonical(harvest, "expense", pages(harvest, "expense"))[key].record
    tracker.approve(account["person"], of="expenses")
    after = canonical(harvest, "expense", pages(harvest, "expense"))[key].record
    assert isinstance(before, language.Expense)
    assert isinstance(after, language.Expense)
    assert (before.approval, after.approval) == ("submitted", "approved")
    assert (after.amount, after.currency, after.category, after.has_receipt) == (
        Decimal("123.45"), "EUR", "Travel", False,
    )  # fmt: skip


def test_a_next_page_on_another_host_is_not_followed(
    landscape: Landscape, harvest: Connection, account: dict[str, int]
) -> None:
    landscape.fault(
        "harvest", "new_enum", params={"field": "next", "value": "https://elsewhere.example/v2/users?page=2"}
    )
    with pytest.raises(Failed, match="elsewhere.example") as caught:
        pages(harvest, "resource")
    assert caught.value.kind == FailureClass.REJECTED


# -- writing ----------------------------------------------------------------------------------------------------------


def _project(reference: str = "C-1") -> Write:
    payload = {"reference": reference, "title": f"{reference} Advisory", "currency": "USD", "customer": "Tidewater",
               "starts_on": "2026-01-01", "ends_on": "2026-12-31", "milestones": []}  # fmt: skip
    return Write(PROJECT_CREATE, "key", reference, payload)


def test_a_project_is_made_once_archived_and_used_again(
    harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    assert CONNECTOR.find(harvest, _project()) is None
    made = CONNECTOR.send(harvest, _project()).remote_id
    assert CONNECTOR.send(harvest, _project()).remote_id == made
    found = CONNECTOR.find(harvest, _project())
    assert found is not None
    assert found.facts["currency"] == "USD"
    names = {row["name"]: row["currency"] for row in tracker.http.get("/clients").json()["clients"]}
    assert names == {"Tidewater": "EUR", "Tidewater (USD)": "USD"}, "the currency is the client's"
    undo = Write(PROJECT_ARCHIVE, "key", "C-1", {"reference": "C-1"})
    assert CONNECTOR.find(harvest, undo) is None
    CONNECTOR.send(harvest, undo)
    assert CONNECTOR.find(harvest, undo) is not None
    assert CONNECTOR.find(harvest, _project()) is None
    assert CONNECTOR.send(harvest, _project()).remote_id == made


def test_a_lost_answer_is_found_and_made_no_second_time(
    landscape: Landscape, harvest: Connection, tracker: Tracker
) -> None:
    harvest.settings["timeout_seconds"] = "1"
    landscape.fault("harvest", "commit_then_timeout", method="POST", path_regex="/projects", count=1)
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(harvest, _project())
    assert caught.value.kind == FailureClass.UNKNOWN_OUTCOME
    assert CONNECTOR.find(harvest, _project()) is not None
    CONNECTOR.send(harvest, _project())
    assert tracker.http.get("/projects").json()["total_entries"] == 1


def test_archiving_what_is_not_there_says_so(harvest: Connection) -> None:
    with pytest.raises(Failed, match="no project to archive") as caught:
        CONNECTOR.send(harvest, Write(PROJECT_ARCHIVE, "key", "C-1", {"remote_id": "12345"}))
    assert caught.value.kind == FailureClass.DATA


def test_invoices_are_lines_of_the_notes_beside_what_people_wrote(
    harvest: Connection, tracker: Tracker, account: dict[str, int]
) -> None:
    project = str(account["project"])
    tracker.change("projects", project, notes="Ask Ida before invoicing.")
    for number, status in (("INV-1", "open"), ("INV-2", "open"), ("INV-1", "paid")):
        payload = {"reference": number, "project_remote_id": project, "status": status, "amount": "99.00",
                   "currency": "EUR"}  # fmt: skip
        write = Write(INVOICE_STATUS, "key", number, payload)
        assert CONNECTOR.find(harvest, write) is None
        CONNECTOR.send(harvest, write)
        assert CONNECTOR.find(harvest, write) is not None
    notes = tracker.http.get(f"/projects/{project}").json()["notes"]
    assert notes.splitlines() == [
        "Ask Ida before invoicing.", "Invoice INV-2: 99.00 EUR open", "Invoice INV-1: 99.00 EUR paid",
    ]  # fmt: skip


# -- failures ---------------------------------------------------------------------------------------------------------


def test_more_calls_than_allowed_are_a_rate_with_its_wait(landscape: Landscape, harvest: Connection) -> None:
    landscape.settings(harvest={"calls_per_window": 1})
    CONNECTOR.check(harvest)
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(harvest)
    assert caught.value.kind == FailureClass.RATE
    assert caught.value.retry_after is not None
    assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=15)


def test_a_wrong_account_needs_a_person(harvest: Connection) -> None:
    harvest.settings["account_id"] = "1"
    with pytest.raises(Failed, match="invalid_token") as caught:
        pages(harvest, "resource")
    assert caught.value.kind == FailureClass.AUTH


# -- in the PSA's place ---------------------------------------------------------------------------------------------


def test_contract_to_cash_with_harvest_as_the_psa(harvest: Connection, tracker: Tracker) -> None:
    task = tracker.make("tasks", name="Advisory", is_default=True)["id"]
    person = tracker.make("users", first_name="Ida", last_name="Lund", email="ida@firm.example")["id"]

    def work(project: str) -> None:
        ids = {"project_id": project, "task_id": task, "user_id": person}
        tracker.make("time_entries", **ids, spent_date="2026-03-02", hours=7.9)
        tracker.make("time_entries", **ids, spent_date="2026-03-03", hours=0.25, billable=False)
        tracker.approve(person)

    with vendors.living() as landscape:
        invoice = contract_to_cash.invoiced(landscape, harvest, work)
    assert invoice.net == Decimal(1200), "8 rounded hours at 150; the quarter of an hour is not billable"
    told = Effect.objects.get(effect_type=INVOICE_STATUS)
    assert told.state == Effect.State.CONFIRMED
    (project,) = tracker.http.get("/projects").json()["projects"]
    assert project["code"] == "C-1"
    assert invoice.number in project["notes"]


def test_an_amendment_arrives_although_harvest_keeps_no_rate_cards(harvest: Connection, tracker: Tracker) -> None:
    with vendors.living() as landscape:
        contract_to_cash.play_psa(landscape, harvest)
        deals.activated(landscape)
        landscape.arrive("crm", deals.amendment(new_rate=165))
        drain_once()
    assert Amendment.objects.get().propagated_at is not None
    step = deals.process("C-1/1", definition="contract.amendment").steps.get(name="psa")
    assert (step.state, step.detail) == ("done", "Harvest test keeps no rate cards")
