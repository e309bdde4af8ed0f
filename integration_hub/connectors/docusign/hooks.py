"""Connect's webhooks: one header for each active key, base64 of HMAC-SHA256 over the raw body; any may match."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta

from integration_hub.connectors.hooks import NO_MATCH, UNSIGNED, Unverified, content_of, happened_in_time

TRIES = timedelta(days=15)
"""How long Connect tries again; sources disagree, and this is the longest."""
MOST_KEYS = 100


def verify(headers: Mapping[str, str], body: bytes, secrets: list[str]) -> str:
    """The id of the event: envelope, event, and when it was made, for Connect gives none. Raises Unverified."""
    numbered = (headers.get(f"x-docusign-signature-{number}", "") for number in range(1, MOST_KEYS + 1))
    signatures = [found for found in numbered if found]
    if not signatures:
        raise Unverified(UNSIGNED)
    ours = [_signed(secret, body) for secret in secrets]
    if not any(hmac.compare_digest(one, their.encode("utf-8", "replace")) for one in ours for their in signatures):
        raise Unverified(NO_MATCH)
    told = content_of(body)
    happened_in_time(told.get("generatedDateTime"), TRIES)
    data = told.get("data")
    envelope = data.get("envelopeId") if isinstance(data, dict) else ""
    return f"{envelope}:{told.get('event')}:{told['generatedDateTime']}"


def _signed(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
