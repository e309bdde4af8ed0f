"""Screens of billing, one module per noun."""
