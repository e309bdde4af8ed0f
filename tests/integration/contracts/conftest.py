"""Fixtures of the billing tests."""

from tests.vendors import landscape

__all__ = ["landscape"]
