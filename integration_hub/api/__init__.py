"""Shared REST pieces: authentication, errors, pagination, idempotency, schema."""
