"""Proofs of webhooks: how a delivery shows that it comes from its sender. Standard Webhooks, unless a vendor signs in a
way of its own."""

import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from standardwebhooks import Webhook

from integration_hub.kernel.clock import now
from integration_hub.kernel.registry import Registry

LONGEST_ID = 120
UNSIGNED, NO_MATCH = "A header of the signature is missing.", "No signature matches."


class Unverified(Exception):
    """The delivery is not proven to come from its sender; the text is for the administrator, never for the caller."""


Scheme = Callable[[Mapping[str, str], bytes, list[str]], str]
"""Headers (by any case), raw body and secrets → the delivery's id. Raises Unverified."""

SCHEMES: Registry[Scheme] = Registry("webhook scheme")
"""Per vendor that does not send Standard Webhooks."""


def verify(vendor: str, headers: Mapping[str, str], body: bytes, secrets: list[str]) -> str:
    """The delivery's id, when one of the signatures holds and its time is within the tolerance. Raises Unverified."""
    if not secrets:
        raise Unverified("Our signing secret cannot be opened.")
    found = (SCHEMES.find(vendor) or standard)(headers, body, secrets)
    if len(found) <= LONGEST_ID and found.isprintable():
        return found
    return f"sha256:{hashlib.sha256(found.encode()).hexdigest()}"


def in_time(stamp: str) -> datetime:
    """The moment of a delivery in seconds since 1970. Raises Unverified when it is too long ago, or to come."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unverified("The timestamp is not a number of seconds.")
    return _within(datetime.fromtimestamp(int(stamp), UTC), timedelta(seconds=settings.WEBHOOK_TOLERANCE_SECONDS))


def happened_in_time(stamp: object, tries: timedelta) -> datetime:
    """The same of an event whose body says when it happened, and which its sender tries again for so long.

    That is no shield against a replay within this time: the event's id is, under which it counts once.
    """
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        raise Unverified("The timestamp is not a date.") from None
    return _within(moment if moment.tzinfo else moment.replace(tzinfo=UTC), tries)


def _within(moment: datetime, tolerance: timedelta) -> datetime:
    if abs(now() - moment) > tolerance:
        raise Unverified("The timestamp is outside the tolerance.")
    return moment


def content_of(body: bytes) -> dict[str, Any]:
    """The JSON object of a delivery; an empty one when it is none, which is told when the delivery is taken."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def standard(headers: Mapping[str, str], body: bytes, secrets: list[str]) -> str:
    """Standard Webhooks: id, time and body are signed."""
    message_id, signatures = headers.get("webhook-id", ""), headers.get("webhook-signature", "")
    if not message_id or not signatures:
        raise Unverified(UNSIGNED)
    moment = in_time(headers.get("webhook-timestamp", ""))
    if not any(_holds(secret, message_id, moment, body, signatures) for secret in secrets):
        raise Unverified(NO_MATCH)
    return message_id


def _holds(secret: str, message_id: str, moment: datetime, body: bytes, signatures: str) -> bool:
    """Whether one of the `v1` signatures is ours. The library signs; its own check has a fixed tolerance."""
    try:
        ours = Webhook(secret).sign(msg_id=message_id, timestamp=moment, data=body.decode())
    except (UnicodeDecodeError, binascii.Error, ValueError, RuntimeError):
        return False
    theirs = [part for part in signatures.split() if part.startswith("v1,")]
    return any(hmac.compare_digest(ours.encode(), part.encode("utf-8", "replace")) for part in theirs)
