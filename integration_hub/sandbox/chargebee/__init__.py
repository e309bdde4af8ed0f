"""A Chargebee site: customers, invoices, what pays them and what takes them back."""

from .api import Chargebee

__all__ = ["Chargebee"]
