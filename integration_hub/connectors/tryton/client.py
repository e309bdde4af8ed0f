"""Calls to one company in one Tryton database: signing in, JSON-RPC, searching, complaints."""

import re
from typing import Any

import httpx

from integration_hub.connectors import answers, auth, credentials
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import TokenInfo
from integration_hub.connectors.transport import Ask, Session
from integration_hub.connectors.tryton import plain
from integration_hub.kernel.failures import Failed, FailureClass

Row = dict[str, Any]
Domain = list[Any]

LARGEST_PAGE = 500
LANGUAGE = "en"
"""Complaints are told apart by their words, so they are asked for in one language."""
PERIOD_CLOSED, DATE_ORDER, NO_RIGHT = "PERIOD_CLOSED", "DATE_ORDER", "NO_RIGHT"
REOPEN = "Reopen the period and its journal in Tryton, or post into the next open one."
LATER_DATE = "Date it after the last document of its sequence, or give each period a sequence of its own in Tryton."

_CLOSED = re.compile(r"must (reopen|create) (the|a) period|closed (journal-)?period", re.IGNORECASE)
_DATE_ORDER = re.compile(r"invoice date after .* because the sequence", re.IGNORECASE | re.DOTALL)
_NO_RIGHT = re.compile(r"^You (are not allowed to|cannot) (access|modify|read|create|delete|call)\b", re.IGNORECASE)
_DECIDED = ("invoice_payment_term", "invoice_taxes")
"""Warnings about what was decided before it came here: that it falls due in the past, and that its tax is quoted."""
_WARNINGS_AT_MOST = 5

_companies: dict[tuple[int, str, str], int] = {}
"""Per connection, address and code: the internal id of the company, which never changes."""


class TrytonDialect(Silent):
    """Pages of HTML for whoever does not get as far as a call; what a call complains of comes with status 200.

    Tryton counts no calls: who says there are too many is a proxy before a server of so many threads.
    """

    title = "Tryton"

    def complaint(self, response: httpx.Response) -> Complaint:
        text = re.sub(r"<[^>]+>", " ", response.text)
        throttle = Throttle.CONCURRENCY if response.status_code == 429 else None
        return Complaint(message=" ".join(text.split())[:200], throttle=throttle)


DIALECT = TrytonDialect()


class Login(auth.Renewable):
    """A session for a user and a password; it ends by itself some time after its last use."""

    def header(self, token: str) -> dict[str, str]:
        return {"Authorization": token}

    def sign_in(self, session: Session) -> auth.Grant:
        secret = credentials.read(session.connection)
        login, password = auth.needed(secret, "login"), auth.needed(secret, "password")
        body = _body("common.db.login", [login, {"password": password}, LANGUAGE])
        ask = Ask("POST", _path(session.connection), write=False, json=body)
        data = session.data(self.answered(session, session.send(ask, session.connection.base_url, {})))
        match data:
            case {"result": [int(user), str(token), *_]}:
                return auth.Grant(TokenInfo(plain.session_header(login, user, token)))
        raise Failed(FailureClass.TRANSIENT, "Tryton answered the sign-in in an unexpected shape")


SIGN_IN = Login()


