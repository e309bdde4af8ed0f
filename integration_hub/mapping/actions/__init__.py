"""Every change to mappings and value maps."""
