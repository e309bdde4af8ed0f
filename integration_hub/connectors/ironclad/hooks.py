"""Ironclad's webhooks: signed with its private key over the event's id, the raw body and a nonce.

What the connection keeps as its secret is the public key, as `GET /webhooks/verification-key` tells it; two of them,
one after the other, while the key changes.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import timedelta

from integration_hub.connectors.hooks import NO_MATCH, UNSIGNED, Unverified, content_of, happened_in_time

TRIES = timedelta(hours=14)
"""Ten tries, of which the last comes 13.6 hours after the event."""
_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", re.DOTALL)


def verify(headers: Mapping[str, str], body: bytes, secrets: list[str]) -> str:
    """The id of the event, when the signature holds under one of the keys. Raises Unverified."""
    event_id = headers.get("x-ironclad-webhook-event-id", "")
    proof = _proof(headers.get("x-ironclad-webhook-verification", ""))
    if not event_id or not proof.get("signature"):
        raise Unverified(UNSIGNED)
    signed = event_id.encode() + body + proof.get("nonce", "").encode()
    try:
        signature = base64.b64decode(proof["signature"], validate=True)
    except (binascii.Error, ValueError):
        raise Unverified(NO_MATCH) from None
    if not any(_holds(key, signed, signature) for key in _KEY.findall(" ".join(secrets))):
        raise Unverified(NO_MATCH)
    happened_in_time(content_of(body).get("timestamp"), TRIES)
    return event_id


def _proof(header: str) -> dict[str, str]:
    try:
        told = json.loads(header)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def _holds(key: str, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is that of this key: RSA with SHA-256, whatever the header says it is."""
    # Imported late: all of cryptography, for whoever is sent webhooks by Ironclad.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(base64.b64decode("".join(key.split())))
        if not isinstance(public, rsa.RSAPublicKey):
            return False
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
