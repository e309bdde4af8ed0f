"""The one place that knows the server under the landscape: connections that can be cut without an answer."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[Any, Any], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """HTTP/1.1 that remembers its connections by their two ends."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _open[(self.server, self.client)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop((self.server, self.client), None)
        super().connection_lost(exc)


async def cut(scope: MutableMapping[str, Any]) -> None:
    """Drop the connection of a request; the client sees it reset, as when a gateway dies."""
    server, client = scope.get("server"), scope.get("client")
    transport = _open.get((tuple(server) if server else None, tuple(client) if client else None))
    if transport is not None:
        transport.abort()
    await asyncio.sleep(0)  # lets the server notice before it would answer by itself
    await asyncio.sleep(0)
