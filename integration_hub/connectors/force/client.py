"""Calls to one Salesforce org: signing in, queries page by page, records by id or key, complaints, the daily quota."""

import base64
import re
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Gauge, Throttle
from integration_hub.connectors.force.payloads import (
    SalesforceError,
    SalesforceObject,
    SalesforcePage,
    SalesforceRows,
    SalesforceWritten,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.failures import Failed, FailureClass

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_THROTTLES = {
    "REQUEST_LIMIT_EXCEEDED": Throttle.QUOTA,
    "SERVER_UNAVAILABLE": Throttle.BUSY,
    "UNABLE_TO_LOCK_ROW": Throttle.BUSY,
}
_ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class SalesforceDialect:
    """An array of complaints with `errorCode`; a used-up quota comes as 403."""

    def __init__(self, title: str = "Salesforce") -> None:
        self.title = title

    def complaint(self, response: httpx.Response) -> Complaint:
        if response.status_code == 300:
            return Complaint("several records carry this external id", "DUPLICATE_EXTERNAL_ID")
        try:
            body = response.json()
            first = SalesforceError.model_validate(body[0] if isinstance(body, list) and body else body)
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        return Complaint(first.message, first.code, ", ".join(first.fields), throttle=_THROTTLES.get(first.code))

    def gauge(self, response: httpx.Response) -> Gauge | None:
        """Every answer says how many of the rolling day's calls the whole org has made."""
        match = _USAGE.search(response.headers.get("sforce-limit-info", ""))
        return Gauge(int(match[1]), int(match[2])) if match else None


def _token_request(session: Session, secret: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    settings = session.connection.settings
    client = auth.needed(secret, "client_id")
    if settings.get("auth") == "jwt_bearer":
        signed = auth.assertion(
            private_key=auth.needed(secret, "private_key"),
            algorithm="RS256",
            issuer=client,
            subject=str(settings.get("username") or ""),
            audience=str(settings.get("audience") or "https://login.salesforce.com"),
        )
        return {"grant_type": JWT_BEARER, "assertion": signed}, {}
    pair = f"{client}:{auth.needed(secret, 'client_secret')}".encode()
    return {"grant_type": "client_credentials"}, {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


SIGN_IN = auth.OAuth("/services/oauth2/token", _token_request)


class Client:
    """One org over REST. A product on the platform names itself in `title`."""

    title: ClassVar[str] = "Salesforce"

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.dialect = SalesforceDialect(self.title)
        self.session = Session(connection, auth=SIGN_IN, dialect=self.dialect, even_if_paused=even_if_paused)
        self.base = f"/services/data/v{connection.settings.get('api_version') or '62.0'}"

    def query(self, soql: str, *, deleted_too: bool = False) -> Iterator[SalesforcePage]:
        """The pages of a query. Raises Failed."""
        size = self.connection.settings.get("page_size")
        headers = {"Sforce-Query-Options": f"batchSize={int(size)}"} if size else {}
        verb = "queryAll" if deleted_too else "query"
        page = self._page(self.session.get(f"{self.base}/{verb}", {"q": soql}, headers=headers))
        yield page
        while not page.done and page.nextRecordsUrl:
            page = self._page(self.session.get(page.nextRecordsUrl, headers=headers))
            yield page

    def _page(self, response: httpx.Response) -> SalesforcePage:
        return answers.shaped(self.dialect, SalesforcePage, self.session.data(response), write=False)

    def record(self, name: str, record_id: str, fields: list[str]) -> dict[str, Any] | None:
        """Some fields of a record, or None when there is none."""
        path = f"{self.base}/sobjects/{name}/{record_id}"
        response = self.session.get(path, {"fields": ",".join(fields)}, expected=(404,))
        if response.status_code == 404:
            return None
        found: dict[str, Any] = self.session.data(response)
        return found

    def by_key(self, name: str, field: str, key: str) -> dict[str, Any] | None:
        """The record with this external id, or None. Raises Failed when several carry it."""
        response = self.session.get(self._keyed(name, field, key), expected=(404,))
        if response.status_code == 404:
            return None
        found: dict[str, Any] = self.session.data(response)
        return found

    def upsert(self, name: str, field: str, key: str, values: dict[str, Any]) -> str:
        """Make or change the record with this external id; its id. The same again changes nothing."""
        ask = Ask("PATCH", self._keyed(name, field, key), write=True, json=values)
        data = self.session.data(self.session.ask(ask), write=True)
        return answers.shaped(self.dialect, SalesforceWritten, data, write=True).id

    def upsert_all(self, name: str, field: str, rows: list[dict[str, Any]]) -> None:
        """Make or change records by their external ids, all or none of them. Raises Failed for the first refusal."""
        records = [{"attributes": {"type": name}, **row} for row in rows]
        body = {"allOrNone": True, "records": records}
        ask = Ask("PATCH", f"{self.base}/composite/sobjects/{name}/{field}", write=True, json=body)
        data = self.session.data(self.session.ask(ask), write=True)
        told = answers.shaped(self.dialect, SalesforceRows, data, write=True).root
        refused = [error for row in told if not row.success for error in row.errors]
        if refused:  # the others say only that they were rolled back with it
            self._refuse(next((error for error in refused if error.code != _ROLLED_BACK), refused[0]))

    def _refuse(self, error: SalesforceError) -> None:
        kind = FailureClass.RATE if error.code in _THROTTLES else FailureClass.REJECTED
        field, remedy = ", ".join(error.fields), "Correct the record."
        raise Failed(kind, f"{self.title} refused it: {error.code}: {error.message}", field=field, remedy=remedy)

    def _keyed(self, name: str, field: str, key: str) -> str:
        return f"{self.base}/sobjects/{name}/{field}/{quote(key, safe='')}"

    def described(self, name: str) -> SalesforceObject | None:
        """An object as this user sees it; None when they do not."""
        response = self.session.get(f"{self.base}/sobjects/{name}/describe", expected=(404,))
        if response.status_code == 404:
            return None
        return answers.shaped(self.dialect, SalesforceObject, self.session.data(response), write=False)

    def update(self, name: str, record_id: str, values: dict[str, Any]) -> int:
        """Set fields of a record; the status. The same values again change nothing."""
        ask = Ask("PATCH", f"{self.base}/sobjects/{name}/{record_id}", write=True, json=values)
        return self.session.ask(ask).status_code

    def limits(self) -> dict[str, Any]:
        """The org's limits."""
        found: dict[str, Any] = self.session.data(self.session.get(f"{self.base}/limits"))
        return found
