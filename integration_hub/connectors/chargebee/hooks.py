"""Chargebee's webhooks: a user and a password on our address, and nothing that is signed.

Whoever knows the password may wake a feed, and no more: what an event says is never applied.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from integration_hub.connectors.hooks import NO_MATCH, UNSIGNED, Unverified, content_of, happened_in_time

TRIES = timedelta(days=3)
"""How long Chargebee tries again."""


def verify(headers: Mapping[str, str], body: bytes, secrets: list[str]) -> str:
    """The id of the event, when one of the passwords holds. Raises Unverified."""
    told = headers.get("authorization", "")
    if not told:
        raise Unverified(UNSIGNED)
    if not any(hmac.compare_digest(_basic(secret), told.encode("utf-8", "replace")) for secret in secrets):
        raise Unverified(NO_MATCH)
    event = content_of(body)
    happened_in_time(_moment(event.get("occurred_at")), TRIES)
    return str(event.get("id") or "")


def _basic(secret: str) -> bytes:
    return b"Basic " + base64.b64encode(secret.encode())


def _moment(seconds: object) -> str:
    """Seconds since 1970 as a date; anything else as it is, to be refused."""
    told = isinstance(seconds, int) and 0 <= seconds < 10**11
    return datetime.fromtimestamp(int(str(seconds)), UTC).isoformat() if told else str(seconds)
