"""Connect's proof of a webhook: one header for each active key, over the body as it is."""

from __future__ import annotations

import base64
import hashlib
import hmac


def headers(secret: str, body: str) -> dict[str, str]:
    """The headers of a delivery; `secret` holds the active keys, parted by spaces."""
    signed = {
        f"X-DocuSign-Signature-{number}": base64.b64encode(
            hmac.new(key.encode(), body.encode(), hashlib.sha256).digest()
        ).decode()
        for number, key in enumerate(secret.split(), 1)
    }
    return {"x-authorization-digest": "HMACSHA256", **signed}
