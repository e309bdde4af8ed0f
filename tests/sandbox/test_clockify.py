"""Clockify's vices: no 404, projects that a PUT replaces, changes without order, a header that names the last page."""

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

SPAN = {"start": "2026-03-03T09:00:00Z", "end": "2026-03-03T10:30:00Z"}
USER = accounts.CLOCKIFY_USER_ID


@pytest.fixture
def clockify(land: Landscape) -> Iterator[httpx.Client]:
    land.post("/tokens", {"vendor": "clockify", "action": "restore"})
    root = f"{land.clockify}/api/v1/workspaces/{accounts.CLOCKIFY_WORKSPACE_ID}"
    with client(root, "", **{"X-Api-Key": accounts.CLOCKIFY_KEY}) as http:
        yield http


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_key_opens_one_workspace(land: Landscape, clockify: httpx.Client) -> None:
    assert clockify.get("/projects", headers={"X-Api-Key": "another"}).status_code == 401
    elsewhere = f"{land.clockify}/api/v1/workspaces/64a0000000000000000000f2/projects"
    assert clockify.get(elsewhere).status_code == 403


def test_what_is_not_there_is_no_404(clockify: httpx.Client) -> None:
    answer = clockify.get("/projects/5f00000000000000000000ff")
    assert (answer.status_code, answer.json()["code"]) == (400, 501)


def test_a_put_forgets_what_it_leaves_out(clockify: httpx.Client) -> None:
    project = made(clockify.post("/projects", json={"name": "Yard", "note": "Contract: C-1", "isPublic": True}))
    path = f"/projects/{project['id']}"
    assert clockify.put(path, json={"name": "Yard", "archived": True}).status_code == 400
    changed = clockify.put(path, json={"name": "Yard", "billable": True, "isPublic": True}).json()
    assert (changed["note"], changed["archived"], changed["public"]) == ("", False, True)
    assert clockify.post("/projects", json={"name": "Yard"}).status_code == 400, "a name is taken once"


def test_a_header_says_which_page_is_the_last(land: Landscape, clockify: httpx.Client) -> None:
    land.load("clockify", "clients", [{"name": f"Client {n}"} for n in range(4)])
    pages = [clockify.get("/clients", params={"page": n, "page-size": 2}) for n in (1, 2)]
    assert [page.headers["last-page"] for page in pages] == ["false", "true"]
    assert [len(page.json()) for page in pages] == [2, 2]


def test_changes_are_ids_and_stamps(clockify: httpx.Client) -> None:
    kept, gone = (made(clockify.post(f"/user/{USER}/time-entries", json=SPAN))["id"] for _ in range(2))
    clockify.put(f"/time-entries/{kept}", json={**SPAN, "description": "Review"})
    assert clockify.delete(f"/time-entries/{gone}").status_code == 204
    told = {what: clockify.get(f"/entities/{what}", params={"type": "TIME_ENTRY"}).json()
            for what in ("created", "updated", "deleted")}  # fmt: skip
    assert {what: [row["id"] for row in rows] for what, rows in told.items()} == {
        "created": [kept],
        "updated": [kept],
        "deleted": [gone],
    }
    assert set(told["updated"][0]) == {"id", "documentCode", "auditMetadata"}
    batch = clockify.post("/time-entries/batch", json={"timeEntryIds": [kept, gone]}).json()
    assert [(row["description"], row["timeInterval"]["duration"]) for row in batch] == [("Review", "PT1H30M")]


@pytest.mark.parametrize("touches", [False, True])
def test_approved_time_is_locked(land: Landscape, clockify: httpx.Client, touches: bool) -> None:
    land.settings(clockify={"approval_touches_entries": touches})
    entry = made(clockify.post(f"/user/{USER}/time-entries", json=SPAN))["id"]
    week = {"period": "WEEKLY", "periodStart": "2026-03-02T00:00:00Z"}
    request = made(clockify.post(f"/approval-requests/users/{USER}/TIMESHEET", json=week))["id"]
    assert clockify.patch(f"/approval-requests/{request}", json={"state": "APPROVED"}).status_code == 200
    (item,) = clockify.get("/approval-requests").json()
    assert (item["approvalRequest"]["status"]["state"], item["entries"]) == ("APPROVED", [{"id": entry}])
    assert clockify.put(f"/time-entries/{entry}", json=SPAN).status_code == 400
    assert clockify.delete(f"/time-entries/{entry}").status_code == 400
    updated = clockify.get("/entities/updated", params={"type": "TIME_ENTRY"}).json()
    assert [row["id"] for row in updated] == [entry] * touches
    assert clockify.patch(f"/approval-requests/{request}", json={"state": "WITHDRAWN_APPROVAL"}).status_code == 200
    assert clockify.delete(f"/time-entries/{entry}").status_code == 204


def test_more_than_fifty_calls_in_a_second_wait(land: Landscape, clockify: httpx.Client) -> None:
    land.settings(clockify={"calls_per_second": 1})
    answers = {clockify.get("/clients").status_code for _ in range(4)}
    assert answers == {200, 429}


def test_malformed_requests_never_break_it(land: Landscape, clockify: httpx.Client) -> None:
    land.settings(clockify={"calls_per_second": 1000})
    dice = random.Random(7)
    for _ in range(80):
        entry = bent(dice, {**SPAN, "description": "x", "billable": True, "projectId": "1", "type": "REGULAR"})
        never_breaks(clockify, "POST", f"/user/{USER}/time-entries", entry)
        project = bent(dice, {"name": "Yard", "clientId": "1", "note": "x", "isPublic": True})
        never_breaks(clockify, "POST", "/projects", project)
        never_breaks(
            clockify,
            "POST",
            "/time-entries/batch",
            bent(dice, {"timeEntryIds": ["1"], "hydrated": False, "userIds": []}),
        )
