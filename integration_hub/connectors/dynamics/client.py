"""Calls to one environment: signing in with Entra ID, data entities over all companies, change sets, complaints."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.dynamics import multipart
from integration_hub.connectors.dynamics.naming import Names
from integration_hub.connectors.dynamics.payloads import FinancePage, FinanceProblem
from integration_hub.connectors.models import Connection
from integration_hub.connectors.odata import Row
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.failures import Failed, FailureClass

LARGEST_PAGE = 10_000
ALL_COMPANIES = {"cross-company": "true"}
"""Without it only the user's own company is seen, without a word."""
PERIOD_CLOSED = "PERIOD_CLOSED"
REOPEN = "Open the ledger period for the module in Dynamics, or post into the next open one."
_CLOSED = r"period\b[^;]{0,80}\b(is not open|on hold|(is|was) closed)|fiscal period\b[^;]{0,60}does not exist"
_ERROR = re.compile(r"\s*Error:\s*(.*)", re.DOTALL)

Key = Mapping[str, Any]


class FinanceDialect(Silent):
    """An empty code and a general message: the useful words are the errors of the Infolog."""

    title = "Dynamics"

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
            error = FinanceProblem.model_validate(response.json()).error
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        message = " ".join(errors_of(error.inner.message)) or error.inner.message or error.message
        if self._closed.search(message):
            return Complaint(message, PERIOD_CLOSED, "accounting_date", remedy=REOPEN)
        return Complaint(message, error.code)


def errors_of(infolog: str) -> list[str]:
    """The errors of an Infolog, without its warnings.

    >>> errors_of("Write failed. Infolog: Error: No such customer.; Warning: validateWrite failed.")
    ['No such customer.']
    """
    _, found, entries = infolog.partition("Infolog:")
    matched = (_ERROR.fullmatch(entry) for entry in entries.split(";")) if found else ()
    return [match[1].strip() for match in matched if match]


def _token_path(connection: Connection) -> str:
    settings = connection.settings
    login = str(settings.get("login_url") or "https://login.microsoftonline.com").rstrip("/")
    return f"{login}/{settings.get('tenant') or ''}/oauth2/v2.0/token"


