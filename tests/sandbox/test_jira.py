"""Jira's and Tempo's vices: a minute that is not told, keys that change, approvals that leave no stamp."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from integration_hub.sandbox import Landscape, accounts

from .conftest import SSL
from .test_malformed import bent, never_breaks

pytestmark = pytest.mark.landscape

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
LATE = "2026-03-03T23:30:00.000+0000"


class Site(NamedTuple):
    """Both sides of a site, with an issue somebody in Berlin works on."""

    land: Landscape
    jira: httpx.Client
    tempo: httpx.Client
    project: str
    person: str
    issue: str

    def log(self, **values: Any) -> str:
        row = {"issue": self.issue, "author": self.person, "started": LATE, "timeSpentSeconds": 5400}
        return self.land.load("jira", "worklogs", [row | values])[0]

    def changes(self, what: str = "updated", since: int = 0) -> list[int]:
        told = self.jira.get(f"/worklog/{what}", params={"since": since}).json()
        return [row["worklogId"] for row in told["values"]]

    def mirrored(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.tempo.get("/worklogs", params=MARCH).json()["results"]
        return listed

    def search(self, **asked: Any) -> dict[str, Any]:
        body = {"jql": f"project = {self.project} ORDER BY updated ASC", **asked}
        found: dict[str, Any] = self.jira.post("/search/jql", json=body).json()
        return found


@pytest.fixture
def site(land: Landscape) -> Iterator[Site]:
    for vendor in ("jira", "tempo"):
        land.post("/tokens", {"vendor": vendor, "action": "restore"})
    land.settings(jira={"quiet_seconds": 0, "index_ms": 0})
    (project,) = land.load("jira", "projects", [{"key": "YARD", "name": "Yard systems"}])
    (person,) = land.load("jira", "users", [{"displayName": "Ida Lund", "timeZone": "Europe/Berlin"}])
    (issue,) = land.load("jira", "issues", [{"project": {"id": project}, "summary": "Design"}])
    basic, bearer = (accounts.JIRA_EMAIL, accounts.JIRA_API_TOKEN), {"Authorization": f"Bearer {accounts.TEMPO_TOKEN}"}
    with (
        httpx.Client(base_url=f"{land.jira}/rest/api/3", auth=basic, verify=SSL) as jira,
        httpx.Client(base_url=f"{land.tempo}/4", headers=bearer, verify=SSL) as tempo,
    ):
        yield Site(land, jira, tempo, project, person, issue)


def test_each_side_has_a_credential_of_its_own(site: Site) -> None:
    assert site.jira.get("/myself", auth=(accounts.JIRA_EMAIL, accounts.TEMPO_TOKEN)).status_code == 401
    assert site.tempo.get("/teams", headers={"Authorization": "Bearer x"}).status_code == 401
    site.land.settings(jira={"lacking_permissions": ["USER_PICKER"]}, tempo={"lacking_scopes": ["approvals"]})
    asked = site.jira.get("/mypermissions", params={"permissions": "BROWSE_PROJECTS,USER_PICKER"}).json()
    assert [row["havePermission"] for row in asked["permissions"].values()] == [True, False]
    assert site.tempo.get("/timesheet-approvals/waiting").status_code == 403


def test_work_of_the_last_minute_is_not_told_yet(site: Site) -> None:
    key = int(site.log())
    site.land.settings(jira={"quiet_seconds": 60})
    assert site.changes() == []
    site.land.settings(landscape={"clock_offset_seconds": 61})
    assert site.changes() == [key]


def test_a_worklog_is_mirrored_on_the_day_of_its_person(site: Site) -> None:
    key = site.log()
    (row,) = site.mirrored()
    assert (row["startDate"], row["startTime"], row["billableSeconds"]) == ("2026-03-04", "00:30:00", 5400)
    assert not {"jira", "jiraWorklogId"} & row.keys()
    assert "key" not in row["issue"]
    mapped = site.tempo.post("/worklogs/jira-to-tempo", json={"jiraWorklogIds": [int(key), 1]}).json()["results"]
    assert mapped == [{"tempoWorklogId": row["tempoWorklogId"], "jiraWorklogId": int(key)}]


def test_what_tempo_alone_knows_moves_its_own_stamp_only(site: Site) -> None:
    key = int(site.log())
    (before,) = site.jira.post("/worklog/list", json={"ids": [key]}).json()
    (row,) = site.mirrored()
    changed = site.tempo.put(f"/worklogs/{row['tempoWorklogId']}", json={"billableSeconds": 0}).json()
    assert changed["billableSeconds"] == 0
    assert site.jira.post("/worklog/list", json={"ids": [key]}).json() == [before]
    site.tempo.put(f"/worklogs/{row['tempoWorklogId']}", json={"description": "Review\nof the yard"})
    (after,) = site.jira.post("/worklog/list", json={"ids": [key]}).json()
    assert after["updated"] > before["updated"]
    assert len(after["comment"]["content"]) == 2


def test_a_decision_on_a_timesheet_leaves_its_worklogs_alone(site: Site) -> None:
    site.log()
    (before,) = site.mirrored()
    path = f"/timesheet-approvals/user/{site.person}"
    week = {"from": "2026-03-02", "to": "2026-03-08"}
    assert site.tempo.get(path, params=week).json()["status"] == {"key": "OPEN"}
    for verb, state in (("submit", "WAITING_FOR_APPROVAL"), ("approve", "APPROVED")):
        sheet = site.tempo.post(f"{path}/{verb}", params=week).json()
        assert (sheet["status"]["key"], sheet["timeSpentSeconds"]) == (state, 5400)
        locked = site.tempo.put(f"/worklogs/{before['tempoWorklogId']}", json={"billableSeconds": 60})
        assert locked.status_code == 400
    assert site.mirrored() == [before]
    assert site.tempo.delete(f"/worklogs/{before['tempoWorklogId']}").status_code == 400
    site.tempo.post(f"{path}/reopen", params=week)
    assert site.mirrored() == [before]
    assert site.tempo.delete(f"/worklogs/{before['tempoWorklogId']}").status_code == 204
    assert site.mirrored() == []


def test_a_team_has_a_timesheet_for_everybody(site: Site) -> None:
    (team,) = site.land.load("tempo", "teams", [{"name": "Yard", "members": [site.person]}])
    rows = site.tempo.get(f"/timesheet-approvals/team/{team}", params={"from": "2026-03-02", "to": "2026-03-08"}).json()
    assert [row["user"]["accountId"] for row in rows["results"]] == [site.person]
    site.land.settings(tempo={"period": "MONTH"})
    assert site.tempo.get("/periods", params=MARCH).json()["periods"] == [MARCH]


def test_deleted_work_is_told_and_moved_work_is_another(site: Site) -> None:
    first, second = int(site.log()), int(site.log())
    (other,) = site.land.load("jira", "issues", [{"project": {"id": site.project}, "summary": "Build"}])
    (third,) = site.land.load("jira", "worklog_moves", [{"worklog": first, "issue": other}])
    assert site.jira.delete(f"/issue/{site.issue}/worklog/{second}").status_code == 204
    assert site.changes() == [int(third)]
    assert site.changes("deleted") == [first, second]
    assert [row["issue"]["id"] for row in site.mirrored()] == [int(other)]


def test_an_issue_that_moves_has_another_key_and_the_same_id(site: Site) -> None:
    key = int(site.log())
    before = site.jira.post("/worklog/list", json={"ids": [key]}).json()
    (dock,) = site.land.load("jira", "projects", [{"key": "DOCK", "name": "Dock"}])
    site.land.load("jira", "issue_moves", [{"issue": site.issue, "project": "DOCK"}])
    found = site.jira.get(f"/issue/{site.issue}").json()
    assert (found["id"], found["key"], found["fields"]["project"]["id"]) == (site.issue, "DOCK-1", dock)
    assert site.jira.get("/issue/YARD-1").status_code == 404
    assert site.jira.post("/worklog/list", json={"ids": [key]}).json() == before


def test_search_tells_little_and_late(site: Site) -> None:
    assert site.jira.get("/search", params={"jql": "project = YARD"}).status_code == 410
    assert site.search() == {"issues": [{"id": site.issue}], "isLast": True}
    unbounded = site.jira.post("/search/jql", json={"jql": "ORDER BY updated"})
    assert (unbounded.status_code, "Unbounded" in unbounded.text) == (400, True)
    site.land.settings(jira={"index_ms": 60_000})
    assert site.search()["issues"] == []
    assert site.search(reconcileIssues=[int(site.issue)])["issues"] == [{"id": site.issue}]


def test_search_is_paged_by_tokens_that_die(site: Site) -> None:
    rows = [{"project": {"key": "YARD"}, "summary": f"Task {n}"} for n in range(4)]
    keys = [site.issue, *site.land.load("jira", "issues", rows)]
    page = site.search(maxResults=2)
    found = [row["id"] for row in page["issues"]]
    site.jira.put(f"/issue/{keys[0]}", json={"fields": {"summary": "Changed meanwhile"}})
    token = page["nextPageToken"]
    while not page["isLast"]:
        page = site.search(maxResults=2, nextPageToken=page["nextPageToken"])
        found += [row["id"] for row in page["issues"]]
    assert found == [*keys, keys[0]], "what changed while it is read comes once more"
    site.land.settings(landscape={"clock_offset_seconds": 8 * 86_400})
    assert "expired" in str(site.search(nextPageToken=token)["errorMessages"])


def test_updated_is_a_minute_of_the_users_wall_clock(site: Site) -> None:
    stamp = site.search(fields=["updated"])["issues"][0]["fields"]["updated"]
    site.land.settings(landscape={"clock_offset_seconds": 120})
    minute = re.sub(r"T(\d\d:\d\d).*", r" \1", stamp).replace("-", "/")
    by_utc = site.search(jql=f'project = YARD AND updated >= "{minute}"')
    assert by_utc["issues"] == [], "UTC is hours ahead of New York"


def test_people_who_left_hide_their_address(site: Site) -> None:
    site.land.load("jira", "users", [
        {"displayName": "Left", "emailAddress": "left@firm.example", "active": False},
        {"displayName": "Shy", "emailAddress": "shy@firm.example", "hidden": True},
        {"displayName": "Open", "emailAddress": "open@firm.example"},
    ])  # fmt: skip
    told = {row["displayName"]: row["emailAddress"] for row in site.jira.get("/users/search").json()}
    assert (told["Left"], told["Shy"], told["Open"]) == ("", "", "open@firm.example")


def test_a_property_is_put_by_its_key(site: Site) -> None:
    path = f"/project/{site.project}/properties/throughline.invoice.INV-1"
    assert site.jira.get(path).status_code == 404
    assert [site.jira.put(path, json={"status": status}).status_code for status in ("open", "paid")] == [201, 200]
    assert site.jira.get(path).json()["value"] == {"status": "paid"}
    site.land.settings(jira={"may_write": False})
    assert site.jira.put(path, json={}).status_code == 403


def test_each_limit_says_which_it_is(site: Site) -> None:
    site.land.settings(jira={"calls_per_second": 1, "issue_writes_per_second": 1})
    burst = [site.jira.get("/myself") for _ in range(4)][-1]
    assert (burst.status_code, burst.headers["ratelimit-reason"]) == (429, "jira-burst-based")
    site.land.settings(jira={"calls_per_second": 350})
    path = f"/issue/{site.issue}/properties/x"
    per_issue = [site.jira.put(path, json=1) for _ in range(4)][-1]
    assert (per_issue.status_code, per_issue.headers["ratelimit-reason"]) == (429, "jira-per-issue-on-write")
    site.land.fault("jira", "quota_403")
    quota = site.jira.get("/myself")
    assert (quota.headers["ratelimit-reason"], quota.headers["retry-after"]) == ("jira-quota-tenant-based", "1800")


def test_malformed_requests_never_break_it(site: Site) -> None:
    dice = random.Random(7)
    site.land.settings(tempo={"calls_per_second": 1000})
    logged = {"started": LATE, "timeSpentSeconds": 60, "comment": {"type": "doc", "version": 1, "content": []}}
    entered = {"issueId": site.issue, "authorAccountId": site.person, "startDate": "2026-03-03", "timeSpentSeconds": 60}
    for _ in range(60):
        never_breaks(site.jira, "POST", f"/issue/{site.issue}/worklog", bent(dice, logged))
        asked = {"jql": "project = YARD", "fields": ["summary"], "maxResults": 5}
        never_breaks(site.jira, "POST", "/search/jql", bent(dice, asked, "nextPageToken", "reconcileIssues"))
        never_breaks(site.jira, "POST", "/worklog/list", bent(dice, {"ids": [1], "x": 1}))
        never_breaks(site.tempo, "POST", "/worklogs", bent(dice, entered, "billableSeconds", "startTime"))
        never_breaks(site.tempo, "POST", "/worklogs/jira-to-tempo", bent(dice, {"jiraWorklogIds": [1], "x": 1}))
