"""A consumer of webhooks: looks at the signature, keeps each message once, and remembers how often it came."""

from __future__ import annotations

import json

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from .. import accounts
from ..messages import Call, Handler, Json, Refusal, Reply
from ..store import Kind
from ..vendor import Vendor

KIND = Kind("webhook_messages", key="TEXT")


class Consumer(Vendor):
    """One consumer with one secret."""

    name = "webhook"

    def install(self) -> None:
        self.store.define([KIND])
        self.messages = self.store.records(KIND)

    def seed(self) -> None:
        """It has nothing to begin with."""

    def table(self) -> list[tuple[str, str, Handler]]:
        return [("POST", "", self.take)]

    def authorize(self, call: Call) -> None:
        try:
            Webhook(accounts.WEBHOOK_SECRET).verify(call.body, dict(call.headers))
        except (WebhookVerificationError, ValueError) as problem:
            raise Refusal(Reply(401, {"error": str(problem)})) from None

    def expire(self, call: Call) -> None:
        """A signature does not run out."""

    def writes(self, call: Call) -> bool:
        """A message told again changes nothing, so it counts as a question."""
        return False

    def failure(self, status: int, message: str = "") -> Reply:
        return Reply(status, {"error": message or "Something went wrong."})

    def not_found(self, call: Call) -> Reply:
        return self.failure(404, "Not found.")

    def throttled(self) -> Reply:
        return self.failure(429, "Too many messages.")

    def over_quota(self) -> Reply:
        return self.throttled()

    def take(self, call: Call) -> Reply:
        """Keep the message; one that came before is counted."""
        key = call.headers["webhook-id"]
        body = json.loads(call.body)
        refused = self.setting("refuses")
        if refused and body["type"] == refused:
            return self.failure(422, f"This consumer wants no {refused}.")
        known = self.messages.get(key)
        place = known["place"] if known else self.store.next("webhook_place")
        times = known["times"] + 1 if known else 1
        self.messages.put(key, {"id": key, "place": place, "times": times, "message": body}, self.store.clock.tick())
        return Reply(204)

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        raise ValueError("A consumer is sent messages, nothing else.")

    def ledger(self) -> Json:
        """What it was told, in the order it came first."""
        rows = sorted(self.store.bodies(KIND.table), key=lambda row: int(row["place"]))
        return {"vendor": self.name, "messages": rows}
