"""Fixtures of billing's race tests."""

from tests.vendors import landscape

__all__ = ["landscape"]
