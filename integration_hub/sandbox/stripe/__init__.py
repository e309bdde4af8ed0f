"""A Stripe account: invoices, what pays them and what takes them back, in test data and in live data."""

from .api import Stripe

__all__ = ["Stripe"]
