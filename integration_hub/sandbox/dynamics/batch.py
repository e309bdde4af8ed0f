"""`$batch`: requests in one multipart body. Those of a change set are done together or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from ..messages import Call, Refusal, Reply
from ..store import Store
from .errors import bad

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_REQUEST = re.compile(r"(GET|POST|PATCH|DELETE) (\S+) HTTP/1\.1")
ANSWER = "batchresponse_landscape"
Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers in small letters, and what is in it."""

    headers: dict[str, str]
    body: str


def answered(call: Call, store: Store, handle: Handler) -> Reply:
    """The answers to all parts. A change set that fails is answered by its first error, and undone."""
    out: list[str] = []
    for part in parts(call.headers.get("content-type", ""), call.body.decode(errors="replace")):
        if part.headers.get("content-type", "").startswith("multipart/mixed"):
            out.append(_change_set(call, store, handle, part))
        else:
            out.append(_http(_told(handle, _inner(call, part))))
    if not out:
        raise bad("The batch has no requests.")
    body = _joined(ANSWER, out)
    return Reply(200, body, {"Content-Type": f"multipart/mixed; boundary={ANSWER}"})


def _change_set(call: Call, store: Store, handle: Handler, part: Part) -> str:
    replies: list[Reply] = []
    try:
        with store.attempt("changeset"):
            for inner in parts(part.headers["content-type"], part.body):
                replies.append(handle(_inner(call, inner)))
    except Refusal as refusal:
        return _http(refusal.reply)
    boundary = "changesetresponse_landscape"
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n" + _joined(boundary, [*map(_http, replies)])


def _told(handle: Handler, call: Call) -> Reply:
    try:
        return handle(call)
    except Refusal as refusal:
        return refusal.reply


def parts(content_type: str, text: str) -> list[Part]:
    """The parts of a multipart body. Raises Refusal where it is none."""
    named = _BOUNDARY.search(content_type)
    if named is None:
        raise bad("A batch needs a Content-Type of multipart/mixed with a boundary.")
    found = []
    for piece in text.replace("\r\n", "\n").split(f"--{named[1].strip()}")[1:]:
        if piece.startswith("--"):
            break
        head, _, body = piece.lstrip("\n").partition("\n\n")
        headers = dict(line.split(":", 1) for line in head.splitlines() if ":" in line)
        found.append(Part({name.strip().lower(): value.strip() for name, value in headers.items()}, body.rstrip("\n")))
    return found


def _inner(call: Call, part: Part) -> Call:
    """One request of a batch as a call of its own."""
    head, _, body = part.body.partition("\n\n")
    first, *rest = head.strip().splitlines() or [""]
    request = _REQUEST.fullmatch(first.strip())
    if request is None:
        raise bad(f"'{first[:60]}' is no request of a batch.")
    url = urlsplit(request[2])
    path = url.path if url.path.startswith("/") else f"/data/{url.path}"
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Call(request[1], path, query, headers, body.encode(), call.origin, call.shape)


def _http(reply: Reply) -> str:
    reason = HTTPStatus(reply.status).phrase
    body = reply.payload().decode()
    kind = "Content-Type: application/json; odata.metadata=minimal\r\n" if body else ""
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return f"{head}HTTP/1.1 {reply.status} {reason}\r\n{kind}OData-Version: 4.0\r\n\r\n{body}"


def _joined(boundary: str, pieces: list[str]) -> str:
    return "".join(f"--{boundary}\r\n{piece}\r\n" for piece in pieces) + f"--{boundary}--\r\n"
