"""One HTTP client for all vendors: a few connections, patience with throttling, refusals in the vendor's own words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

import httpx

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")

CONNECTIONS = 4
PATIENCE = 8
"""Attempts before a throttled or unreachable vendor counts as down."""


class VendorRefused(RuntimeError):
    """A vendor answered no. Carries what was asked and what was said, for the person who reads the demo's log."""

    def __init__(self, method: str, url: str, status: int, text: str) -> None:
        super().__init__(f"{method} {url} answered {status}: {text[:600]}")
        self.status = status
        self.text = text


class Api:
    """Calls to one vendor. Throttled calls wait; reads survive a broken connection, writes do not guess."""

    def __init__(self, base: str, headers: Mapping[str, str] | None = None) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS * 2, max_keepalive_connections=CONNECTIONS)
        self.http = httpx.Client(base_url=base, headers=dict(headers or {}), timeout=60, limits=limits, trust_env=False)

    def close(self) -> None:
        self.http.close()

    def ask(
        self, method: str, path: str, *, body: Any = None, query: Mapping[str, Any] | None = None, **extra: Any
    ) -> Any:
        """The parsed answer. Raises VendorRefused for an error status, httpx errors for a dead connection."""
        return self.call(method, path, body=body, query=query, **extra)[0]

    def call(
        self, method: str, path: str, *, body: Any = None, query: Mapping[str, Any] | None = None, **extra: Any
    ) -> tuple[Any, httpx.Headers]:
        """The parsed answer and its headers."""
        answer = self._patiently(method, path, body, query, extra)
        if answer.is_error:
            raise VendorRefused(method, str(answer.url), answer.status_code, answer.text)
        return (answer.json() if answer.content else None), answer.headers

    def _patiently(
        self, method: str, path: str, body: Any, query: Mapping[str, Any] | None, extra: dict[str, Any]
    ) -> httpx.Response:
        for attempt in range(PATIENCE):
            last = attempt == PATIENCE - 1
            try:
                answer = self.http.request(method, path, json=body, params=query, **extra)
            except httpx.TransportError:
                if method != "GET" or last:
                    raise
            else:
                if answer.status_code not in {429, 503} or last:
                    return answer
            time.sleep(0.05 * 2**attempt)
        raise AssertionError("unreachable")


def batches(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """The items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def side_by_side(act: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do it for all items over a few connections at once; answers in the order of the items."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(act, items))
