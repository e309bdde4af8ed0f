"""Clockify as people use it in the browser, beside the product."""

from typing import Any

import httpx

from integration_hub.sandbox import Landscape, accounts


class Timesheets:
    """The workspace as the people of a firm use it."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape
        root = f"{landscape.clockify}/api/v1/workspaces/{accounts.CLOCKIFY_WORKSPACE_ID}"
        headers = {"X-Api-Key": accounts.CLOCKIFY_KEY}
        self.http = httpx.Client(base_url=root, headers=headers, trust_env=False, timeout=30)

    def load(self, collection: str, **values: Any) -> str:
        return self.landscape.load("clockify", collection, [values])[0]

    def change(self, path: str, **values: Any) -> None:
        self.http.put(path, json=values).raise_for_status()

    def remove(self, entry: str) -> None:
        self.http.delete(f"/time-entries/{entry}").raise_for_status()

    def submit(self, person: str, monday: str = "2026-03-02") -> str:
        """Somebody hands in a week; the id of the request."""
        week = {"period": "WEEKLY", "periodStart": f"{monday}T00:00:00Z"}
        answer = self.http.post(f"/approval-requests/users/{person}/TIMESHEET", json=week)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def decide(self, request: str, state: str = "APPROVED") -> None:
        self.http.patch(f"/approval-requests/{request}", json={"state": state}).raise_for_status()

    def close(self) -> None:
        self.http.close()
