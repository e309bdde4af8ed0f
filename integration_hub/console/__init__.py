"""Shared screen machinery: menu, tables, filters, timeline, lineage picture."""
