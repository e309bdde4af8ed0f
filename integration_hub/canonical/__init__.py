"""Canonical records: the shared language, plain pydantic, no Django and no I/O."""
