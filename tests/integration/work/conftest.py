"""Kinds of work that a test registers for itself."""

import pytest

from integration_hub.work import pace
from integration_hub.work.registry import HANDLERS, Handler


@pytest.fixture
def kind(monkeypatch):
    """Registers a kind of work for this test: `kind(run, **options)` returns its name."""
    entries = dict(HANDLERS._entries)
    monkeypatch.setattr(HANDLERS, "_entries", entries)
    monkeypatch.setattr(pace, "_seconds", {})
    monkeypatch.setattr(pace, "_on_probation", {})

    def register(run, name="test.work", **options):
        entries[name] = Handler(run=run, **options)
        return name

    return register
