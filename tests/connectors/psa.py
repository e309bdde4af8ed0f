"""Kantata as a project manager uses it, beside the product."""

from typing import Any

import httpx

from integration_hub.sandbox import accounts


class Psa:
    """The account as a project manager uses it."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {accounts.KANTATA_TOKEN}"},
            trust_env=False,
            timeout=30,
        )

    def make(self, collection: str, singular: str, **values: Any) -> dict[str, Any]:
        return self._answer(self._http.post(f"/{collection}", json={singular: values}), collection)

    def many(self, collection: str, rows: list[dict[str, Any]]) -> list[str]:
        answer = self._http.post(f"/{collection}", json={collection: rows})
        answer.raise_for_status()
        return [item["id"] for item in answer.json()["results"]]

    def change(self, collection: str, singular: str, key: str, **values: Any) -> None:
        self._http.put(f"/{collection}/{key}", json={singular: values}).raise_for_status()

    def verb(self, collection: str, key: str, verb: str) -> None:
        self._http.put(f"/{collection}/{key}/{verb}").raise_for_status()

    def delete(self, collection: str, key: str) -> None:
        self._http.delete(f"/{collection}/{key}").raise_for_status()

    def all(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        answer = self._http.get(f"/{collection}", params={"per_page": 200, **query}).json()
        return [answer[collection][item["id"]] for item in answer["results"]]

    def close(self) -> None:
        self._http.close()

    @staticmethod
    def _answer(answer: httpx.Response, collection: str) -> dict[str, Any]:
        answer.raise_for_status()
        body = answer.json()
        found: dict[str, Any] = body[collection][body["results"][0]["id"]]
        return found


def time_entry(world: dict[str, str], minutes: int = 90, **more: Any) -> dict[str, Any]:
    """A time entry of the world, as it is written."""
    return {
        "workspace_id": world["project"],
        "user_id": world["person"],
        "story_id": world["task"],
        "date_performed": "2026-09-01",
        "time_in_minutes": minutes,
        "notes": "Design review",
        **more,
    }