class Warned(Exception):
    """Tryton asks back before it goes on."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message


class Client:
    """One company. Every call says the company and the language: without them Tryton takes those of the user."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """The vendor's own time of the last answer, sortable."""

    def setting(self, name: str, default: str = "") -> str:
        """A setting of the connection."""
        return str(self.connection.settings.get(name) or default)

    @property
    def company(self) -> int:
        """The internal id of the company this connection is for. Raises Failed(AUTH) when the user does not see it."""
        code = self.setting("company")
        key = (self.connection.pk, self.connection.base_url, code)
        if key not in _companies:
            found = self._call("model.company.company.search", [[["party.code", "=", code]], 0, 1, None], {})
            if not found:
                raise Failed(
                    FailureClass.AUTH,
                    f"Tryton shows this user no company whose party has the code {code!r}",
                    remedy="Add the company to the user in Tryton, or correct the setting `company`.",
                )
            _companies[key] = int(found[0])
        return _companies[key]

    # -- reading ------------------------------------------------------------------------------------------------

    def rows(
        self, model: str, domain: Domain, fields: list[str], order: Domain | None = None, limit: int | None = None
    ) -> list[Row]:
        """Records of a model, with `id` and the fields; see `plain.into` for their values. Raises Failed."""
        found: list[Row] = self.ask(f"model.{model}.search_read", domain, 0, limit, order, fields)
        return found

    def count(self, model: str, domain: Domain) -> int:
        """How many records of a model there are."""
        return int(self.ask(f"model.{model}.search_count", domain))

    def ids(self, model: str, domain: Domain) -> list[int]:
        """Internal ids, ascending."""
        found: list[int] = self.ask(f"model.{model}.search", domain, 0, None, [["id", "ASC"]])
        return found

    def ask(self, method: str, *params: Any) -> Any:
        """Call a method that changes nothing. Raises Failed."""
        return self._call(method, list(params), {"company": self.company})

    # -- writing ------------------------------------------------------------------------------------------------

    def tell(self, method: str, *params: Any, **context: Any) -> Any:
        """Call a method that changes something, going on past warnings about what was decided before. Raises Failed."""
        for _ in range(_WARNINGS_AT_MOST):
            try:
                return self._call(method, list(params), {"company": self.company, **context}, write=True)
            except Warned as warned:
                if not warned.name.endswith(_DECIDED):
                    raise Failed(
                        FailureClass.REJECTED,
                        f"Tryton asks back: {warned.message}",
                        remedy="Settle in Tryton what it asks about, or correct the record.",
                    ) from None
                self._call("model.res.user.warning.skip", [warned.name, False], {}, write=True)
        raise Failed(FailureClass.REJECTED, "Tryton keeps asking back", remedy="Look at its warnings in Tryton.")

    def _call(self, method: str, params: list[Any], context: Row, *, write: bool = False) -> Any:
        body = _body(method, [*params, {"language": LANGUAGE, **context}])
        response = self.session.ask(Ask("POST", _path(self.connection), write=write, json=body))
        self.answered_at = answers.answered_at(response)
        match self.session.data(response, write=write):
            case {"result": result}:
                return plain.into(result)
            case {"error": error}:
                raise refusal(error, write=write)
        kind = FailureClass.UNKNOWN_OUTCOME if write else FailureClass.TRANSIENT
        raise Failed(kind, "Tryton answered in an unexpected shape: neither result nor error")


def _path(connection: Connection) -> str:
    return f"/{connection.settings.get('database') or ''}/rpc/"


def _body(method: str, params: list[Any]) -> Row:
    return {"id": 1, "method": method, "params": plain.out(params)}


def refusal(error: Any, *, write: bool) -> Failed | Warned:
    """What an error means, which Tryton answers with status 200: its own kinds by name, a crash by its text."""
    match error:
        case ["UserError", [str(message), *_]]:
            return _user_error(" ".join(message.split()))
        case ["UserWarning", [str(name), str(message), *_]]:
            return Warned(name, " ".join(message.split()))
        case ["ConcurrencyException", *_]:
            return Failed(FailureClass.TRANSIENT, "Tryton refused it: somebody changed the record meanwhile")
    said = str(error[0] if isinstance(error, list) and error else error)[:200]
    # A crash undoes what the call did, but not what the call handed on to be done after it.
    kind = FailureClass.UNKNOWN_OUTCOME if write else FailureClass.REJECTED
    return Failed(kind, f"Tryton failed: {said}", remedy="Look into the log of the Tryton server.")


def _user_error(message: str) -> Failed:
    if _CLOSED.search(message):
        return Failed(FailureClass.REJECTED, f"{PERIOD_CLOSED}: {message}", field="accounting_date", remedy=REOPEN)
    if _DATE_ORDER.search(message):
        return Failed(FailureClass.REJECTED, f"{DATE_ORDER}: {message}", field="invoice_date", remedy=LATER_DATE)
    if _NO_RIGHT.search(message):
        remedy = "Give the integration user this right in Tryton."
        return Failed(FailureClass.AUTH, f"{NO_RIGHT}: {message}", remedy=remedy)
    return Failed(FailureClass.REJECTED, f"Tryton refused it: {message}", remedy="Correct the record.")
