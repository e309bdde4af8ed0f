"""Fixtures with several connections."""

from tests.races import threads

__all__ = ["threads"]
