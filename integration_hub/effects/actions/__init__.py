"""Writes of the effects room."""
