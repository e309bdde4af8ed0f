"""What holds for every test."""

import pytest
from django.conf import settings


def pytest_configure(config: pytest.Config) -> None:
    """Passwords of tests are hashed the quick way: the slow one, made to cost an attacker time, took half the run.

    The running product that browser tests drive is a process of its own and keeps Django's default.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
