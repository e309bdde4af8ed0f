"""Calls to one Harvest account: lists that are followed by their links, and single writes."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

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

    # -- reading ----------------------------------------------------------------------------------------------------

    def path(self, collection: str, **params: Any) -> str:
        """Where a list begins."""
        return f"/v2/{collection}?{urlencode({'per_page': self.page_size, **params})}"

    def pages(self, path: str) -> Iterator[tuple[list[Record], str]]:
        """The pages of a list in Harvest's order, each with the path of the next; empty after the last. Raises Failed.

        Such a path leads on later, too: where Harvest lists by cursor it says behind which record.
        """
        while path:
            page = self.page(path)
            onward = self.session.path_of(page.links.next) if page.links.next else ""
            yield page.rows, onward
            path = onward

    def page(self, path: str) -> HarvestPage:
        """One page of a list."""
        response = self.session.get(path, headers=self._headers)
        self.answered_at = answers.answered_at(response)
        found = self.session.data(response)
        if isinstance(found, dict):  # the rows lie under the name of the collection
            found["rows"] = found.pop(urlsplit(path).path.rpartition("/")[2], None)
        return answers.shaped(DIALECT, HarvestPage, found, write=False)

    def everything(self, collection: str) -> list[Record]:
        """All records of a list."""
        return [row for rows, _ in self.pages(self.path(collection)) for row in rows]

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
