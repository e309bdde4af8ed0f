"""Ironclad: executed contracts and amendments, and how far those in flight are."""
