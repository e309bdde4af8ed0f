"""An Ironclad company: workflows in flight, the repository of executed records, and counterparties."""

from .api import Ironclad

__all__ = ["Ironclad"]
