"""`$batch` with one change set: all of its requests are done, or none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import Any

import httpx

_BATCH, _SET = "batch_throughline", "changeset_throughline"
CONTENT_TYPE = f"multipart/mixed; boundary={_BATCH}"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a change set."""

    method: str
    path: str
    values: dict[str, Any]


def body(requests: Sequence[Request]) -> bytes:
    """The body of a batch of one change set."""
    pieces = [_piece(number, request) for number, request in enumerate(requests, 1)]
    inner = "".join(f"--{_SET}\r\n{piece}\r\n" for piece in pieces) + f"--{_SET}--\r\n"
    head = f"--{_BATCH}\r\nContent-Type: multipart/mixed; boundary={_SET}\r\n\r\n"
    return f"{head}{inner}--{_BATCH}--\r\n".encode()


def _piece(number: int, request: Request) -> str:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    first = f"Content-ID: {number}\r\n\r\n{request.method} {request.path} HTTP/1.1\r\n"
    kind = "Content-Type: application/json; charset=utf-8\r\n\r\n"
    return f"{head}{first}{kind}{json.dumps(request.values, ensure_ascii=False)}"


def answers(response: httpx.Response) -> list[httpx.Response]:
    """The answer to each request, or to the whole change set where it failed; none where it is no batch."""
    kind = response.headers.get("content-type", "")
    if not kind.startswith("multipart/mixed"):
        return []
    # 8bit: the parts are UTF-8, whatever the mail parser would make of them.
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.content, policy=policy.HTTP)
    return [_answer(part) for part in message.walk() if part.get_content_type() == "application/http"]


def _answer(part: Message) -> httpx.Response:
    raw = part.get_payload(decode=True)
    head, _, content = (raw if isinstance(raw, bytes) else b"").replace(b"\r\n", b"\n").partition(b"\n\n")
    status = head.split(b" ", 2)[1] if head.count(b" ") else b"0"
    headers = {"content-type": "application/json"}
    return httpx.Response(int(status) if status.isdigit() else 0, headers=headers, content=content.strip())
