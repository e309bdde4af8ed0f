"""What each answer of another system is taken for: worked out by the code that sorts real answers, not written down."""

from http import HTTPStatus

import httpx

from integration_hub.connectors import answers, transport
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.kernel.failures import FailureClass
from integration_hub.work.registry import Sign

STATUSES = (302, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 503, 504)


class Plain(Silent):
    """A vendor without error codes of its own."""

    title = "The vendor"

    def complaint(self, response: httpx.Response) -> Complaint:
        """Nothing more than the status says."""
        return Complaint()


def signs() -> list[Sign]:
    """Statuses, then lines that break."""
    found = [
        Sign(f"{status} {HTTPStatus(status).phrase}", _of(status, write=False), _of(status, write=True))
        for status in STATUSES
    ]
    for what, error in (
        ("Not reachable", httpx.ConnectError("")),
        ("No answer in time", httpx.ReadTimeout("")),
        ("The line breaks", httpx.ReadError("")),
    ):
        found.append(Sign(what, _broken(error, write=False), _broken(error, write=True)))
    return found


def _of(status: int, *, write: bool) -> FailureClass:
    return answers.failure(Plain(), httpx.Response(status), write=write).kind


def _broken(error: httpx.HTTPError, *, write: bool) -> FailureClass:
    ask = transport.Ask("POST" if write else "GET", "/", write=write)
    return transport.broken(Plain(), ask, error).kind
