"""Fixtures of the race tests."""

from tests.races import interleave, scribble, threads

__all__ = ["interleave", "scribble", "threads"]
