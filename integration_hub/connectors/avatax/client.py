"""Calls to one AvaTax account: estimates, recorded transactions, complaints."""

from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.avatax.payloads import AvaTaxProblem, AvaTaxTransaction
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session

_THROTTLES = {
    "RequestLimitExceeded": Throttle.RATE,
    "RateLimitExceededError": Throttle.RATE,
    "ConcurrentRequestLimitExceeded": Throttle.CONCURRENCY,
}
_ENCODED = {"/": "_-ava2f-_", "+": "_-ava2b-_", "?": "_-ava3f-_", "%": "_-ava25-_", "#": "_-ava23-_"}
_PARTS = {"$include": "Lines,Details,Summary"}
INVOICE = "SalesInvoice"
RETURN = "ReturnInvoice"


class AvaTaxDialect(Silent):
    """One error with details that carry code, message and the field they refer to."""

    title = "AvaTax"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            error = AvaTaxProblem.model_validate(response.json()).error
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        detail = error.details[0] if error.details else None
        message = (detail.description or detail.message if detail else "") or error.message
        field = detail.refers_to if detail else ""
        return Complaint(message, error.code, field, throttle=_THROTTLES.get(error.code))


DIALECT = AvaTaxDialect()
SIGN_IN = auth.basic("account_id", "license_key")


def encoded(code: str) -> str:
    """A document code as AvaTax wants it in a path."""
    for plain, escape in _ENCODED.items():
        code = code.replace(plain, escape)
    return quote(code, safe="")


class Client:
    """One account over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)

    def estimate(self, model: dict[str, Any]) -> AvaTaxTransaction:
        """Calculate without recording. Raises Failed; a lost answer changes nothing, so it is TRANSIENT."""
        return self._posted("/api/v2/transactions/create", {**model, "type": "SalesOrder"}, write=False)

    def create_or_adjust(self, model: dict[str, Any]) -> AvaTaxTransaction:
        """Record under the document code and type, or replace what is recorded under them."""
        body = {"createTransactionModel": model}
        return self._posted("/api/v2/transactions/createoradjust", body, write=True)

    def void(self, company: str, code: str) -> AvaTaxTransaction:
        """Void a recorded document; it reads back as Cancelled."""
        return self._posted(f"{_document(company, code)}/void", {"code": "DocVoided"}, write=True)

    def document(self, company: str, code: str, kind: str = INVOICE) -> AvaTaxTransaction | None:
        """The document of a type recorded under a code, or None."""
        response = self.session.get(_document(company, code), {"documentType": kind, **_PARTS}, expected=(404,))
        if response.status_code == 404:
            return None
        return self._read(response, write=False)

    def ping(self) -> dict[str, Any]:
        """Whether the credentials are known."""
        found: dict[str, Any] = self.session.data(self.session.get("/api/v2/utilities/ping"))
        return found

    def _posted(self, path: str, body: dict[str, Any], *, write: bool) -> AvaTaxTransaction:
        headers = {"X-Avalara-Client": "Throughline; 1; httpx; v2; hub"}
        response = self.session.ask(Ask("POST", path, write=write, params=_PARTS, json=body, headers=headers))
        return self._read(response, write=write)

    def _read(self, response: httpx.Response, *, write: bool) -> AvaTaxTransaction:
        return answers.shaped(DIALECT, AvaTaxTransaction, self.session.data(response, write=write), write=write)


def _document(company: str, code: str) -> str:
    return f"/api/v2/companies/{encoded(company)}/transactions/{encoded(code)}"
