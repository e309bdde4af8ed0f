"""Writes of the API room."""
