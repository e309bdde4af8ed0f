"""Secrets at rest: tampering, moving between rows, and changing keys."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from integration_hub.connectors import secrets

PLACE = "connection:erp:credentials"


def test_a_secret_comes_back_and_is_not_to_be_seen() -> None:
    sealed = secrets.seal("hush, hush", bound_to=PLACE)
    assert b"hush" not in sealed
    assert secrets.open_(sealed, bound_to=PLACE) == "hush, hush"
    assert secrets.open_(memoryview(sealed), bound_to=PLACE) == "hush, hush"
    assert secrets.seal("hush, hush", bound_to=PLACE) != sealed, "every sealing has its own nonce"


@pytest.mark.parametrize("position", [0, 1, 6, 20, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    sealed = bytearray(secrets.seal("hush", bound_to=PLACE))
    sealed[position] ^= 1
    with pytest.raises(secrets.SecretUnreadable, match=PLACE):
        secrets.open_(bytes(sealed), bound_to=PLACE)


@pytest.mark.parametrize("place", ["connection:crm:credentials", "connection:erp:webhook_secret"])
def test_a_secret_moved_to_another_row_or_field_does_not_open(place: str) -> None:
    with pytest.raises(secrets.SecretUnreadable, match="another row"):
        secrets.open_(secrets.seal("hush", bound_to=PLACE), bound_to=place)


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\x02" + b"0" * 60])
def test_damaged_bytes_say_so(junk: bytes) -> None:
    with pytest.raises(secrets.SecretUnreadable, match="damaged"):
        secrets.open_(junk, bound_to=PLACE)


def test_keys_are_rotated_without_losing_anything() -> None:
    old, new = secrets.new_key(), secrets.new_key()
    with override_settings(SECRETS_KEY=old):
        sealed = secrets.seal("hush", bound_to=PLACE)
    with override_settings(SECRETS_KEY=f"{new},{old}"):
        assert secrets.open_(sealed, bound_to=PLACE) == "hush"
        assert not secrets.is_current(sealed)
        again = secrets.reseal(sealed, bound_to=PLACE)
        assert secrets.is_current(again)
    with override_settings(SECRETS_KEY=new):
        assert secrets.open_(again, bound_to=PLACE) == "hush"
        with pytest.raises(secrets.SecretUnreadable, match="THROUGHLINE_SECRETS_KEY does not name"):
            secrets.open_(sealed, bound_to=PLACE)


@pytest.mark.parametrize("wrong", ["short", "bm90IDMyIGJ5dGVz", "***"])
def test_a_wrong_key_is_named(wrong: str) -> None:
    with override_settings(SECRETS_KEY=wrong), pytest.raises(ImproperlyConfigured, match="THROUGHLINE_SECRETS_KEY"):
        secrets.seal("hush", bound_to=PLACE)


def test_production_has_no_key_of_its_own() -> None:
    with override_settings(SECRETS_KEY="", PRODUCTION=True), pytest.raises(ImproperlyConfigured, match="must be set"):
        secrets.seal("hush", bound_to=PLACE)


def test_development_derives_its_key_from_the_secret_key() -> None:
    with override_settings(SECRETS_KEY="", SECRET_KEY="one of two"):
        sealed = secrets.seal("hush", bound_to=PLACE)
        assert secrets.open_(sealed, bound_to=PLACE) == "hush"
    with override_settings(SECRETS_KEY="", SECRET_KEY="two of two"), pytest.raises(secrets.SecretUnreadable):
        secrets.open_(sealed, bound_to=PLACE)
