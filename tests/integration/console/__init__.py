"""The console's machinery, against a real PostgreSQL."""
