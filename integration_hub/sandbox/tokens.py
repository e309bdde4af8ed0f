"""Access tokens: really issued, really checked, really revoked."""

from __future__ import annotations

import hashlib
import time

from .store import Store


class Tokens:
    """The tokens of one vendor. They live in the state file, so a restart does not sign everybody out."""

    def __init__(self, store: Store, vendor: str) -> None:
        self._store = store
        self._space = f"tokens:{vendor}"
        self._vendor = vendor

    def issue(self, prefix: str, lifetime: float | None) -> str:
        """A new token; `lifetime` in seconds, None for one that never expires."""
        number = self._store.next(f"token:{self._vendor}")
        digest = hashlib.sha256(f"{self._vendor}/{number}/{time.time_ns()}".encode()).hexdigest()
        token = f"{prefix}{digest}"
        self.grant(token, lifetime)
        return token

    def grant(self, token: str, lifetime: float | None) -> None:
        self._store.remember(self._space, token, None if lifetime is None else time.time() + lifetime)

    def valid(self, token: str) -> bool:
        """Whether the token was issued, was not revoked and has not run out."""
        row = self._store.query("SELECT value FROM facts WHERE space = ? AND key = ?", (self._space, token))
        return bool(row) and (row[0][0] == "null" or float(row[0][0]) > time.time())

    def revoke(self, token: str | None = None) -> None:
        """Revoke one token, or all."""
        self._store.forget(self._space, token)


def bearer(header: str) -> str:
    """The token of an Authorization header, or nothing."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() in {"bearer", "oauth"} else ""
