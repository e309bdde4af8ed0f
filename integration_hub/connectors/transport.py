"""HTTP to vendors: a client per connection, calls logged without bodies, failures sorted by who must act."""

import hashlib
import os
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from django.db import connection as database
from django.db import transaction

from integration_hub.connectors import answers, budget, health, hosts, learning
from integration_hub.connectors.models import Call, Connection
from integration_hub.kernel import ids
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail import record

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
_CUT = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.ConnectError)
_SECRET_WORDS = ("token", "secret", "password", "assertion", "signature", "license", "authorization", "api_key")

_clients: dict[tuple[int, int, str], httpx.Client] = {}
_clients_lock = threading.Lock()


class Auth(Protocol):
    """How a connection signs in."""

    def headers(self, session: "Session") -> dict[str, str]:
        """Headers of a call; signs in when there is no token yet. Raises Failed(AUTH)."""
        ...

    def renew(self, session: "Session") -> bool:
        """Forget the token after a 401; False when there is nothing to renew by itself."""
        ...

    def base_url(self, session: "Session") -> str:
        """Where calls go; a vendor may name the host when we sign in."""
        ...


@dataclass(slots=True)
class Ask:
    """One request. `write` decides what a lost answer means; reads by POST (queries, quotes) set it to False."""

    method: str
    path: str
    write: bool
    params: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    """A body that must travel byte for byte, because it is signed."""
    has_secrets: bool = False
    """The body carries credentials: not even its hash is kept."""
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float | None = None
    expected: tuple[int, ...] = ()
    """Error statuses the caller understands, e.g. 404 for "not there"."""


