"""Calls to one Ironclad company: client credentials on behalf of a user, pages counted from zero, complaints."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.ironclad.payloads import (
    IroncladComplaint,
    IroncladMetadata,
    IroncladPage,
    IroncladRow,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Session
from integration_hub.connectors.versions import moved, stamp_of

BASE = "/public/api/v1"
LARGEST_PAGE = 100
SCOPES = (
    "public.records.readRecords", "public.records.readSchemas", "public.entities.readEntities",
    "public.workflows.readWorkflows",
)  # fmt: skip

Row = dict[str, Any]


class IroncladDialect(Silent):
    """A code, a message and the parameter that is meant."""

    title = "Ironclad"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            found = IroncladComplaint.model_validate(response.json())
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        return Complaint(found.message, found.code, found.param)


DIALECT = IroncladDialect()


def _token(session: Session, secret: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    asked = {name: auth.needed(secret, name) for name in ("client_id", "client_secret")}
    return {"grant_type": "client_credentials", "scope": " ".join(SCOPES), **asked}, {}


SIGN_IN = auth.OAuth("/oauth/token", _token, as_json=True)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a list; `over` when there are no more, `short` when Ironclad kept some of them back."""

    rows: list[Row]
    over: bool
    short: bool = False


class Client:
    """One company over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """Ironclad's own time of the last page, sortable."""
        person = str(connection.settings.get("as_user") or "")
        self._headers = {"x-as-user-email" if "@" in person else "x-as-user-id": person}

    def setting(self, name: str) -> str:
        """A setting of the connection."""
        return str(self.connection.settings.get(name) or "")

    def metadata(self) -> IroncladMetadata:
        """How the tenant is set up."""
        response = self.session.get(f"{BASE}/records/metadata", headers=self._headers)
        return answers.shaped(DIALECT, IroncladMetadata, self.session.data(response), write=False)

    def page(self, collection: str, number: int, params: dict[str, str], size: int = 0) -> IroncladPage:
        """One page of a list. Raises Failed."""
        asked = {"page": number, "pageSize": size or self.page_size, **params}
        response = self.session.get(f"{BASE}/{collection}", asked, headers=self._headers)
        self.answered_at = answers.answered_at(response)
        found = answers.shaped(DIALECT, IroncladPage, self.session.data(response), write=False)
        for row in found.rows:
            answers.shaped(DIALECT, IroncladRow, row, write=False)
        return found

    def changed(self, collection: str, params: dict[str, str], since: str) -> Iterator[Stretch]:
        """Everything changed since a stamp, oldest change first, each row once.

        A record that changes while we read moves to the end and draws those behind it forward, so a next page by
        number would miss one. Each page begins at the stamp of the last row instead; the number counts on only where
        one stamp fills a page.
        """
        ordered = {"sortField": "lastUpdated", "sortDirection": "ASC", **params}
        seen: set[tuple[str, str]] = set()
        number = 0
        while True:
            found = self.page(collection, number, {**ordered, **({"lastUpdated": since} if since else {})})
            rows = [row for row in found.rows if _state(row) not in seen]
            over = number * self.page_size + len(found.rows) >= found.count
            short = not over and len(found.rows) < self.page_size
            yield Stretch(rows, over or short, short)
            if over or short:
                return
            seen |= {_state(row) for row in rows}
            onward = moved(stamp_of(found.rows[-1]["lastUpdated"]), -0.001)  # whether "since" includes it is not known
            number, since = (0, onward) if onward > since else (number + 1, since)


def _state(row: Row) -> tuple[str, str]:
    return str(row["id"]), str(row["lastUpdated"])
