"""Fixtures of reconciliation's race tests."""

from tests.integration.reconciliation.conftest import books

__all__ = ["books"]
