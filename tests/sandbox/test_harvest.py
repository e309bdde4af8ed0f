"""Harvest's vices and limits: headers it insists on, pages without numbers, locks, a window of calls."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integration_hub.sandbox import Landscape, accounts

from .conftest import client
from .test_malformed import bent, never_breaks

pytestmark = pytest.mark.landscape

RULES = {"bill_by": "none", "budget_by": "none", "is_billable": True}


@pytest.fixture
def harvest(land: Landscape) -> Iterator[httpx.Client]:
    land.post("/tokens", {"vendor": "harvest", "action": "restore"})
    more = {"Harvest-Account-Id": accounts.HARVEST_ACCOUNT_ID, "User-Agent": "Tests (tests@firm.example)"}
    with client(f"{land.harvest}/v2", f"Bearer {accounts.HARVEST_TOKEN}", **more) as http:
        yield http


@pytest.fixture
def work(harvest: httpx.Client) -> dict[str, int]:
    """What an entry needs: a project with a task."""
    task = made(harvest, "tasks", name="Design", is_default=True)["id"]
    owner = made(harvest, "clients", name="Tidewater")["id"]
    project = made(harvest, "projects", client_id=owner, name="Yard", **RULES)["id"]
    return {"project_id": project, "task_id": task}


def made(http: httpx.Client, collection: str, **values: Any) -> dict[str, Any]:
    answer = http.post(f"/{collection}", json=values)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_call_that_does_not_say_who_it_is_is_refused(harvest: httpx.Client) -> None:
    assert harvest.get("/users/me").json()["id"] == accounts.HARVEST_USER_ID
    assert harvest.get("/users/me", headers={"User-Agent": ""}).status_code == 400
    assert harvest.get("/users/me", headers={"Harvest-Account-Id": "1"}).status_code == 401


def test_more_than_a_hundred_calls_in_fifteen_seconds_wait(harvest: httpx.Client) -> None:
    answers = [harvest.get("/company") for _ in range(101)]
    assert {answer.status_code for answer in answers[:100]} == {200}
    assert answers[100].status_code == 429
    assert 1 <= int(answers[100].headers["retry-after"]) <= 15


def test_time_entries_are_paged_by_links_alone(harvest: httpx.Client, work: dict[str, int]) -> None:
    for day in range(1, 6):
        made(harvest, "time_entries", **work, spent_date=f"2026-03-0{day}", hours=1.1)
    page = harvest.get("/time_entries", params={"per_page": 2}).json()
    days = []
    while True:
        days += [row["spent_date"] for row in page["time_entries"]]
        assert (page["page"], page["next_page"], page["total_entries"], page["total_pages"]) == (None, None, 5, 3)
        if not page["links"]["next"]:
            break
        page = harvest.get(page["links"]["next"]).json()
    assert days == [f"2026-03-0{day}" for day in (5, 4, 3, 2, 1)], "newest day first, in no order of change"
    assert harvest.get("/time_entries", params={"per_page": 2001}).status_code == 422


def test_hours_are_rounded_up_and_tasks_must_be_assigned(harvest: httpx.Client, work: dict[str, int]) -> None:
    entry = made(harvest, "time_entries", **work, spent_date="2026-03-02", hours=2.11)
    assert (entry["hours"], entry["rounded_hours"], entry["approval_status"]) == (2.11, 2.25, "unsubmitted")
    other = made(harvest, "tasks", name="Travel")["id"]
    refused = harvest.post("/time_entries", json=work | {"task_id": other, "spent_date": "2026-03-02"})
    assert (refused.status_code, refused.json()["message"]) == (422, "Task is not assigned to the project")


@pytest.mark.parametrize("touches", [False, True])
def test_approved_time_is_locked_and_its_stamp_may_stand_still(
    land: Landscape, harvest: httpx.Client, work: dict[str, int], touches: bool
) -> None:
    land.settings(harvest={"approval_touches_entries": touches})
    reference = {"id": "SH-1", "group_id": "G", "account_id": "A", "permalink": "https://hub.example/1"}
    entry = made(harvest, "time_entries", **work, spent_date="2026-03-02", hours=1, external_reference=reference)
    row = {"user_id": accounts.HARVEST_USER_ID, "from": "2026-03-01", "to": "2026-03-31", "status": "approved"}
    assert land.load("harvest", "approvals", [row]) == [str(entry["id"])]
    (found,) = harvest.get("/time_entries", params={"external_reference_id": "SH-1"}).json()["time_entries"]
    assert (found["approval_status"], found["is_closed"]) == ("approved", True)
    stamps = land.ledger("harvest")["counts"]["time_entries"], found["updated_at"] >= entry["updated_at"]
    assert stamps == (1, True)
    for answer in (
        harvest.patch(f"/time_entries/{entry['id']}", json={"hours": 9}),
        harvest.delete(f"/time_entries/{entry['id']}"),
    ):
        assert (answer.status_code, answer.json()["message"][:13]) == (422, "Item Approved")


def test_deleted_records_are_in_no_list(harvest: httpx.Client, work: dict[str, int]) -> None:
    entry = made(harvest, "time_entries", **work, spent_date="2026-03-02", hours=1)
    assert harvest.delete(f"/time_entries/{entry['id']}").status_code == 200
    assert harvest.get(f"/time_entries/{entry['id']}").status_code == 404
    listed = harvest.get("/time_entries", params={"updated_since": "2020-01-01T00:00:00Z"}).json()
    assert listed["total_entries"] == 0


def test_malformed_requests_never_break_it(land: Landscape, harvest: httpx.Client, work: dict[str, int]) -> None:
    land.settings(harvest={"calls_per_window": 1000})
    dice = random.Random(7)
    good = {**work, "spent_date": "2026-03-02", "hours": 1.5, "notes": "x", "external_reference": {"id": "1"}}
    for _ in range(80):
        never_breaks(harvest, "POST", "/time_entries", bent(dice, good))
        body = bent(dice, {"name": "A", "client_id": 1, "code": "C", **RULES})
        never_breaks(harvest, "POST", "/projects", body)
