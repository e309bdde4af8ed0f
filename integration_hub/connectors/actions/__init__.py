"""Every change to connections."""
