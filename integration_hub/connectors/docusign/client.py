"""Calls to one Docusign account: the JWT grant, the host that Docusign names, lists, custom fields, complaints."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth, credentials
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.docusign.payloads import (
    DocusignComplaint,
    DocusignEnvelope,
    DocusignField,
    DocusignFields,
    DocusignPage,
    DocusignUser,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import TokenInfo
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass

LARGEST_PAGE = 1000
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = "signature impersonation"
_LATER = {
    "HOURLY_APIINVOCATION_LIMIT_EXCEEDED": Throttle.QUOTA,
    "BURST_APIINVOCATION_LIMIT_EXCEEDED": Throttle.RATE,
    "HOURLY_ENVELOPE_POLLING_LIMIT_EXCEEDED": Throttle.BUSY,
}

Row = dict[str, Any]


class DocusignDialect(Silent):
    """A code and a message. Limits are told by the code, whatever the status; what is left of the hour by a header."""

    title = "Docusign"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            found = DocusignComplaint.model_validate(response.json())
        except (ValueError, ValidationError):
            return Complaint(message=response.text[:200])
        later = _LATER.get(found.errorCode.upper())
        wait = _until_reset(response) if later is Throttle.QUOTA else None
        return Complaint(found.message, found.errorCode, throttle=later, wait=wait)


def _until_reset(response: httpx.Response) -> timedelta | None:
    """The hour's calls come back at the full hour, which a header names."""
    reset = response.headers.get("x-ratelimit-reset", "")
    if not reset.isdigit() or len(reset) > 12:
        return None
    return max(datetime.fromtimestamp(int(reset), UTC) - now(), timedelta(0))


DIALECT = DocusignDialect()


class JwtGrant(auth.Renewable):
    """An assertion for a user who allowed it once; then the account of the connection, and where it is kept."""

    def sign_in(self, session: Session) -> auth.Grant:
        token = self._token(session)
        headers = {"Authorization": f"Bearer {token.token}"}
        ask = Ask("GET", "/oauth/userinfo", write=False)
        response = self.answered(session, session.send(ask, session.connection.base_url, headers))
        user = answers.shaped(DIALECT, DocusignUser, session.data(response), write=False)
        meant = str(session.connection.settings.get("account_id") or "")
        for account in user.accounts:
            if account.account_id == meant or (not meant and account.is_default):
                return auth.Grant(token, f"{account.base_uri}/restapi/v2.1/accounts/{account.account_id}")
        known = ", ".join(account.account_id for account in user.accounts) or "none"
        raise Failed(
            FailureClass.AUTH,
            f"The user has no account {meant or 'by default'}; it has {known}",
            field="account_id",
            remedy="Correct the setting account_id, or give the user that account.",
        )

    def _token(self, session: Session) -> TokenInfo:
        secret, connection = credentials.read(session.connection), session.connection
        key = auth.needed(secret, "integration_key")
        signed = auth.assertion(
            private_key=auth.needed(secret, "private_key"),
            algorithm="RS256",
            issuer=key,
            subject=str(connection.settings.get("user_id") or ""),
            audience=urlsplit(connection.base_url).netloc,
            claims={"scope": SCOPES},
        )
        form = {"grant_type": JWT_GRANT, "assertion": signed}
        ask = Ask("POST", "/oauth/token", write=False, form=form, has_secrets=True)
        response = session.send(ask, connection.base_url, {})
        if response.status_code == 400 and "consent_required" in response.text:
            scope = quote(SCOPES)
            raise Failed(
                FailureClass.AUTH,
                "The user has not allowed the integration to speak for it yet",
                remedy=f"Open {connection.base_url}/oauth/auth?response_type=code&scope={scope}&client_id=<integration "
                "key>&redirect_uri=<one of the key's addresses> as that user and allow it, once.",
                status=400,
            )
        return auth.token_of(session.data(self.answered(session, response)))


SIGN_IN = JwtGrant()


class Client:
    """One account over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """Docusign's own time of the last page, sortable."""

    def setting(self, name: str, default: str = "") -> str:
        """A setting of the connection."""
        return str(self.connection.settings.get(name) or default)

    def account(self) -> Row:
        """The account itself."""
        found: Row = self.session.data(self.session.get(""))
        return found

    def page(self, start: int, params: dict[str, Any]) -> DocusignPage:
        """Envelopes from a position on. Raises Failed."""
        asked = {"count": self.page_size, "start_position": start, "include": "custom_fields,recipients", **params}
        response = self.session.get("/envelopes", asked)
        self.answered_at = answers.answered_at(response)
        found = answers.shaped(DIALECT, DocusignPage, self.session.data(response), write=False)
        for row in found.envelopes:
            answers.shaped(DIALECT, DocusignEnvelope, row, write=False)
        return found

    def fields(self, envelope: str) -> list[DocusignField] | None:
        """The text custom fields of an envelope; None when there is no such envelope."""
        response = self.session.get(f"/envelopes/{quote(envelope, safe='')}/custom_fields", expected=(404,))
        if response.status_code == 404:
            return None
        return answers.shaped(DIALECT, DocusignFields, self.session.data(response), write=False).textCustomFields

    def write_field(self, envelope: str, field: DocusignField) -> int:
        """Put a custom field on an envelope, or another value into the one it has; the status."""
        row = {"name": field.name, "value": field.value, "show": "false", "required": "false"}
        method, row = ("PUT", {**row, "fieldId": field.fieldId}) if field.fieldId else ("POST", row)
        path = f"/envelopes/{quote(envelope, safe='')}/custom_fields"
        response = self.session.ask(Ask(method, path, write=True, json={"textCustomFields": [row]}))
        self.session.data(response, write=True)
        return response.status_code
