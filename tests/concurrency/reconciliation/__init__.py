"""Races of reconciliations."""
