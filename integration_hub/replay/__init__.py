"""Frozen replay plans: choose, forecast, approve, run slowly, keep what became of each item."""
