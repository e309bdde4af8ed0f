"""Calls to one Clockify workspace: lists by page number, changes, records by id, single writes."""

from collections.abc import Iterator
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.clockify.payloads import (
    ClockifyChange,
    ClockifyChanges,
    ClockifyComplaint,
    ClockifyRows,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session

ROOT = "/api/v1"
NOT_THERE = "501"
"""Code of Clockify's 400 for a record that does not exist, or belongs to another workspace."""

Record = dict[str, Any]


class ClockifyDialect(Silent):
    """A message and a code that says little."""

    title = "Clockify"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            found = ClockifyComplaint.model_validate(response.json())
        except (ValueError, ValidationError):
            return Complaint(response.text[:200])
        return Complaint(found.message, code=str(found.code))


DIALECT = ClockifyDialect()
SIGN_IN = auth.Static(lambda secret: {"X-Api-Key": auth.needed(secret, "key")})


class Client:
    """One workspace over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        settings = connection.settings
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = int(settings.get("page_size") or 50)
        self.answered_at = ""
        """Clockify's own time of the last page, sortable."""
        self._workspace = f"{ROOT}/workspaces/{settings.get('workspace_id') or ''}"

    # -- reading ----------------------------------------------------------------------------------------------------

    def me(self) -> Record:
        """Whose key it is."""
        found: Record = self.session.data(self.session.get(f"{ROOT}/user"))
        return found

    def pages(
        self, collection: str, params: dict[str, Any] | None = None, *, first: int = 1
    ) -> Iterator[tuple[list[Record], int]]:
        """The pages of a list, each with the number of the next; 0 after the last. Raises Failed."""
        number = first
        while number:
            asked = {**(params or {}), "page": number, "page-size": self.page_size}
            response = self._page(collection, asked)
            rows = answers.shaped(DIALECT, ClockifyRows, self.session.data(response), write=False).root
            said = response.headers.get("last-page", "").lower()
            last = said == "true" if said else len(rows) < self.page_size
            number = 0 if last else number + 1
            yield rows, number

    def everything(self, collection: str, params: dict[str, Any] | None = None) -> list[Record]:
        """All records of a list."""
        return [row for rows, _ in self.pages(collection, params) for row in rows]

    def changes(self, what: str, kind: str, start: str) -> Iterator[list[ClockifyChange]]:
        """Pages of what was `created`, `updated` or `deleted` of a kind since `start`, or ever. Raises Failed."""
        number, more = 0, True
        while more:
            asked = {"type": kind, "page": number, "limit": self.page_size} | ({"start": start} if start else {})
            response = self._page(f"entities/{what}", asked)
            rows = answers.shaped(DIALECT, ClockifyChanges, self.session.data(response), write=False).root
            more = len(rows) >= self.page_size
            number += 1
            yield rows

    def _page(self, collection: str, asked: dict[str, Any]) -> httpx.Response:
        response = self.session.get(f"{self._workspace}/{collection}", asked)
        self.answered_at = answers.answered_at(response)
        return response

    def entries(self, ids: list[str]) -> dict[str, Record]:
        """Time entries by id; those that are gone are left out."""
        if not ids:
            return {}
        ask = Ask("POST", f"{self._workspace}/time-entries/batch", write=False, json={"timeEntryIds": ids})
        found = self.session.data(self.session.ask(ask))
        return {str(row["id"]): row for row in answers.shaped(DIALECT, ClockifyRows, found, write=False).root}

    def one(self, path: str) -> Record | None:
        """One record; None when it is not there."""
        response = self.session.get(f"{self._workspace}/{path}", expected=(400, 404))
        if response.is_success:
            found: Record = self.session.data(response)
            return found
        if response.status_code == 404 or DIALECT.complaint(response).code == NOT_THERE:
            return None
        raise answers.failure(DIALECT, response, write=False)

    # -- writing ----------------------------------------------------------------------------------------------------

    def create(self, collection: str, values: Record) -> Record:
        """Create one record. Raises Failed, UNKNOWN_OUTCOME when the answer is lost."""
        return self._written(Ask("POST", f"{self._workspace}/{collection}", write=True, json=values))

    def replace(self, path: str, values: Record) -> Record:
        """Put a record in the place of another: what is left out is lost."""
        return self._written(Ask("PUT", f"{self._workspace}/{path}", write=True, json=values))

    def _written(self, ask: Ask) -> Record:
        made: Record = self.session.data(self.session.ask(ask), write=True)
        return made
