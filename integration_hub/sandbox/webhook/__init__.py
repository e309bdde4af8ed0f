"""Somebody who consumes our webhooks, by the Standard Webhooks specification."""

from .api import Consumer

__all__ = ["Consumer"]
