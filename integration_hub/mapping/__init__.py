"""Versioned field maps and value maps that administrators edit."""
