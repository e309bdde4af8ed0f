"""Jira and Tempo as people use them in the browser, beside the product."""

from typing import Any

import httpx

from integration_hub.sandbox import Landscape, accounts

WEEK = {"from": "2026-03-02", "to": "2026-03-08"}
STARTED = "2026-03-03T09:00:00.000+0000"


def text(said: str) -> dict[str, Any]:
    """Words as Jira keeps them."""
    content = [{"type": "text", "text": said}] if said else []
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


class Delivery:
    """The site as the people of a firm use it."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        landscape.settings(jira={"quiet_seconds": 0, "index_ms": 0}, tempo={"calls_per_second": 1000})
        basic, bearer = (accounts.JIRA_EMAIL, accounts.JIRA_API_TOKEN), f"Bearer {accounts.TEMPO_TOKEN}"
        self.jira = httpx.Client(base_url=f"{landscape.jira}/rest/api/3", auth=basic, trust_env=False, timeout=30)
        self.tempo = httpx.Client(
            base_url=f"{landscape.tempo}/4", headers={"Authorization": bearer}, trust_env=False, timeout=30
        )

    @staticmethod
    def restore(landscape: Landscape) -> None:
        """Both as they were at the beginning."""
        for vendor in ("jira", "tempo"):
            landscape.reset(vendor=vendor)
            landscape.post("/tokens", {"vendor": vendor, "action": "restore"})

    def load(self, collection: str, *, of: str = "jira", **values: Any) -> str:
        return self.landscape.load(of, collection, [values])[0]

    def log(self, issue: str, person: str, said: str = "", **more: Any) -> str:
        row = {"issue": issue, "author": person, "started": STARTED, "timeSpentSeconds": 5400, "comment": text(said)}
        return self.load("worklogs", **(row | more))

    def reword(self, issue: str, worklog: str, said: str) -> None:
        self.jira.put(f"/issue/{issue}/worklog/{worklog}", json={"comment": text(said)}).raise_for_status()

    def remove(self, issue: str, worklog: str) -> None:
        self.jira.delete(f"/issue/{issue}/worklog/{worklog}").raise_for_status()

    def billable(self, worklog: str, seconds: int) -> None:
        """What somebody enters in Tempo."""
        body = {"jiraWorklogIds": [int(worklog)]}
        (pair,) = self.tempo.post("/worklogs/jira-to-tempo", json=body).json()["results"]
        self.tempo.put(f"/worklogs/{pair['tempoWorklogId']}", json={"billableSeconds": seconds}).raise_for_status()

    def decide(self, person: str, *verbs: str) -> str:
        """What becomes of somebody's first week of March; the id of the timesheet."""
        for verb in verbs:
            self.tempo.post(f"/timesheet-approvals/user/{person}/{verb}", params=WEEK).raise_for_status()
        return f"{person}:{WEEK['from']}"

    def close(self) -> None:
        self.jira.close()
        self.tempo.close()
