"""CSRF tokens: fetched with a read, bound to the session its cookie names, and run out with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from ..messages import Call, Refusal, Reply
from ..store import Store
from .errors import problem

COOKIE = "SAP_SESSIONID_S4H_100"
_SESSIONS = "sap:sessions"


class Sessions:
    """The sessions of the tenant; each has one token."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._setting = setting

    def end(self) -> None:
        """All of them run out."""
        self._store.forget(_SESSIONS)

    def offer(self, call: Call, reply: Reply) -> None:
        """Give a token to a read that asks for one."""
        if call.headers.get("x-csrf-token", "").lower() != "fetch" or reply.failed:
            return
        number = self._store.next("sap:session")
        session = hashlib.sha256(f"session/{number}/{self._store.clock.tick()}".encode()).hexdigest()[:32]
        token = session[::-1]
        until = self._store.clock.now() + self._setting("csrf_seconds") * 1000
        self._store.remember(_SESSIONS, session, [token, until])
        reply.headers |= {"x-csrf-token": token, "set-cookie": f"{COOKIE}={session}; path=/; HttpOnly"}

    def check(self, call: Call) -> None:
        """Raise unless a write carries the token of its session."""
        pairs = (pair.strip().partition("=") for pair in call.headers.get("cookie", "").split(";"))
        session = {name: value for name, _, value in pairs}.get(COOKIE, "")
        known = self._store.fact(_SESSIONS, session) if session else None
        if known is None or known[0] != call.headers.get("x-csrf-token") or known[1] <= self._store.clock.now():
            reply = problem(403, "005056A509B11EE1B9A8FEC11C21578E", "CSRF token validation failed")
            reply.headers["x-csrf-token"] = "Required"
            raise Refusal(reply)
