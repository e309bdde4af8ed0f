"""Notices as posts to a chat room, in the format of Slack or of Microsoft Teams, by the room's webhook.

Neither answers a repeated post differently from a first one, so what may have arrived is never posted again by itself.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from integration_hub.connectors import answers, hosts, secrets, transport
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.notices.mail import address_of, subject
from integration_hub.notices.models import Message, Notice, Room

_SECONDS, _CONNECT_SECONDS = 20.0, 5.0
_LONGEST = 600
_ENTER_ANEW = "Enter the room's webhook anew, then have it sent again."


@dataclass(frozen=True, slots=True)
class Post:
    """What is posted where."""

    room: str
    url: str
    body: bytes


def place(room: Room) -> str:
    """Where the secret address of a room belongs."""
    return f"room:{room.code}:url"


def compose(message: Message) -> Post:
    """The post of a message, gravest first. Raises Failed when its address cannot be read."""
    room: Room = message.recipient
    notices = list(message.notices.order_by("severity", "happened_at", "pk"))
    try:
        url = secrets.open_(room.sealed_url, bound_to=place(room))
    except secrets.SecretUnreadable as error:
        raise Failed(FailureClass.AUTH, str(error), remedy=_ENTER_ANEW) from error
    return Post(room.name, url, json.dumps(_FORMATS[room.format](notices)).encode())


def send(post: Post) -> None:
    """Post it. Raises Failed: by its class nothing left, it was refused, or nobody knows."""
    if not (allowed := hosts.may_call(post.url)):
        raise Failed(FailureClass.AUTH, f"{post.room}: {_without_address(allowed.reason, post)}", remedy=_ENTER_ANEW)
    try:
        with _client(post.url) as client:
            answer = client.post(post.url, content=post.body, headers={"Content-Type": "application/json"})
    except transport.NOT_SENT as error:
        raise Failed(FailureClass.TRANSIENT, f"{post.room} cannot be reached: {type(error).__name__}") from error
    except httpx.HTTPError as error:
        raise Failed(
            FailureClass.UNKNOWN_OUTCOME, f"{post.room} did not answer ({type(error).__name__}); it may have it."
        ) from error
    if not answer.is_success:
        raise _refused(post, answer)


def _client(url: str) -> httpx.Client:
    loopback = (urlsplit(url).hostname or "") in {"localhost", "127.0.0.1", "::1"}
    return httpx.Client(
        timeout=httpx.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
        follow_redirects=False,
        verify=transport.trust(),
        trust_env=not loopback,
        headers={"User-Agent": "Throughline/1"},
    )


def _refused(post: Post, answer: httpx.Response) -> Failed:
    """What a refusal means: come later, the address does not hold any more, or it dislikes the post."""
    status = answer.status_code
    told = f"{post.room} answers {status}"
    if status in (429, 503):
        return Failed(FailureClass.RATE, told, retry_after=answers.retry_after(answer), status=status)
    if status >= 500:
        return Failed(FailureClass.UNKNOWN_OUTCOME, f"{told}; it may have it.", status=status)
    if status in (401, 403, 404, 410) or answer.is_redirect:
        return Failed(FailureClass.AUTH, told, remedy=_ENTER_ANEW, status=status)
    return Failed(FailureClass.REJECTED, told, status=status)


def _without_address(text: str, post: Post) -> str:
    return text.replace(post.url, "its address")


def _line(notice: Notice) -> str:
    entity = f" · {notice.legal_entity}" if notice.legal_entity else ""
    return f"S{notice.severity} · {notice.get_kind_display()}{entity}"


def _slack(notices: list[Notice]) -> dict[str, Any]:
    def section(notice: Notice) -> dict[str, Any]:
        link = f"<{address_of(notice)}|{_slack_text(notice.title)}>"
        text = f"*{_line(notice)}*\n{link}\n{_slack_text(notice.text)}"
        return {"type": "section", "text": {"type": "mrkdwn", "text": text}}

    return {"text": _slack_text(subject(notices)), "blocks": [section(notice) for notice in notices]}


def _slack_text(text: str) -> str:
    """Slack's three characters with a meaning, and no line may begin another block."""
    for character, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, written)
    return " ".join(text.split())[:_LONGEST]


def _teams(notices: list[Notice]) -> dict[str, Any]:
    def blocks(notice: Notice) -> list[dict[str, Any]]:
        return [
            {"type": "TextBlock", "text": _line(notice), "weight": "Bolder", "wrap": True, "separator": True},
            {"type": "TextBlock", "text": f"[{_plain(notice.title)}]({address_of(notice)})", "wrap": True},
            {"type": "TextBlock", "text": _plain(notice.text), "wrap": True, "isSubtle": True},
        ]

    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": subject(notices),
        "body": [block for notice in notices for block in blocks(notice)],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _plain(text: str) -> str:
    """Text in which Markdown means nothing."""
    return re.sub(r"([\\`*_\[\]()#>~])", r"\\\1", " ".join(text.split())[:_LONGEST])


_FORMATS: dict[str, Callable[[list[Notice]], dict[str, Any]]] = {Room.Format.SLACK: _slack, Room.Format.TEAMS: _teams}