def _token_form(session: Session, secret: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    form = {
        "grant_type": "client_credentials",
        "client_id": auth.needed(secret, "client_id"),
        "client_secret": auth.needed(secret, "client_secret"),
        "scope": f"{session.connection.base_url.rstrip('/')}/.default",
    }
    return form, {}


SIGN_IN = auth.OAuth(_token_path, _token_form)


class Client:
    """One environment."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.dialect = FinanceDialect(self.setting("closed_words"))
        self.session = Session(connection, auth=SIGN_IN, dialect=self.dialect, even_if_paused=even_if_paused)
        self.names = Names(connection.settings.get("names") or {})
        self.page_size = min(int(self.setting("page_size", "1000")), LARGEST_PAGE)
        self.answered_at = ""
        """The vendor's own time of the last answer, sortable."""

    def setting(self, name: str, default: str = "") -> str:
        """A setting of the connection."""
        return str(self.connection.settings.get(name) or default)

    # -- reading ------------------------------------------------------------------------------------------------

    def page(
        self, entity: str, where: str = "", order: str = "", *, skip: int = 0, expand: str = ""
    ) -> tuple[list[Row], bool]:
        """One page of rows, and whether there may be more. Raises Failed."""
        wanted = {
            "$filter": self.names.text(where),
            "$orderby": self.names.text(order),
            "$expand": self.names.of(expand),
        }
        params = {**ALL_COMPANIES, **{name: value for name, value in wanted.items() if value}, "$top": self.page_size}
        rows, onward = self._read(self.names.path(entity), params | ({"$skip": skip} if skip else {}))
        return rows, bool(onward) or len(rows) >= self.page_size

    def rows(self, entity: str, where: str = "", *, expand: str = "") -> list[Row]:
        """All rows, over as many pages as the server makes of them. Raises Failed."""
        wanted = {"$filter": self.names.text(where), "$expand": self.names.of(expand)}
        found, onward = self._read(
            self.names.path(entity), ALL_COMPANIES | {name: value for name, value in wanted.items() if value}
        )
        while onward:
            rows, onward = self._read(self.session.path_of(onward), None)
            found += rows
        return found

    def _read(self, path: str, params: Mapping[str, Any] | None) -> tuple[list[Row], str]:
        response = self.session.get(path, params)
        self.answered_at = answers.answered_at(response)
        page = answers.shaped(self.dialect, FinancePage, self.session.data(response), write=False)
        return [self.names.into(row) for row in page.value], page.next_link

    def one(self, entity: str, key: Key) -> Row | None:
        """The row of a key; None when there is none."""
        response = self.session.get(self.names.path(entity, key), ALL_COMPANIES, expected=(404,))
        return None if response.status_code == 404 else self.names.into(self.session.data(response))

    def count(self, entity: str, where: str = "") -> int:
        """How many rows there are."""
        params = ALL_COMPANIES | ({"$filter": self.names.text(where)} if where else {})
        counted = self.session.data(self.session.get(f"{self.names.path(entity)}/$count", params))
        return int(counted)

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, entity: str, values: Row) -> Row:
        """Make a row; as it is then. Raises Failed."""
        ask = Ask("POST", self.names.path(entity), write=True, params=ALL_COMPANIES, json=self.names.out(values))
        made = self.session.data(self.session.ask(ask), write=True)
        if not isinstance(made, dict):
            raise self._unexpected("a row that is no object")
        return self.names.into(made)

    def update(self, entity: str, key: Key, values: Row, etag: str) -> int:
        """Change a row that is still as it was read. Raises Failed."""
        ask = Ask(
            "PATCH",
            self.names.path(entity, key),
            write=True,
            params=ALL_COMPANIES,
            json=self.names.out(values),
            headers={"If-Match": etag or "*"},
            expected=(412,),
        )
        status = self.session.ask(ask).status_code
        if status == 412:
            raise Failed(FailureClass.TRANSIENT, "Dynamics refused it: somebody changed the row meanwhile", status=412)
        return status

    def delete(self, entity: str, key: Key) -> None:
        """Delete a row; one that is gone already is no error."""
        path = self.names.path(entity, key)
        self.session.ask(Ask("DELETE", path, write=True, params=ALL_COMPANIES, expected=(404,)))

    def act(self, entity: str, key: Key, action: str) -> None:
        """Call an action bound to a row."""
        path = self.names.path(entity, key, action)
        self.session.ask(Ask("POST", path, write=True, params=ALL_COMPANIES, json={}))

    def create_all(self, entity: str, rows: Sequence[Row]) -> None:
        """Make many rows in change sets: each is one transaction. Raises Failed."""
        size = max(int(self.setting("batch_size", "100")), 1)
        for first in range(0, len(rows), size):
            self._change_set(entity, rows[first : first + size])

    def _change_set(self, entity: str, rows: Sequence[Row]) -> None:
        path = f"{self.names.path(entity)}?cross-company=true"
        content = multipart.body([multipart.Request("POST", path, self.names.out(row)) for row in rows])
        headers = {"Content-Type": multipart.CONTENT_TYPE}
        ask = Ask("POST", "/data/$batch", write=True, params=ALL_COMPANIES, content=content, headers=headers)
        told = multipart.answers(self.session.ask(ask))
        if refused := next((one for one in told if one.status_code >= 400), None):
            raise answers.failure(self.dialect, refused, write=True)
        if len(told) != len(rows) or not all(one.is_success for one in told):
            raise self._unexpected(f"{len(told)} answers to a change set of {len(rows)}")

    def _unexpected(self, what: str) -> Failed:
        return Failed(FailureClass.UNKNOWN_OUTCOME, f"{self.dialect.title} answered in an unexpected shape: {what}")
