"""Races of the API."""
