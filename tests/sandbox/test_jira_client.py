"""An independent voice: the best-known Jira client talks to the simulated site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jira import JIRA, JIRAError

from integration_hub.sandbox import Landscape, accounts

pytestmark = pytest.mark.landscape

TEXT = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Review"}]}],
}


@pytest.fixture
def client(land: Landscape, monkeypatch: pytest.MonkeyPatch) -> Iterator[JIRA]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    land.post("/tokens", {"vendor": "jira", "action": "restore"})
    land.settings(jira={"index_ms": 0})
    land.load("jira", "projects", [{"key": "YARD", "name": "Yard systems"}])
    signed = (accounts.JIRA_EMAIL, accounts.JIRA_API_TOKEN)
    made = JIRA(land.jira, options={"rest_api_version": "3"}, basic_auth=signed, max_retries=0)
    yield made
    made.close()


def _issues(client: JIRA, count: int) -> list[str]:
    rows = [{"project": {"key": "YARD"}, "summary": f"Task {n}", "issuetype": {"name": "Task"}} for n in range(count)]
    return [client.create_issue(fields=row, prefetch=False).key for row in rows]


def test_who_and_where(client: JIRA) -> None:
    assert client.server_info()["deploymentType"] == "Cloud"
    assert client.myself()["accountId"] == accounts.JIRA_ACCOUNT_ID
    assert [(project.key, project.name) for project in client.projects()] == [("YARD", "Yard systems")]


def test_a_search_over_several_pages(client: JIRA) -> None:
    keys = _issues(client, 7)
    found = client.enhanced_search_issues("project = YARD ORDER BY key ASC", maxResults=0, fields="summary")
    assert [issue.key for issue in found] == keys
    assert found[0].fields.summary == "Task 0"
    with pytest.raises(JIRAError, match="Unbounded"):
        client.enhanced_search_issues("ORDER BY key")


def test_work_is_logged_changed_and_deleted(client: JIRA) -> None:
    (key,) = _issues(client, 1)
    issue = client.issue(key)
    text: Any = TEXT
    made = client.add_worklog(issue, timeSpentSeconds=5400, comment=text)
    assert client.worklog(issue, made.id).timeSpent == "1h 30m"
    made.update(timeSpentSeconds=3600)
    assert [log.timeSpentSeconds for log in client.worklogs(issue)] == [3600]
    made.delete()
    assert client.worklogs(issue) == []
    with pytest.raises(JIRAError) as caught:
        client.worklog(issue, made.id)
    assert caught.value.status_code == 404


def test_a_property_of_an_issue(client: JIRA) -> None:
    (key,) = _issues(client, 1)
    client.add_issue_property(key, "throughline", {"contract": "C-1"})
    assert [one.key for one in client.issue_properties(key)] == ["throughline"]
    assert client.issue_property(key, "throughline").value.contract == "C-1"
