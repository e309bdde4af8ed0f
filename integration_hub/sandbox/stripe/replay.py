"""Idempotency keys: what was answered once under a key is answered again, for a day; another question is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ..messages import Call, Refusal, Reply, dump
from ..store import Store
from .wording import error

A_DAY = 86_400
_SPACE = "stripe:idempotency"


def answered(store: Store, call: Call, mode: str, now: int, answer: Callable[[], Reply]) -> Reply:
    """The answer to a write: the one that was given under its key, or a new one, which is kept.

    What is refused before anything was begun is not kept: the key is free for the corrected call.
    """
    key = call.headers.get("idempotency-key", "")
    if call.method != "POST" or not key:
        return answer()
    if len(key) > 255:
        raise Refusal(error(400, "Idempotency keys can be up to 255 characters long."))
    name = f"{mode}:{key}"
    digest = hashlib.sha256(f"{call.path}?".encode() + call.body).hexdigest()
    kept = store.fact(_SPACE, name)
    if kept and kept["at"] > now - A_DAY:
        if kept["digest"] != digest:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise Refusal(error(400, message, kind="idempotency_error"))
        headers = {"Idempotent-Replayed": "true"}
        return Reply(kept["status"], kept["body"], headers, kept=True)
    reply = answer()
    body = reply.body if isinstance(reply.body, str) else dump(reply.body)
    store.remember(_SPACE, name, {"digest": digest, "status": reply.status, "body": body, "at": now})
    return reply


def forget(store: Store) -> None:
    """As if a day had passed."""
    store.forget(_SPACE)
