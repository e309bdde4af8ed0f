"""Ironclad's proof of a webhook: an RSA signature over the event's id, the body and a nonce, in one JSON header."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ..messages import dump


def headers(private_key_pem: str, event_id: str, body: str) -> dict[str, str]:
    """The headers of a delivery. Raises ValueError when the key is none."""
    key = load_pem_private_key(private_key_pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the key must be an RSA key")
    nonce = hashlib.sha256(event_id.encode()).hexdigest()[:16]
    signature = key.sign(f"{event_id}{body}{nonce}".encode(), padding.PKCS1v15(), hashes.SHA256())
    proof = {
        "nonce": nonce,
        "signAlgorithm": "RSA-SHA256",
        "signature": base64.b64encode(signature).decode(),
        "encoding": "base64",
    }
    return {"X-Ironclad-Webhook-Event-Id": event_id, "X-Ironclad-Webhook-Verification": dump(proof)}
