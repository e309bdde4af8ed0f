"""Signed JWT assertions, checked with nothing but the cryptography library.

The clients under test build theirs with another library; so a mistake in either one shows.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .messages import Json

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


class Untrusted(Exception):
    """The assertion is malformed, wrongly signed, or says something that is not so."""


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise Untrusted("the assertion is not base64url") from None


def _object(part: str) -> Json:
    try:
        value: Any = json.loads(_decode(part))
    except ValueError:
        raise Untrusted("the assertion is not JSON") from None
    if not isinstance(value, dict):
        raise Untrusted("the assertion is not a JSON object")
    return value


def header(assertion: str) -> Json:
    """The unverified header, to find the key by its id."""
    if assertion.count(".") != 2:
        raise Untrusted("the assertion is not a JWT")
    return _object(assertion.split(".")[0])


def verified(assertion: str, public_key_pem: str, algorithms: frozenset[str]) -> Json:
    """The claims, after the signature and the times have been checked."""
    algorithm = str(header(assertion).get("alg"))
    if algorithm not in algorithms:
        raise Untrusted(f"algorithm {algorithm} is not accepted")
    head, claims, signature = assertion.split(".")
    try:
        _check(public_key_pem, algorithm, f"{head}.{claims}".encode(), _decode(signature))
    except (InvalidSignature, ValueError):
        raise Untrusted("the signature does not match") from None
    payload = _object(claims)
    expiry = payload.get("exp")
    if not isinstance(expiry, int | float) or expiry <= time.time():
        raise Untrusted("the assertion has expired")
    return payload


def _check(public_key_pem: str, algorithm: str, signed: bytes, signature: bytes) -> None:
    key = load_pem_public_key(public_key_pem.encode())
    digest = _HASHES[algorithm[2:]]
    family = algorithm[:2]
    if isinstance(key, rsa.RSAPublicKey) and family == "RS":
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and family == "PS":
        key.verify(signature, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and family == "ES":
        half = len(signature) // 2
        numbers = [int.from_bytes(part) for part in (signature[:half], signature[half:])]
        key.verify(utils.encode_dss_signature(*numbers), signed, ec.ECDSA(digest))
    else:
        raise Untrusted("the key does not fit the algorithm")
