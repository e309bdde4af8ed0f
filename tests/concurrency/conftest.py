"""Fixtures of the race tests."""

from tests.races import scribble, threads

__all__ = ["scribble", "threads"]
