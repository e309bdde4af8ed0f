"""Harvest as people use it in the browser and their own clients, beside the product."""

from typing import Any

import httpx

from integration_hub.sandbox import Landscape, accounts


class Tracker:
    """The account as a project manager uses it."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        headers = {"Authorization": f"Bearer {accounts.HARVEST_TOKEN}"}
        headers |= {"Harvest-Account-Id": accounts.HARVEST_ACCOUNT_ID, "User-Agent": "Tests (tests@firm.example)"}
        self.http = httpx.Client(base_url=f"{landscape.harvest}/v2", headers=headers, trust_env=False, timeout=30)

    def make(self, collection: str, **values: Any) -> dict[str, Any]:
        answer = self.http.post(f"/{collection}", json=values)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def change(self, collection: str, key: object, **values: Any) -> httpx.Response:
        return self.http.patch(f"/{collection}/{key}", json=values)

    def approve(self, person: object, *, status: str = "approved", of: str = "time_entries") -> None:
        """What a manager decides on somebody's March."""
        row = {"user_id": person, "from": "2026-03-01", "to": "2026-03-31", "status": status, "of": of}
        self._landscape.load("harvest", "approvals", [row])

    def close(self) -> None:
        self.http.close()
