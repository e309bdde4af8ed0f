"""The simulated Kantata account: lists and their traps, validations, references, approvals, events."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from integration_hub.sandbox import Landscape, accounts

from .conftest import client

pytestmark = pytest.mark.landscape


def create(http: httpx.Client, collection: str, singular: str, **values: object) -> str:
    answer = http.post(f"/{collection}.json", json={singular: values})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["results"][0]["id"])


def project(http: httpx.Client, **values: object) -> str:
    return create(http, "workspaces", "workspace", **({"title": "ERP rollout", "creator_role": "maven"} | values))


def time_entry(http: httpx.Client, workspace: str, **values: object) -> str:
    base = {"workspace_id": workspace, "date_performed": "2026-09-01", "time_in_minutes": 90}
    return create(http, "time_entries", "time_entry", **(base | values))


def one(http: httpx.Client, collection: str, key: str, **query: str) -> dict[str, Any]:
    answer = http.get(f"/{collection}/{key}.json", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()[collection][key]
    return found


def ids(http: httpx.Client, collection: str, **query: Any) -> list[str]:
    answer = http.get(f"/{collection}.json", params=query)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["results"]]


# -- access and shape ---------------------------------------------------------------------------------------------


def test_the_token_is_checked_and_its_error_has_the_documented_shape(land: Landscape) -> None:
    with client(f"{land.kantata}/api/v1", "Bearer wrong") as http:
        answer = http.get("/workspaces.json")
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["type"] == "oauth"


def test_a_list_is_the_documented_envelope(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    entry = time_entry(kantata, workspace, notes='Quotes " and ümlauts')
    answer = kantata.get("/time_entries.json", params={"include": "workspace,user,external_references"})
    body = answer.json()
    assert list(body)[:4] == ["count", "meta", "results", "time_entries"]
    assert body["meta"] == {"count": 1, "page_count": 1, "page_number": 1, "page_size": 20}
    assert body["results"] == [{"key": "time_entries", "id": entry}]
    assert body["workspaces"][workspace]["status"]["message"] == "Active"
    assert body["users"][accounts.KANTATA_USER_ID]["full_name"] == "Integration User"
    assert body["external_references"] == {}
    assert body["time_entries"][entry]["updated_at"].endswith("-07:00")
    assert answer.headers["x-request-id"]


def test_sub_stories_land_in_the_same_map_as_stories(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    parent = create(kantata, "stories", "story", workspace_id=workspace, title="Build", story_type="deliverable")
    child = create(
        kantata, "stories", "story", workspace_id=workspace, title="Code", story_type="task", parent_id=parent
    )
    body = kantata.get("/stories", params={"only": parent, "include": "sub_stories"}).json()
    assert [row["id"] for row in body["results"]] == [parent]
    assert set(body["stories"]) == {parent, child}
    assert body["stories"][parent]["sub_story_ids"] == [child]


def test_paths_work_with_and_without_suffix_and_forms_in_rails_style(kantata: httpx.Client) -> None:
    answer = kantata.post("/workspaces", data={"workspace[title]": "Form", "workspace[creator_role]": "buyer"})
    key = answer.json()["results"][0]["id"]
    assert one(kantata, "workspaces", key)["title"] == "Form"
    assert kantata.get("/users/me").json()["results"][0]["id"] == accounts.KANTATA_USER_ID
    assert kantata.get("/nonsense.json").status_code == 404


# -- paging -------------------------------------------------------------------------------------------------------


def test_pages_hold_twenty_and_two_hundred_at_most(land: Landscape, kantata: httpx.Client) -> None:
    rows = [{"title": f"P{n:03d}", "creator_role": "maven"} for n in range(205)]
    land.load("kantata", "workspaces", rows)
    assert len(ids(kantata, "workspaces")) == 20
    body = kantata.get("/workspaces", params={"per_page": 5000, "order": "created_at:asc"}).json()
    assert body["meta"] == {"count": 205, "page_count": 2, "page_number": 1, "page_size": 200}
    rest = ids(kantata, "workspaces", per_page=200, page=2, order="created_at:asc")
    assert len({row["id"] for row in body["results"]} | set(rest)) == 205
    window = ids(kantata, "workspaces", limit=3, offset=2, page=7, order="title:asc")
    assert [one(kantata, "workspaces", key)["title"] for key in window] == ["P002", "P003", "P004"]
    assert kantata.get("/workspaces", params={"order": "mood:asc"}).status_code == 400


def test_updated_after_is_an_instant_and_order_is_ascending(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    keys = [time_entry(kantata, workspace, date_performed=f"2026-09-0{n}") for n in (3, 1, 2)]
    assert ids(kantata, "time_entries") == [keys[0], keys[2], keys[1]]
    assert ids(kantata, "time_entries", order="updated_at:asc") == keys
    kantata.put(f"/time_entries/{keys[0]}.json", json={"time_entry": {"notes": "later"}})
    assert ids(kantata, "time_entries", order="updated_at:asc") == [*keys[1:], keys[0]]
    past, future = "2020-01-01T00:00:00-07:00", "2100-01-01T00:00:00Z"
    assert len(ids(kantata, "time_entries", updated_after=past)) == 3
    assert ids(kantata, "time_entries", updated_after=future) == []
    assert ids(kantata, "time_entries", created_before=past) == []
    assert kantata.get("/time_entries", params={"updated_after": "yesterday"}).status_code == 400


# -- filter traps -------------------------------------------------------------------------------------------------


def test_the_approved_filter_ignores_its_value(kantata: httpx.Client) -> None:
    open_entry = time_entry(kantata, project(kantata))
    free = time_entry(kantata, project(kantata, require_time_approvals=False))
    assert ids(kantata, "time_entries", approved="false") == [free]
    assert set(ids(kantata, "time_entries", uninvoiced="false")) == {open_entry, free}
    assert ids(kantata, "time_entries", invoiced="false") == []


def test_archived_projects_and_their_time_are_hidden_by_default(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    entry = time_entry(kantata, workspace)
    kantata.put(f"/workspaces/{workspace}", json={"workspace": {"archived": True}})
    assert kantata.get(f"/workspaces/{workspace}.json").status_code == 404
    assert ids(kantata, "workspaces", only=workspace) == []
    assert ids(kantata, "workspaces", only=workspace, include_archived="true") == [workspace]
    assert kantata.get(f"/time_entries/{entry}.json").status_code == 404
    assert ids(kantata, "time_entries") == []
    assert ids(kantata, "time_entries", from_archived_workspaces="true") == [entry]


def test_lists_filter_by_what_belongs_together(kantata: httpx.Client) -> None:
    first, second = project(kantata), project(kantata, title="Other")
    a, b = time_entry(kantata, first), time_entry(kantata, second, billable=False, date_performed="2026-09-20")
    assert ids(kantata, "time_entries", workspace_id=first) == [a]
    assert set(ids(kantata, "time_entries", workspace_ids=f"{first},{second}")) == {a, b}
    assert ids(kantata, "time_entries", billable="false") == [b]
    assert ids(kantata, "time_entries", date_performed_between="2026-09-15:2026-09-30") == [b]
    assert ids(kantata, "workspaces", search="oth") == [second]


# -- validations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("collection", "singular", "values", "field"),
    [
        ("workspaces", "workspace", {"creator_role": "maven"}, "title"),
        ("workspaces", "workspace", {"title": "A"}, "creator_role"),
        ("workspaces", "workspace", {"title": "A", "creator_role": "owner"}, "creator_role"),
        ("time_entries", "time_entry", {"date_performed": "2026-09-01", "time_in_minutes": 1}, "workspace_id"),
        ("time_entries", "time_entry", {"workspace_id": 999999, "time_in_minutes": 1}, "workspace_id"),
        ("time_entries", "time_entry", {"date_performed": "tomorrow"}, "date_performed"),
        ("time_entries", "time_entry", {"time_in_minutes": 1.5}, "time_in_minutes"),
        ("stories", "story", {"title": "A", "story_type": "epic"}, "story_type"),
    ],
)
def test_invalid_records_are_422_with_message_and_field(
    kantata: httpx.Client, collection: str, singular: str, values: dict[str, object], field: str
) -> None:
    answer = kantata.post(f"/{collection}.json", json={singular: values})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["type"], error["field"]) == ("validation", field)


def test_the_title_message_is_the_documented_one(kantata: httpx.Client) -> None:
    answer = kantata.post("/workspaces", json={"workspace": {"creator_role": "maven"}})
    assert answer.json() == {
        "errors": [{"type": "validation", "message": "Please give your project a title", "field": "title"}]
    }


def test_negative_time_is_a_setting(land: Landscape, kantata: httpx.Client) -> None:
    workspace = project(kantata)
    assert one(kantata, "time_entries", time_entry(kantata, workspace, time_in_minutes=-30))["time_in_minutes"] == -30
    land.settings(kantata={"allow_negative_time": False})
    entry = {"workspace_id": workspace, "date_performed": "2026-09-01", "time_in_minutes": -30}
    assert kantata.post("/time_entries", json={"time_entry": entry}).status_code == 422


def test_unknown_and_read_only_fields_are_ignored_without_a_word(kantata: httpx.Client) -> None:
    entry = time_entry(kantata, project(kantata), approved=True, is_invoiced=True, mood="good")
    body = one(kantata, "time_entries", entry)
    assert (body["approved"], body["is_invoiced"], "mood" in body) == (False, False, False)


def test_plural_keys_create_many_or_none(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    good = {"workspace_id": workspace, "date_performed": "2026-09-01", "time_in_minutes": 60}
    answer = kantata.post("/time_entries", json={"time_entries": [good, good]}).json()
    assert answer["count"] == 2
    assert kantata.post("/time_entries", json={"time_entries": [good, {}]}).status_code == 422
    assert len(ids(kantata, "time_entries")) == 2


def test_deletes_are_hard_except_for_tasks(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    entry = time_entry(kantata, workspace)
    assert kantata.delete(f"/time_entries/{entry}.json").status_code == 204
    assert kantata.delete(f"/time_entries/{entry}.json").status_code == 404
    story = create(kantata, "stories", "story", workspace_id=workspace, title="A", story_type="task")
    kantata.delete(f"/stories/{story}")
    assert ids(kantata, "stories") == []
    assert one(kantata, "stories", story, include_archived="true")["deleted_at"]


# -- external references ------------------------------------------------------------------------------------------


def reference(key: str, **extra: object) -> dict[str, object]:
    return {"service_name": "hub", "service_model": "Contract", "service_model_ref": key} | extra


def test_a_create_with_an_inline_reference_can_be_found_again(kantata: httpx.Client) -> None:
    workspace = project(kantata, external_reference=reference("K-1"))
    project(kantata, external_reference=reference("K-2"))
    query = {"external_reference_service_name": "hub", "external_reference_service_model_refs": "K-1,K-9"}
    assert ids(kantata, "workspaces", **query) == [workspace]
    body = kantata.get("/workspaces", params={"only": workspace, "include": "external_references"}).json()
    (held,) = body["external_references"].values()
    assert (held["subject_type"], held["subject_id"], held["service_model_ref"]) == ("Workspace", workspace, "K-1")
    bare = project(kantata)
    assert ids(kantata, "workspaces", without_external_reference_service_name="hub") == [bare]
    assert ids(kantata, "workspaces", has_external_references="false") == [bare]


def test_create_or_update_keeps_one_reference_per_service_and_subject(kantata: httpx.Client) -> None:
    entry = time_entry(kantata, project(kantata))
    for status in ("pending", "successful"):
        sent = reference("TS-1", subject_type="TimeEntry", subject_id=int(entry), status=status)
        answer = kantata.post("/external_references/create_or_update", json={"external_reference": sent})
        assert answer.status_code == 200, answer.text
    listed = kantata.get("/external_references", params={"subject_type": "TimeEntry"}).json()
    (held,) = listed["external_references"].values()
    assert held["status"] == "successful"
    assert kantata.get("/external_references").status_code == 400
    answer = kantata.get("/time_entries", params={"external_reference_service_model_ref": "TS-1"})
    assert answer.status_code == 400, "the single reference is typed integer on time entries"


# -- approvals ----------------------------------------------------------------------------------------------------


def submit(http: httpx.Client, workspace: str, *entries: str) -> str:
    values = {"title": "Week 36", "workspace_id": workspace, "line_item_ids": [int(key) for key in entries]}
    return create(http, "timesheet_submissions", "timesheet_submission", **values)


def test_approval_flips_the_entries_without_moving_their_stamp(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    entry = time_entry(kantata, workspace)
    submission = submit(kantata, workspace, entry)
    before = one(kantata, "time_entries", entry)
    assert before["active_submission_id"] == submission
    order = ids(kantata, "time_entries", order="updated_at:asc")
    kantata.put(f"/timesheet_submissions/{submission}/approve.json", json={"resolution": {"description": "ok"}})
    after = one(kantata, "time_entries", entry)
    assert (after["approved"], after["updated_at"]) == (True, before["updated_at"])
    assert ids(kantata, "time_entries", order="updated_at:asc") == order
    changed = one(kantata, "timesheet_submissions", submission)
    assert (changed["status"], changed["time_entry_ids"]) == ("approved", [entry])
    assert (changed["start_date"], changed["end_date"]) == ("2026-09-01", "2026-09-01")


def test_that_vice_can_be_switched_off(land: Landscape, kantata: httpx.Client) -> None:
    land.settings(kantata={"approval_touches_entries": True})
    workspace = project(kantata)
    first, second = time_entry(kantata, workspace), time_entry(kantata, workspace)
    submission = submit(kantata, workspace, first)
    kantata.put(f"/timesheet_submissions/{submission}/approve", json={})
    assert ids(kantata, "time_entries", order="updated_at:asc") == [second, first]


def test_rejected_and_cancelled_time_can_be_submitted_again(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    entry = time_entry(kantata, workspace)
    first = submit(kantata, workspace, entry)
    sent = {"title": "Again", "workspace_id": workspace, "line_item_ids": [entry]}
    assert kantata.post("/timesheet_submissions", json={"timesheet_submission": sent}).status_code == 422
    answer = kantata.post("/timesheet_rejections", json={"resolution": {"submission_ids": [int(first)]}})
    assert answer.json()["resolutions"][0]["type"] == "rejection"
    second = submit(kantata, workspace, entry)
    kantata.post("/timesheet_approvals", json={"resolution": {"submission_ids": [int(second)]}})
    assert one(kantata, "time_entries", entry)["approved"] is True
    kantata.put(f"/timesheet_submissions/{second}/cancel", json={})
    body = one(kantata, "time_entries", entry)
    assert (body["approved"], body["active_submission_id"], body["recent_submission_id"]) == (False, None, second)
    assert kantata.put(f"/timesheet_submissions/{second}/approve", json={}).status_code == 422
    assert ids(kantata, "timesheet_submissions", statuses="rejected,cancelled", order="date:asc") == [first, second]


def test_a_submission_belongs_to_one_project(kantata: httpx.Client) -> None:
    first, second = project(kantata), project(kantata)
    lines = [time_entry(kantata, first), time_entry(kantata, second)]
    sent = {"title": "Both", "workspace_id": first, "line_item_ids": lines}
    assert kantata.post("/timesheet_submissions", json={"timesheet_submission": sent}).status_code == 422


def test_expenses_are_approved_and_invoiced(kantata: httpx.Client) -> None:
    workspace = project(kantata)
    values = {"workspace_id": workspace, "date": "2026-09-03", "category": "Travel", "amount_in_cents": 12_300}
    expense = create(kantata, "expenses", "expense", **values)
    report = {"title": "Trip", "workspace_id": workspace, "line_item_ids": [expense]}
    submission = create(kantata, "expense_report_submissions", "expense_report_submission", **report)
    kantata.put(f"/expense_report_submissions/{submission}/approve", json={})
    assert one(kantata, "expenses", expense)["approved"] is True
    entry = time_entry(kantata, workspace, rate_in_cents=18_000)
    milestone = create(
        kantata, "billing_milestones", "billing_milestone", title="Go-live", workspace_id=workspace, amount_in_cents=50
    )
    contents = {"time_entry_ids": [entry], "expense_ids": [expense], "billing_milestone_ids": [milestone]}
    invoice = create(kantata, "invoices", "invoice", workspace_ids=[workspace], **contents)
    assert one(kantata, "invoices", invoice)["balance_in_cents"] == 27_000 + 12_300 + 50
    assert one(kantata, "time_entries", entry)["is_invoiced"] is True
    kantata.put(f"/invoices/{invoice}/cancel", json={})
    assert one(kantata, "expenses", expense)["is_invoiced"] is False
    assert one(kantata, "billing_milestones", milestone)["invoice_ids"] == []


def test_approved_time_may_be_locked(land: Landscape, kantata: httpx.Client) -> None:
    workspace = project(kantata, require_time_approvals=False)
    entry = time_entry(kantata, workspace)
    change = {"time_entry": {"time_in_minutes": 60}}
    assert kantata.put(f"/time_entries/{entry}", json=change).status_code == 200
    land.settings(kantata={"lock_approved_entries": True})
    assert kantata.put(f"/time_entries/{entry}", json=change).status_code == 422
    assert kantata.delete(f"/time_entries/{entry}").status_code == 422


# -- rates and events ---------------------------------------------------------------------------------------------


def test_rate_cards_have_versions_with_roles(kantata: httpx.Client) -> None:
    role = create(kantata, "roles", "role", name="Architect")
    card = create(kantata, "rate_cards", "rate_card", title="Standard", currency="EUR")
    version = create(kantata, "rate_card_versions", "rate_card_version", rate_card_id=card, default_rate=15_000)
    create(kantata, "rate_card_roles", "rate_card_role", rate_card_version_id=version, role_id=role, rate=21_000)
    query = {"rate_card_version_id": version, "include": "role"}
    body = kantata.get("/rate_card_roles", params=query).json()
    (rate,) = body["rate_card_roles"].values()
    assert (rate["rate"], body["roles"][role]["name"]) == (21_000, "Architect")


def test_every_change_becomes_an_event_with_before_and_after(kantata: httpx.Client) -> None:
    entry = time_entry(kantata, project(kantata))
    kantata.put(f"/time_entries/{entry}", json={"time_entry": {"time_in_minutes": 120}})
    kantata.delete(f"/time_entries/{entry}")
    query = {"event_types": "time_entry:updated,time_entry:deleted", "order": "created_at:asc"}
    body = kantata.get("/subscribed_events.json", params=query).json()
    updated, deleted = (body["subscribed_events"][row["id"]] for row in body["results"])
    assert updated["payload_changes"]["time_in_minutes"] == [90, 120]
    assert (updated["subject_type"], updated["subject_id"]) == ("TimeEntry", entry)
    assert (deleted["event_type"], deleted["current_payload"]) == ("time_entry:deleted", None)


def test_events_are_kept_for_nine_days(land: Landscape, kantata: httpx.Client) -> None:
    project(kantata)
    assert ids(kantata, "subscribed_events", event_types="workspace:created")
    land.settings(landscape={"clock_offset_seconds": 9 * 86_400 + 60})
    assert ids(kantata, "subscribed_events", event_types="workspace:created") == []


def test_events_may_come_late(land: Landscape, kantata: httpx.Client) -> None:
    land.settings(kantata={"event_delay_ms": 3_600_000})
    project(kantata)
    assert ids(kantata, "subscribed_events", event_types="workspace:created") == []
    land.settings(landscape={"clock_offset_seconds": 3_700})
    assert len(ids(kantata, "subscribed_events", event_types="workspace:created")) == 1


def test_the_ledger_adds_up_delivered_time(land: Landscape, kantata: httpx.Client) -> None:
    workspace = project(kantata)
    for minutes in (30, 45):
        time_entry(kantata, workspace, time_in_minutes=minutes)
    (row,) = land.ledger("kantata")["time"]
    assert (row["workspace_id"], row["entries"], row["minutes"], row["approved"]) == (workspace, 2, 75, 0)
