"""The PSA as consultants and project managers use it: people, projects, time, expenses, approvals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import accounts
from .http import Api, Json, batches, side_by_side

BASE = "/api/v1"
PAGE = 200
AT_ONCE = 100


class Kantata:
    """One account, with a personal token."""

    def __init__(self, url: str) -> None:
        self._api = Api(f"{url}{BASE}", {"authorization": f"Bearer {accounts.KANTATA_TOKEN}"})

    def close(self) -> None:
        self._api.close()

    def rows(self, collection: str, **query: Any) -> list[Json]:
        """All records of a list, in the order of its `results`, oldest first."""
        found: list[Json] = []
        page = 1
        while True:
            asked = {"per_page": PAGE, "page": page, **query}
            answer = self._api.ask("GET", f"/{collection}", query=asked)
            found += [answer[collection][item["id"]] for item in answer["results"]]
            if page >= answer["meta"]["page_count"]:
                return found
            page += 1

    def referenced(self, subject: str, service: str) -> dict[str, str]:
        """External reference of a service → id of the record that carries it."""
        rows = self.rows("external_references", subject_type=subject, service_name=service, order="created_at:asc")
        return {str(row["service_model_ref"]): str(row["subject_id"]) for row in rows if row["service_name"] == service}

    def create(self, collection: str, rows: Sequence[Json]) -> list[str]:
        """Many records, a hundred in a call over a few connections; their ids in order."""

        def send(batch: Sequence[Json]) -> list[str]:
            answer = self._api.ask("POST", f"/{collection}", body={collection: list(batch)})
            return [str(item["id"]) for item in answer["results"]]

        return [key for keys in side_by_side(send, list(batches(rows, AT_ONCE))) for key in keys]

    def update(self, collection: str, singular: str, record_id: str, values: Json) -> None:
        self._api.ask("PUT", f"/{collection}/{record_id}", body={singular: values})

    def delete(self, collection: str, record_id: str) -> None:
        self._api.ask("DELETE", f"/{collection}/{record_id}")

    def resolve(self, resolutions: str, submission_ids: Sequence[str]) -> None:
        """`timesheet_approvals`, `timesheet_rejections` or `expense_report_approvals` of many submissions."""

        def send(batch: Sequence[str]) -> None:
            body = {"resolution": {"submission_ids": list(batch)}}
            self._api.ask("POST", f"/{resolutions}", body=body)

        side_by_side(send, list(batches(submission_ids, AT_ONCE)))
