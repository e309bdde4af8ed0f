"""Connections to external systems, their credentials, budgets and transport; one folder per vendor."""
