"""Writes of the cases room."""
