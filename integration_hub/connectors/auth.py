"""Signing in: bearer, basic, client credentials, assertions, sessions. Tokens live in this process and nowhere else."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from httpx import BasicAuth, Request, Response

from integration_hub.connectors import credentials, health
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import TokenInfo
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass

_EARLY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Grant:
    """What signing in gave us."""

    info: TokenInfo
    base_url: str = ""


TokenForm = Callable[[Session, dict[str, str]], tuple[dict[str, str], dict[str, str]]]
"""Session and credentials → form fields and headers of the token request."""

_grants: dict[tuple[int, bytes], Grant] = {}
_locks: dict[int, threading.Lock] = {}
_guard = threading.Lock()


class Static:
    """A credential that is sent as it is: a personal token or account and key. It cannot renew itself.

    `at` says where calls with it go when that is another address than the connection's: an app beside the vendor.
    """

    def __init__(
        self, make: Callable[[dict[str, str]], dict[str, str]], at: Callable[[Connection], str] | None = None
    ) -> None:
        self._make = make
        self._at = at

    def headers(self, session: Session) -> dict[str, str]:
        return self._make(credentials.read(session.connection))

    def renew(self, session: Session) -> bool:
        return False

    def base_url(self, session: Session) -> str:
        return self._at(session.connection) if self._at is not None else session.connection.base_url


def bearer(name: str, at: Callable[[Connection], str] | None = None) -> Static:
    """The credential `name` as a bearer token."""
    return Static(lambda secret: {"Authorization": f"Bearer {needed(secret, name)}"}, at)


def basic(user: str, password: str) -> Static:
    """Two credentials as HTTP basic authentication."""

    def header(secret: dict[str, str]) -> dict[str, str]:
        request = Request("GET", "http://unused.invalid")
        next(BasicAuth(needed(secret, user), needed(secret, password)).auth_flow(request))
        return {"Authorization": request.headers["Authorization"]}

    return Static(header)


class Renewable(ABC):
    """A credential that is exchanged for a token, once for all threads of this process until it runs out."""

    @abstractmethod
    def sign_in(self, session: Session) -> Grant:
        """Exchange the credentials for a token. Raises Failed."""

    def header(self, token: str) -> dict[str, str]:
        """The header of a call with this token."""
        return {"Authorization": f"Bearer {token}"}

    def headers(self, session: Session) -> dict[str, str]:
        return self.header(self._grant(session).info.token)

    def base_url(self, session: Session) -> str:
        return self._grant(session).base_url or session.connection.base_url

    def renew(self, session: Session) -> bool:
        with _guard:
            return _grants.pop(_key(session), None) is not None

    def answered(self, session: Session, response: Response) -> Response:
        """The answer to a sign-in, if it is one of success. Raises Failed."""
        if not response.is_success:
            failure = _refused(session, response)
            health.failed(session.connection, failure)
            raise failure
        return response

    def _grant(self, session: Session) -> Grant:
        with _lock_of(session.connection.pk):
            grant = _grants.get(_key(session))
            if grant is None or _over(grant.info):
                grant = self.sign_in(session)
                with _guard:
                    _grants[_key(session)] = grant
            return grant


class OAuth(Renewable):
    """A token endpoint. `form` makes the body of the token request from the credentials (and headers, if any).

    `path` is at the connection's address, or says where else tokens are got. `as_json`: the vendor takes that body as
    JSON.
    """

    def __init__(self, path: str | Callable[[Connection], str], form: TokenForm, *, as_json: bool = False) -> None:
        self._path = path
        self._form = form
        self._as_json = as_json

    def sign_in(self, session: Session) -> Grant:
        form, headers = self._form(session, credentials.read(session.connection))
        body: dict[str, Any] = {"json": form} if self._as_json else {"form": form}
        path = self._path if isinstance(self._path, str) else self._path(session.connection)
        ask = Ask("POST", path, write=False, has_secrets=True, **body)
        response = session.send(ask, session.connection.base_url, headers)
        body = session.data(self.answered(session, response))
        return Grant(token_of(body), str(body.get("instance_url") or ""))


def assertion(
    *,
    private_key: str,
    algorithm: str,
    issuer: str,
    audience: str,
    subject: str = "",
    key_id: str = "",
    seconds: int = 180,
    claims: dict[str, Any] | None = None,
) -> str:
    """A signed JWT for a token request. Raises Failed(AUTH) when the private key cannot be used."""
    # Imported late: all of cryptography, for whoever signs.
    from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
    from joserfc.jwk import ECKey, RSAKey

    header = {"alg": algorithm, "typ": "JWT"}
    if key_id:
        header["kid"] = key_id
    try:
        key = (ECKey if algorithm.startswith("ES") else RSAKey).import_key(private_key)
        return str(
            sign_jwt_bearer_assertion(
                key,
                issuer,
                audience,
                subject=subject or None,
                claims=dict(claims or {}),
                header=header,
                expires_in=seconds,
            )
        )
    except Exception as error:  # authlib, joserfc and cryptography each raise their own
        raise Failed(
            FailureClass.AUTH,
            f"The private key cannot sign with {algorithm}: {type(error).__name__}",
            remedy="Enter a PEM private key that fits the algorithm.",
        ) from error


def _refused(session: Session, response: Response) -> Failed:
    title, status = session.dialect.title, response.status_code
    if status not in {400, 401, 403}:
        return Failed(FailureClass.TRANSIENT, f"{title} answered the sign-in with {status}", status=status)
    return Failed(
        FailureClass.AUTH,
        f"{title} refused the sign-in: {_reason(response)}",
        remedy="Renew the credential of the connection.",
        status=status,
    )


def token_of(body: dict[str, Any]) -> TokenInfo:
    """The token that the answer of a token endpoint carries, and until when."""
    seconds = body.get("expires_in")
    expires_at = now() + timedelta(seconds=float(seconds)) if seconds is not None else None
    return TokenInfo(str(body["access_token"]), expires_at)


def _reason(response: Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return str(response.status_code)
    if not isinstance(body, dict):
        return str(response.status_code)
    return ": ".join(str(body[key]) for key in ("error", "error_description", "title") if body.get(key))


def _over(info: TokenInfo) -> bool:
    return info.expires_at is not None and info.expires_at - _EARLY <= now()


def _key(session: Session) -> tuple[int, bytes]:
    # The sealed bytes are part of the key: new credentials never meet an old token.
    return session.connection.pk, bytes(session.connection.sealed_credentials)


def _lock_of(pk: int) -> threading.Lock:
    with _guard:
        return _locks.setdefault(pk, threading.Lock())


def needed(secret: dict[str, str], name: str) -> str:
    """A credential that must be there. Raises Failed(AUTH)."""
    if not secret.get(name):
        raise Failed(FailureClass.AUTH, f"The credential {name} is not set", remedy="Set the credentials.")
    return secret[name]
