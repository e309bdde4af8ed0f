"""Writes of the work room."""
