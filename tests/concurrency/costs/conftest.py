"""Fixtures of costs' race tests."""

from tests.vendors import landscape

__all__ = ["landscape"]
