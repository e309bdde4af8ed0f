"""Idempotency keys: what was answered once under a key is answered again for a time; another question is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from .messages import Call, Refusal, Reply, dump
from .store import Store


@dataclass(frozen=True, slots=True)
class Keys:
    """How one vendor keeps keys: the header they come in, what says that an answer is a replay, and its refusals."""

    space: str
    header: str
    replayed: str
    too_long: Callable[[], Reply]
    reused: Callable[[str], Reply]
    seconds: int = 86_400

    def answered(self, store: Store, call: Call, mode: str, now: int, answer: Callable[[], Reply]) -> Reply:
        """The answer to a write: the one that was given under its key, or a new one, which is kept.

        What is refused before anything was begun is not kept: the key is free for the corrected call.
        """
        key = call.headers.get(self.header, "")
        if call.method != "POST" or not key:
            return answer()
        if len(key) > 255:
            raise Refusal(self.too_long())
        name = f"{mode}:{key}"
        digest = hashlib.sha256(f"{call.path}?".encode() + call.body).hexdigest()
        kept = store.fact(self.space, name)
        if kept and kept["at"] > now - self.seconds:
            if kept["digest"] != digest:
                raise Refusal(self.reused(key))
            return Reply(kept["status"], kept["body"], {self.replayed: "true"}, kept=True)
        reply = answer()
        body = reply.body if isinstance(reply.body, str) else dump(reply.body)
        store.remember(self.space, name, {"digest": digest, "status": reply.status, "body": body, "at": now})
        return reply

    def forget(self, store: Store) -> None:
        """As if the time had passed."""
        store.forget(self.space)
