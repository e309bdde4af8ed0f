"""Fixtures of the tests of costs."""

from tests.vendors import landscape

__all__ = ["landscape"]
