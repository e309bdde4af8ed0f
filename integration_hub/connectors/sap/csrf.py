"""CSRF tokens: fetched with a read, sent with every write together with the cookies they came with."""

import threading

import httpx

from integration_hub.connectors.transport import Session
from integration_hub.kernel.failures import Failed, FailureClass

HEADER = "x-csrf-token"
_kept: dict[tuple[int, bytes, str], dict[str, str]] = {}
_guard = threading.Lock()


def headers(session: Session, service: str) -> dict[str, str]:
    """Token and cookies for writes to a service; fetched where we have none. Raises Failed."""
    key = _key(session, service)
    with _guard:
        known = _kept.get(key)
    if known is None:
        known = _fetched(session.get(service, headers={HEADER: "Fetch"}))
        with _guard:
            _kept[key] = known
    return known


def refused(session: Session, service: str, response: httpx.Response) -> bool:
    """Whether a write was refused, unread, for its token; it is forgotten then."""
    if response.status_code != 403 or response.headers.get(HEADER, "").lower() != "required":
        return False
    with _guard:
        _kept.pop(_key(session, service), None)
    return True


def _fetched(response: httpx.Response) -> dict[str, str]:
    token = response.headers.get(HEADER, "")
    if not token:
        raise Failed(
            FailureClass.TRANSIENT,
            "SAP gave no CSRF token",
            remedy="Check the base address: the API host of the tenant has -api in its name.",
        )
    # The pair is kept here, not in the cookie jar: another thread's session would take the place of ours.
    cookies = [cookie.partition(";")[0] for cookie in response.headers.get_list("set-cookie")]
    return {HEADER: token, "Cookie": "; ".join(cookies)}


def _key(session: Session, service: str) -> tuple[int, bytes, str]:
    # The sealed bytes are part of the key: new credentials never meet an old session.
    return session.connection.pk, bytes(session.connection.sealed_credentials), service
