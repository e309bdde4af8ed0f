"""The one port for secrets at rest: AES-256-GCM, bound to the row and field they belong to.

A sealed secret is `0x01 | key id (4) | nonce (12) | ciphertext and tag`. The place it belongs to is associated data,
so that a sealed value copied into another row or field does not open. `settings.SECRETS_KEY` is one base64 key of 32
bytes, or several parted by commas while keys are rotated: the first seals, all of them open.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integration_hub.kernel.errors import ThroughlineError
from integration_hub.kernel.registry import Registry

_FORMAT = b"\x01"
_ID, _NONCE = 4, 12


@dataclass(frozen=True, slots=True)
class Resealer:
    """Secrets that a room above keeps: what they belong to, and how they come under the newest key."""

    what: str
    run: Callable[[], int]


RESEALERS: Registry[Resealer] = Registry("keeper of secrets")


class SecretUnreadable(ThroughlineError):
    """A sealed secret does not open: wrong key, changed bytes, or moved from another row."""


def new_key() -> str:
    """A fresh key for THROUGHLINE_SECRETS_KEY."""
    return base64.b64encode(os.urandom(32)).decode()


def seal(plain: str, *, bound_to: str) -> bytes:
    """Encrypt a secret for one place, e.g. `connection:netsuite-main:credentials`."""
    key = _keys()[0]
    nonce = os.urandom(_NONCE)
    return _FORMAT + _key_id(key) + nonce + AESGCM(key).encrypt(nonce, plain.encode(), bound_to.encode())


def open_(sealed: bytes | memoryview, *, bound_to: str) -> str:
    """Decrypt a secret of this place. Raises SecretUnreadable."""
    data = bytes(sealed)
    key = _key_of(data, bound_to)
    start = 1 + _ID
    try:
        plain = AESGCM(key).decrypt(data[start : start + _NONCE], data[start + _NONCE :], bound_to.encode())
    except InvalidTag:
        raise SecretUnreadable(
            f"The secret of {bound_to} was changed or belongs to another row. Enter it again."
        ) from None
    return plain.decode()


def is_current(sealed: bytes | memoryview) -> bool:
    """Whether a secret is sealed with the newest key."""
    return bytes(sealed)[1 : 1 + _ID] == _key_id(_keys()[0])


def reseal(sealed: bytes | memoryview, *, bound_to: str) -> bytes:
    """The same secret under the newest key. Raises SecretUnreadable."""
    return seal(open_(sealed, bound_to=bound_to), bound_to=bound_to)


def _key_of(data: bytes, bound_to: str) -> bytes:
    if len(data) <= 1 + _ID + _NONCE or data[:1] != _FORMAT:
        raise SecretUnreadable(f"The secret of {bound_to} is damaged. Enter it again.")
    for key in _keys():
        if _key_id(key) == data[1 : 1 + _ID]:
            return key
    raise SecretUnreadable(
        f"The secret of {bound_to} is sealed with a key that THROUGHLINE_SECRETS_KEY does not name. "
        "Add the old key after a comma, or enter the secret again."
    )


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"throughline key id" + key).digest()[:_ID]


def _keys() -> tuple[bytes, ...]:
    return _parse(settings.SECRETS_KEY, settings.SECRET_KEY, settings.PRODUCTION)


@lru_cache(maxsize=8)
def _parse(configured: str, secret_key: str, production: bool) -> tuple[bytes, ...]:
    texts = [part.strip() for part in configured.split(",") if part.strip()]
    if texts:
        return tuple(_decoded(text) for text in texts)
    if production:
        raise ImproperlyConfigured("THROUGHLINE_SECRETS_KEY must be set: manage.py new_secrets_key prints one.")
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"throughline connector secrets")
    return (derive.derive(secret_key.encode()),)


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured(
            "THROUGHLINE_SECRETS_KEY must be base64 of 32 bytes: manage.py new_secrets_key prints one."
        )
    return key
