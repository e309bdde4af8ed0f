"""Calls to one Chargebee site: lists by offset, forms with numbered brackets and idempotency keys, complaints."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.auth import Static, needed
from integration_hub.connectors.chargebee.payloads import ChargebeeList, ChargebeeObject, ChargebeeProblem
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session

LARGEST_PAGE = 100
ROOT = "/api/v2"
_LATER = {"api_request_limit_exceeded": Throttle.RATE, "lock_timeout": Throttle.BUSY}

Row = dict[str, Any]


class ChargebeeDialect(Silent):
    """A flat error: a sentence, a code, and the parameter that is meant."""

    title = "Chargebee"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            error = ChargebeeProblem.model_validate(response.json())
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        return Complaint(
            error.message, error.api_error_code or error.type, error.param, throttle=_LATER.get(error.api_error_code)
        )


def _headers(secret: dict[str, str]) -> dict[str, str]:
    """The key is the user; there is no password."""
    request = httpx.Request("GET", "http://unused.invalid")
    next(httpx.BasicAuth(needed(secret, "api_key"), "").auth_flow(request))
    return {"Authorization": request.headers["Authorization"]}


DIALECT = ChargebeeDialect()
SIGN_IN = Static(_headers)


class Client:
    """One site over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """The vendor's own time of the last answer, sortable."""

    def setting(self, name: str, default: str = "") -> str:
        """A setting of the connection."""
        return str(self.connection.settings.get(name) or default)

    # -- reading ------------------------------------------------------------------------------------------------

    def one(self, path: str, kind: str, key: str) -> Row | None:
        """An object, None when there is none or it was deleted. Raises Failed."""
        response = self.session.get(f"{ROOT}/{path}/{quote(key, safe='')}", expected=(404,))
        self.answered_at = answers.answered_at(response)
        if response.status_code == 404:
            return None
        found: Row = self.session.data(response).get(kind) or {}
        answers.shaped(DIALECT, ChargebeeObject, found, write=False)
        return None if found.get("deleted") else found

    def page(self, path: str, kind: str, params: Mapping[str, Any], *, offset: str = "") -> tuple[list[Row], str]:
        """One page of a list, and the offset of the next, empty at the end."""
        wanted = {"limit": self.page_size, **params, **({"offset": offset} if offset else {})}
        response = self.session.get(f"{ROOT}/{path}", wanted)
        self.answered_at = answers.answered_at(response)
        found = answers.shaped(DIALECT, ChargebeeList, self.session.data(response), write=False)
        rows: list[Row] = [entry.get(kind) or {} for entry in found.rows]
        for row in rows:
            answers.shaped(DIALECT, ChargebeeObject, row, write=False)
        return rows, found.next_offset

    def every(self, path: str, kind: str, params: Mapping[str, Any]) -> Iterator[Row]:
        """All rows of a list."""
        offset = ""
        while True:
            rows, offset = self.page(path, kind, params, offset=offset)
            yield from rows
            if not offset:
                return

    # -- writing ------------------------------------------------------------------------------------------------

    def post(self, path: str, kind: str, values: Row, *, key: str) -> Row:
        """Write once under an idempotency key; the object as it is then. Raises Failed."""
        headers = {"chargebee-idempotency-key": key}
        ask = Ask("POST", f"{ROOT}/{path}", write=True, form=dict(form(values)), headers=headers)
        found = self.session.data(self.session.ask(ask), write=True).get(kind)
        answers.shaped(DIALECT, ChargebeeObject, found, write=True)
        made: Row = found
        return made


def form(values: Row, name: str = "", number: str = "") -> Iterator[tuple[str, str]]:
    """Values as a form with brackets, the number of a list's item last; nothing is left out.

    >>> dict(form({"line_items": [{"amount": 100}], "transaction": {"amount": 5}, "memo": None}))
    {'line_items[amount][0]': '100', 'transaction[amount]': '5'}
    """
    for key, value in values.items():
        inner = f"{name}[{key}]" if name else key
        if isinstance(value, dict):
            yield from form(value, inner)
        elif isinstance(value, list):
            for count, item in enumerate(value):
                yield from form(item, inner, f"[{count}]")
        elif value is not None and value != "":
            yield inner + number, str(value).lower() if isinstance(value, bool) else str(value)
