"""Calls to one Harvest account: lists that are followed by their links, and single writes."""

from collections.abc import Iterator
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.harvest.payloads import HarvestComplaint, HarvestPage
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session

LARGEST_PAGE = 2000

Record = dict[str, Any]


class HarvestDialect(Silent):
    """A message, no code and no field."""

    title = "Harvest"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            return Complaint(HarvestComplaint.model_validate(response.json()).text)
        except (ValueError, ValidationError):
            return Complaint(response.text[:200])


DIALECT = HarvestDialect()
SIGN_IN = auth.bearer("token")


class Client:
    """One account over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        settings = connection.settings
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """Harvest's own time of the last page, sortable."""
        self._headers = {
            "Harvest-Account-Id": str(settings.get("account_id") or ""),
            "User-Agent": f"Throughline ({settings.get('contact') or 'no contact given'})",
        }
        self._users: dict[str, Record] | None = None

    # -- reading ----------------------------------------------------------------------------------------------------

    def pages(self, collection: str, params: dict[str, Any]) -> Iterator[tuple[list[Record], bool]]:
        """The pages of a list in Harvest's order; True with the last one. Raises Failed."""
        page = self.page(collection, params)
        while page.links.next:
            yield page.rows(collection), False
            page = self._shaped(self.session.follow(page.links.next, headers=self._headers))
        yield page.rows(collection), True

    def page(self, collection: str, params: dict[str, Any]) -> HarvestPage:
        """The first page of a list."""
        asked = {"per_page": self.page_size, **params}
        return self._shaped(self.session.get(f"/v2/{collection}", asked, headers=self._headers))

    def everything(self, collection: str, params: dict[str, Any]) -> list[Record]:
        """All records of a list."""
        return [row for rows, _ in self.pages(collection, params) for row in rows]

    def _shaped(self, response: httpx.Response) -> HarvestPage:
        self.answered_at = answers.answered_at(response)
        return answers.shaped(DIALECT, HarvestPage, self.session.data(response), write=False)

    def users(self) -> dict[str, Record]:
        """People by id, asked once per client."""
        if self._users is None:
            self._users = {str(row["id"]): row for row in self.everything("users", {})}
        return self._users

    def one(self, path: str) -> Record | None:
        """One record; None when it is not there."""
        response = self.session.get(f"/v2/{path}", headers=self._headers, expected=(404,))
        if response.status_code == 404:
            return None
        found: Record = self.session.data(response)
        return found

    # -- writing ----------------------------------------------------------------------------------------------------

    def create(self, collection: str, values: Record) -> Record:
        """Create one record. Raises Failed, UNKNOWN_OUTCOME when the answer is lost."""
        return self._written(Ask("POST", f"/v2/{collection}", write=True, json=values))

    def update(self, collection: str, key: str, values: Record) -> Record:
        """Change one record."""
        return self._written(Ask("PATCH", f"/v2/{collection}/{key}", write=True, json=values))

    def _written(self, ask: Ask) -> Record:
        ask.headers = dict(self._headers)
        made: Record = self.session.data(self.session.ask(ask), write=True)
        return made
