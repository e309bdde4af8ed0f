"""Calls to one tenant: OData v2 with CSRF tokens and ETags, complaints, and messages over SOAP."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth, health
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.models import Connection
from integration_hub.connectors.odata import Row
from integration_hub.connectors.sap import csrf
from integration_hub.connectors.sap.naming import ETAG, Key, Names
from integration_hub.connectors.sap.payloads import GatewayEntry, GatewayNote, GatewayPage, GatewayProblem
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.failures import Failed, FailureClass

PERIOD_CLOSED = "PERIOD_CLOSED"
REOPEN = "Open the posting period of the company code in SAP, or post into the next open one."
_CLOSED = r"\bF5[/ ]?201\b|\b201\(F5\)|posting period\b.{0,60}\bis not open"


class GatewayDialect(Silent):
    """A message class and number, and words in the language of the user."""

    title = "SAP"

    def __init__(self, closed_words: str = "") -> None:
        try:
            self._closed = re.compile("|".join(filter(None, (_CLOSED, closed_words))), re.IGNORECASE)
        except re.error as wrong:
            raise Failed(
                FailureClass.REJECTED,
                f"The setting closed_words is no regular expression: {wrong}",
                field="closed_words",
                remedy="Correct the setting of the connection.",
            ) from wrong

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            error = GatewayProblem.model_validate(response.json()).error
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        return self.sorted(error.code, error.message.value)

    def sorted(self, code: str, message: str) -> Complaint:
        """A message in our words."""
        if self._closed.search(f"{code} {message}"):
            return Complaint(message, PERIOD_CLOSED, "accounting_date", remedy=REOPEN)
        return Complaint(message, code)

    def refusal(self, code: str, message: str) -> Failed:
        """What a message says that came without an error status."""
        said = self.sorted(code, message)
        text = f"{self.title} refused it: {said.text}"
        return Failed(FailureClass.REJECTED, text, field=said.field, remedy=said.remedy)


SIGN_IN = auth.basic("user", "password")


class Client:
    """One tenant."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.dialect = GatewayDialect(self.setting("closed_words"))
        self.session = Session(connection, auth=SIGN_IN, dialect=self.dialect, even_if_paused=even_if_paused)
        self.names = Names(connection.settings.get("names") or {})
        self.page_size = max(int(self.setting("page_size", "1000")), 1)
        self.answered_at = ""
        """The vendor's own time of the last answer, sortable."""

    def setting(self, name: str, default: str = "") -> str:
        """A setting of the connection."""
        return str(self.connection.settings.get(name) or default)

    # -- reading ------------------------------------------------------------------------------------------------

    def page(
        self, service: str, entity: str, where: str = "", order: str = "", *, skip: int = 0, expand: str = ""
    ) -> tuple[list[Row], bool]:
        """One page of rows, and whether there may be more. Raises Failed."""
        params = self._params(where, order, expand) | {"$top": self.page_size} | ({"$skip": skip} if skip else {})
        rows, onward = self._read(self.names.path(service, entity), params)
        return rows, bool(onward) or len(rows) >= self.page_size

    def rows(self, service: str, entity: str, where: str = "", *, expand: str = "") -> list[Row]:
        """All rows, over as many pages as the server makes of them. Raises Failed."""
        found, onward = self._read(self.names.path(service, entity), self._params(where, "", expand))
        while onward:
            rows, onward = self._read(self.session.path_of(onward), None)
            found += rows
        return found

    def _params(self, where: str, order: str, expand: str) -> dict[str, Any]:
        given = {"$filter": self.names.text(where), "$orderby": self.names.text(order), "$expand": expand}
        return {"$format": "json", **{name: value for name, value in given.items() if value}}

    def _read(self, path: str, params: Mapping[str, Any] | None) -> tuple[list[Row], str]:
        response = self.session.get(path, params)
        self.answered_at = answers.answered_at(response)
        page = answers.shaped(self.dialect, GatewayPage, self.session.data(response), write=False).d
        return [self.names.into(row) for row in page.results], page.next_link

    def one(self, service: str, entity: str, key: Key) -> Row | None:
        """The row of a key; None when there is none."""
        path = self.names.path(service, entity, key)
        response = self.session.get(path, {"$format": "json"}, expected=(404,))
        if response.status_code == 404:
            return None
        entry = answers.shaped(self.dialect, GatewayEntry, self.session.data(response), write=False)
        return self.names.into(entry.d)

    def count(self, service: str, entity: str, where: str = "") -> int:
        """How many rows there are."""
        params = {"$filter": self.names.text(where)} if where else {}
        return int(self.session.data(self.session.get(f"{self.names.path(service, entity)}/$count", params)))

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, service: str, entity: str, values: Row) -> Row:
        """Make a row, with what is made inside it; as it is then. Raises Failed."""
        response = self._write("POST", service, self.names.path(service, entity), values)
        entry = answers.shaped(self.dialect, GatewayEntry, self.session.data(response, write=True), write=True)
        return self.names.into(entry.d)

    def update(self, service: str, entity: str, key: Key, values: Row, etag: str) -> int:
        """Change a row that is still as it was read. Raises Failed."""
        return self._write("PATCH", service, self.names.path(service, entity, key), values, etag).status_code

    def act(self, service: str, function: str, params: Mapping[str, str], etag: str) -> None:
        """Call a function import."""
        self._write("POST", service, self.names.path(service, function), {}, etag, params)

    def _write(
        self, method: str, service: str, path: str, values: Row, etag: str = "", params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A write with its CSRF token; one whose session ran out was refused unread, and is sent again once."""
        home = self.names.path(service)
        for last in (False, True):
            guarded = csrf.headers(self.session, home) | ({"If-Match": etag} if etag else {})
            ask = Ask(
                method, path, write=True, params=params, json=self.names.out(values), headers=guarded,
                expected=(403, 412),
            )  # fmt: skip
            response = self.session.ask(ask)
            if last or not csrf.refused(self.session, home, response):
                break
        if response.status_code == 412:
            raise Failed(FailureClass.TRANSIENT, "SAP refused it: somebody changed the row meanwhile", status=412)
        if response.status_code == 403:
            failure = answers.failure(self.dialect, response, write=True)
            health.failed(self.connection, failure)
            raise failure
        return self._heard(response)

    def _heard(self, response: httpx.Response) -> httpx.Response:
        """A success, unless its header `sap-message` carries an error. Raises Failed."""
        try:
            note = GatewayNote.model_validate_json(response.headers.get("sap-message") or "{}")
        except ValidationError:
            return response
        if note.severity == "error":
            raise self.dialect.refusal(note.code, note.message)
        return response

    # -- messages -----------------------------------------------------------------------------------------------

    def message(self, path: str, content: bytes, message_id: str) -> httpx.Response:
        """Send a message over SOAP. Raises Failed."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml", "SOAPAction": '""'}
        ask = Ask("POST", path, write=True, params={"MessageId": message_id}, content=content, headers=headers)
        return self._heard(self.session.ask(ask))


def etag_of(row: Row) -> str:
    """What a change of a row names as the state it was read in."""
    return str(row.get(ETAG) or "*")