class Session:
    """Calls of one connection. Use it outside database transactions: a vendor's answer cannot be rolled back."""

    def __init__(
        self, connection: Connection, *, auth: Auth, dialect: answers.Dialect, even_if_paused: bool = False
    ) -> None:
        self.connection = connection
        self.auth = auth
        self.dialect = dialect
        self._even_if_paused = even_if_paused
        self._standing: health.Standing | None = None
        """The connection's health as the log of the last call saw it."""

    def get(self, path: str, params: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Read. Raises Failed."""
        return self.ask(Ask("GET", path, write=False, params=params, **more))

    def path_of(self, url: str) -> str:
        """Path and query of an address that an answer names. Raises Failed when it lies on another host."""
        ours, theirs = urlsplit(self.auth.base_url(self)), urlsplit(url)
        if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
            raise Failed(
                FailureClass.REJECTED,
                f"{self.dialect.title} leads to {theirs.scheme}://{theirs.netloc} for its next page",
                remedy="Check the base address of the connection: credentials are sent to no other host.",
            )
        return f"{theirs.path}?{theirs.query}" if theirs.query else theirs.path

    def ask(self, ask: Ask) -> httpx.Response:
        """Send a request and return its answer; anything but success, or an expected status, raises Failed.

        A 401 is answered by signing in again once: it was refused unread, so even a write is safe to repeat.
        """
        response = self._signed(ask)
        if response.status_code == 401 and 401 not in ask.expected and self.auth.renew(self):
            response = self._signed(ask)
        if gauge := self.dialect.gauge(response):
            learning.noted(self.connection, gauge)
        if response.is_success or response.status_code in ask.expected:
            health.answered(self.connection, self._standing)
            return response
        failure = answers.failure(self.dialect, response, write=ask.write)
        if throttle := answers.throttle(self.dialect.complaint(response), response.status_code):
            learning.refused(self.connection, throttle, failure.retry_after)
        health.failed(self.connection, failure)
        raise failure

    def data(self, response: httpx.Response, *, write: bool = False) -> Any:
        """The JSON of an answer. Raises Failed."""
        return answers.json_of(self.dialect, response, write=write)

    def _signed(self, ask: Ask) -> httpx.Response:
        refuse_inside_transaction()
        health.admit(self.connection, even_if_paused=self._even_if_paused)
        headers = {**self.auth.headers(self), **ask.headers}
        return self.send(ask, self.auth.base_url(self), headers)

    def send(self, ask: Ask, base_url: str, headers: dict[str, str]) -> httpx.Response:
        """One request as it is, with log, budget and the meaning of a broken line; used by sign-in too."""
        url = ask.path if ask.path.startswith(("http://", "https://")) else f"{base_url.rstrip('/')}{ask.path}"
        _refuse_address(url, self.connection)
        for last in (False, True):
            try:
                with budget.call(self.connection):
                    return self._attempt(ask, url, headers)
            except httpx.HTTPError as error:
                if not last and ask.method == "GET" and isinstance(error, _CUT):
                    continue  # a read changes nothing, and a kept-alive connection may just have ended
                failure = broken(self.dialect, ask, error)
                health.failed(self.connection, failure)
                raise failure from error
        raise AssertionError("unreachable")

    def _attempt(self, ask: Ask, url: str, headers: dict[str, str]) -> httpx.Response:
        correlation = record.correlation() or ids.correlation_id()
        call = Call(
            connection=self.connection,
            method=ask.method,
            path=shown_path(url, ask.params)[:500],
            request_hash=_hash_of(ask),
            correlation_id=correlation[:40],
        )
        started = time.monotonic()
        try:
            response = client_of(self.connection).request(
                ask.method,
                url,
                params=ask.params,
                json=ask.json,
                data=ask.form,
                content=ask.content,
                headers={**headers, "X-Correlation-Id": correlation},
                timeout=ask.timeout if ask.timeout is not None else httpx.USE_CLIENT_DEFAULT,
            )
        except httpx.HTTPError as error:
            call.outcome = "not_sent" if isinstance(error, NOT_SENT) else "no_answer"
            call.error = f"{type(error).__name__}: {error}"[:500]
            raise
        else:
            call.status = response.status_code
            call.outcome = "ok" if response.is_success else "refused"
            if not response.is_success:
                call.error = self.dialect.complaint(response).text[:500]
            return response
        finally:
            call.milliseconds = int((time.monotonic() - started) * 1000)
            self._standing = health.logged(call)


def _hash_of(ask: Ask) -> str:
    """What was sent, as far as it is kept: the hash of a body that carries no credentials."""
    if ask.has_secrets:
        return ""
    if ask.content is not None:
        return hashlib.sha256(ask.content).hexdigest()
    return ids.content_hash(ask.json) if ask.json is not None else ""


def broken(dialect: answers.Dialect, ask: Ask, error: httpx.HTTPError) -> Failed:
    """What a broken line means: not sent, sent without effect (a read), or nobody knows."""
    if isinstance(error, NOT_SENT):
        return Failed(FailureClass.TRANSIENT, f"{dialect.title} cannot be reached: {error}")
    if ask.write:
        return Failed(
            FailureClass.UNKNOWN_OUTCOME,
            f"{dialect.title} did not answer {ask.method} {urlsplit(ask.path).path}; it may have done it",
            remedy="Nothing to do: the target is asked what it has.",
        )
    return Failed(FailureClass.TRANSIENT, f"{dialect.title} did not answer: {type(error).__name__}")


def refuse_inside_transaction() -> None:
    """Raise RuntimeError inside somebody's transaction: what is sent stays sent when the transaction rolls back."""
    if database.in_atomic_block:
        with transaction.atomic(durable=True):  # which bears the transaction a test runs in
            pass


def _refuse_address(url: str, connection: Connection) -> None:
    decision = hosts.may_call(url)
    if not decision:
        raise Failed(FailureClass.AUTH, f"{connection}: {decision.reason}", remedy="Correct the base address.")


@cache
def trust() -> ssl.SSLContext:
    """The certificates this process trusts, read once: reading them costs more than most calls."""
    return httpx.create_ssl_context()


def client_of(connection: Connection) -> httpx.Client:
    """The HTTP client of a connection in this process, with its own pool and time limits."""
    seconds = float(connection.settings.get("timeout_seconds") or 60)
    key = (os.getpid(), connection.pk, f"{connection.base_url}|{seconds}")
    with _clients_lock:
        if key not in _clients:
            _clients[key] = httpx.Client(
                timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)),
                follow_redirects=False,
                verify=trust(),
                trust_env=not _is_loopback(connection.base_url),
                headers={"User-Agent": "Throughline/1", "Accept": "application/json"},
            )
        return _clients[key]


def close_clients() -> None:
    """Close all clients of this process."""
    with _clients_lock:
        for client in _clients.values():
            client.close()
        _clients.clear()


def _is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in {"localhost", "127.0.0.1", "::1"}


def shown_path(url: str, params: Mapping[str, Any] | None) -> str:
    """Path and query as the call log keeps them, with anything that smells of a secret masked."""
    parts = urlsplit(url)
    query = httpx.QueryParams(parts.query).merge(httpx.QueryParams(dict(params or {})))
    shown = "&".join(
        f"{name}={'…' if any(word in name.lower() for word in _SECRET_WORDS) else value}"
        for name, value in query.multi_items()
    )
    path = parts.path or "/"
    return f"{path}?{shown}" if shown else path
