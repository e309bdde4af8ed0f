"""Stripe's webhooks: one header with the time and one signature per secret, over the raw body."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from integration_hub.connectors.hooks import NO_MATCH, UNSIGNED, Unverified, in_time


def verify(headers: Mapping[str, str], body: bytes, secrets: list[str]) -> str:
    """The id of the event, when a signature holds and its time is within the tolerance. Raises Unverified."""
    parts = [part.partition("=") for part in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    signatures = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if not times or not signatures:
        raise Unverified(UNSIGNED)
    in_time(times[0])
    ours = [_signed(secret, times[0], body) for secret in secrets]
    if not any(hmac.compare_digest(one.encode(), their.encode()) for one in ours for their in signatures):
        raise Unverified(NO_MATCH)
    return _event(body)


def _signed(secret: str, moment: str, body: bytes) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def _event(body: bytes) -> str:
    """The event's own id: a delivery that is tried again has another time and signature. Else what it says."""
    try:
        told = json.loads(body)
        key = told.get("id") if isinstance(told, dict) else None
    except (ValueError, RecursionError):
        key = None
    return key if isinstance(key, str) and key else f"sha256:{hashlib.sha256(body).hexdigest()}"
