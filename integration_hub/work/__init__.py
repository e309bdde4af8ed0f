"""Ordered lanes of work, attempts, ticker; the only room that touches the queue."""
