"""Calls to one NetSuite account: signing in with an assertion, SuiteQL, records by external id, complaints."""

import re
import time
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.models import Connection
from integration_hub.connectors.netsuite.payloads import NetSuitePage, NetSuiteProblem
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.ids import content_hash

REST = "/services/rest"
LARGEST_PAGE = 1000
STRICT = {"X-NetSuite-PropertyNameValidation": "Error", "X-NetSuite-PropertyValueValidation": "Error"}
"""Without these NetSuite drops misspelled fields without a word."""

_CLOSED = re.compile(r"TRAN_PERIOD_CLOSED|TRAN_PRD_CLOSED|period[^.]{0,60}\b(closed|locked)\b", re.IGNORECASE)
_THROTTLED = {
    "CONCURRENCY_LIMIT_EXCEEDED",
    "SSS_REQUEST_LIMIT_EXCEEDED",
    "WS_REQUEST_BLOCKED",
    "REQUEST_LIMIT_EXCEEDED",
}
CURRENCIES_FOR, ANEW = 900.0, 1.0
"""Seconds the account's currencies are taken as known, and after which they are asked again for one that is missing."""
_currencies: dict[tuple[int, str], tuple[float, dict[str, str]]] = {}
"""Per connection and address: when they were asked for (monotonic), and ISO code by internal id."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_-]")
PERIOD_CLOSED = "PERIOD_CLOSED"
REOPEN = "Reopen the accounting period in NetSuite, or post into the next open one."

Row = dict[str, Any]


class NetSuiteDialect(Silent):
    """Details with a code and a path; a closed period is told in words only."""

    title = "NetSuite"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            problem = NetSuiteProblem.model_validate(response.json())
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200], throttle=_throttle("", response.status_code))
        if not problem.details:
            return Complaint(message=problem.title, throttle=_throttle("", response.status_code))
        first = problem.details[0]
        message = " ".join(detail.detail for detail in problem.details if detail.detail)
        if _CLOSED.search(message):
            return Complaint(message, PERIOD_CLOSED, "postingPeriod", remedy=REOPEN)
        return Complaint(message, first.code, first.path, _throttle(first.code, response.status_code))


def _throttle(code: str, status: int) -> Throttle | None:
    """NetSuite limits calls under way, not calls per time."""
    return Throttle.CONCURRENCY if code in _THROTTLED or status == 429 else None


DIALECT = NetSuiteDialect()
_TOKEN_PATH = f"{REST}/auth/oauth2/v1/token"


def _token_request(session: Session, secret: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    settings = session.connection.settings
    signed = auth.assertion(
        private_key=auth.needed(secret, "private_key"),
        algorithm=str(settings.get("algorithm") or "PS256"),
        issuer=auth.needed(secret, "client_id"),
        audience=f"{session.connection.base_url}{_TOKEN_PATH}",
        key_id=str(settings.get("certificate_id") or ""),
        seconds=300,
        claims={"scope": ["rest_webservices"]},
    )
    form = {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION_TYPE, "client_assertion": signed}
    return form, {}


SIGN_IN = auth.OAuth(_TOKEN_PATH, _token_request)


def external_key(reference: str) -> str:
    """Our reference as an external id: letters, digits, _ and - only; told apart by a hash where that loses something.

    >>> external_key("US01-0007")
    'US01-0007'
    """
    plain = _NOT_IN_KEYS.sub("_", reference)
    return plain if plain == reference else f"{plain}-{content_hash(reference)[:8]}"


class Client:
    """One account over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """The vendor's own time of the last answer, sortable."""

    # -- reading ------------------------------------------------------------------------------------------------

    def page(self, query: str, offset: int = 0) -> NetSuitePage:
        """One page of a SuiteQL query; it must be ordered by a unique key. Raises Failed."""
        ask = Ask(
            "POST",
            f"{REST}/query/v1/suiteql",
            write=False,
            params={"limit": self.page_size, "offset": offset},
            json={"q": query},
            headers={"Prefer": "transient"},
        )
        response = self.session.ask(ask)
        self.answered_at = answers.answered_at(response)
        return answers.shaped(DIALECT, NetSuitePage, self.session.data(response), write=False)

    def rows(self, query: str) -> list[Row]:
        """All rows of a query."""
        found: list[Row] = []
        while True:
            page = self.page(query, len(found))
            found.extend(_plain(item) for item in page.items)
            if not page.has_more or not page.items:
                return found

    def record(self, record_type: str, key: str, *, whole: bool = False) -> Row | None:
        """A record by internal id or `eid:`; None when there is none. `whole` brings its sublists."""
        params = {"expandSubResources": "true"} if whole else None
        response = self.session.get(_path(record_type, key), params, expected=(404,))
        if response.status_code == 404:
            return None
        found: Row = self.session.data(response)
        return found

    def currency_id(self, symbol: str) -> str:
        """NetSuite's internal id of an ISO currency; an empty string when the account does not have it."""
        for known in (self._known_currencies(), self._known_currencies(anew=True)):
            if found := next((key for key, name in known.items() if name == symbol), ""):
                return found
        return ""

    def currency_symbol(self, currency_id: str) -> str:
        """The ISO code of a currency by internal id."""
        return self._known_currencies().get(currency_id) or self._known_currencies(anew=True).get(currency_id, "")

    def _known_currencies(self, *, anew: bool = False) -> dict[str, str]:
        """ISO code by internal id: asked once in a while by each process, and again for one it does not know."""
        account = (self.connection.pk, self.connection.base_url)
        asked_at, known = _currencies.get(account, (float("-inf"), {}))
        if time.monotonic() - asked_at > (ANEW if anew else CURRENCIES_FOR):
            rows = self.rows("SELECT id, symbol FROM currency ORDER BY id")
            known = {str(row["id"]): str(row["symbol"]) for row in rows}
            _currencies[account] = (time.monotonic(), known)
        return known

    # -- writing ------------------------------------------------------------------------------------------------

    def put(self, record_type: str, external_id: str, values: Row, *, replace: str = "") -> tuple[str, int]:
        """Create or update by external id; internal id and status. Raises Failed."""
        return self._write("PUT", record_type, f"eid:{external_id}", values, {"replace": replace} if replace else None)

    def patch(self, record_type: str, key: str, values: Row) -> tuple[str, int]:
        """Change fields of a record."""
        return self._write("PATCH", record_type, key, values, None)

    def _write(
        self, method: str, record_type: str, key: str, values: Row, params: dict[str, str] | None
    ) -> tuple[str, int]:
        ask = Ask(method, _path(record_type, key), write=True, params=params, json=values, headers=dict(STRICT))
        response = self.session.ask(ask)
        location = response.headers.get("location", "")
        return location.rstrip("/").rpartition("/")[2], response.status_code

    def governance(self) -> Row:
        """The account's concurrency limit; administrators only."""
        found: Row = self.session.data(self.session.get(f"{REST}/system/v1/governanceLimits"))
        return found


def _path(record_type: str, key: str) -> str:
    return f"{REST}/record/v1/{record_type}/{quote(key, safe=':')}"


def _plain(item: Row) -> Row:
    return {name: value for name, value in item.items() if name != "links"}
