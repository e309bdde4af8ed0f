"""Calls to one Stripe account: lists by cursor, forms with idempotency keys, complaints."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.models import Connection
from integration_hub.connectors.stripe.payloads import StripeList, StripeObject, StripeProblem
from integration_hub.connectors.transport import Ask, Session

VERSION = "2026-06-24.dahlia"
"""The version of the API whose shapes we know; without it an account answers in its own."""
LARGEST_PAGE = 100
_ASKED = {"Stripe-Version": VERSION}
_LATER = {"rate_limit": Throttle.RATE, "lock_timeout": Throttle.BUSY, "idempotency_key_in_use": Throttle.BUSY}

Row = dict[str, Any]


class StripeDialect(Silent):
    """One error with a type, mostly a code, and the parameter that is meant."""

    title = "Stripe"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            error = StripeProblem.model_validate(response.json()).error
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        later = _LATER.get(error.code) or (Throttle.BUSY if response.status_code == 409 else None)
        if "concurrency" in response.headers.get("stripe-rate-limited-reason", ""):
            later = Throttle.CONCURRENCY
        return Complaint(error.message, error.code or error.type, error.param, throttle=later)


DIALECT = StripeDialect()
SIGN_IN = auth.bearer("api_key")


class Client:
    """One account over REST."""

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

    def one(self, path: str) -> Row | None:
        """An object, None when there is none or it was deleted. Raises Failed."""
        response = self.session.get(f"/v1/{path}", headers=_ASKED, expected=(404,))
        self.answered_at = answers.answered_at(response)
        if response.status_code == 404:
            return None
        found: Row = self.session.data(response)
        return None if found.get("deleted") else found

    def page(self, path: str, params: Mapping[str, Any], *, after: str = "") -> StripeList:
        """One page of a list, from the newest on, after an object."""
        wanted = {"limit": self.page_size, **params, **({"starting_after": after} if after else {})}
        response = self.session.get(f"/v1/{path}", wanted, headers=_ASKED)
        self.answered_at = answers.answered_at(response)
        found = answers.shaped(DIALECT, StripeList, self.session.data(response), write=False)
        for row in found.data:
            answers.shaped(DIALECT, StripeObject, row, write=False)
        return found

    def every(self, path: str, params: Mapping[str, Any]) -> Iterator[Row]:
        """All rows of a list, from the newest on."""
        after = ""
        while True:
            page = self.page(path, params, after=after)
            yield from page.data
            if not page.has_more or not page.data:
                return
            after = str(page.data[-1]["id"])

    def search(self, path: str, query: str) -> list[Row]:
        """What the index of a search finds; what changed in the last minute it may not know."""
        response = self.session.get(f"/v1/{path}/search", {"query": query, "limit": LARGEST_PAGE}, headers=_ASKED)
        self.answered_at = answers.answered_at(response)
        return answers.shaped(DIALECT, StripeList, self.session.data(response), write=False).data

    # -- writing ------------------------------------------------------------------------------------------------

    def post(self, path: str, values: Row, *, key: str) -> Row:
        """Write once under an idempotency key. Raises Failed."""
        headers = {**_ASKED, "Idempotency-Key": key}
        ask = Ask("POST", f"/v1/{path}", write=True, form=dict(form(values)), headers=headers)
        made: Row = self.session.data(self.session.ask(ask), write=True)
        return made

    def delete(self, path: str) -> None:
        """Delete what may be deleted; what is gone already is as well."""
        self.session.ask(Ask("DELETE", f"/v1/{path}", write=True, headers=_ASKED, expected=(404,)))


def form(values: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Values as a form with brackets; nothing is left out.

    >>> dict(form({"lines": [{"amount": 100, "taxed": True}], "memo": None}))
    {'lines[0][amount]': '100', 'lines[0][taxed]': 'true'}
    """
    if isinstance(values, dict):
        for key, value in values.items():
            yield from form(value, f"{name}[{key}]" if name else str(key))
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from form(value, f"{name}[{number}]")
    elif values is not None and values != "":
        yield name, str(values).lower() if isinstance(values, bool) else str(values)
