"""Stripe's signature of a webhook: over the time, a point, and the body as it is."""

from __future__ import annotations

import hashlib
import hmac


def headers(secret: str, moment: int, body: str) -> dict[str, str]:
    """The header of a delivery; several secrets, parted by spaces, each sign while one takes over from the other."""
    signatures = [
        hmac.new(each.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest() for each in secret.split()
    ]
    return {"stripe-signature": ",".join([f"t={moment}", *(f"v1={signature}" for signature in signatures)])}
