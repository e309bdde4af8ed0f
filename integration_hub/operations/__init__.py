"""Composition at run time: demo, serve, supervision, tracing commands."""
