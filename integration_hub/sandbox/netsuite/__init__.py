"""A NetSuite account: the ERP that numbers, posts and is paid."""

from .api import NetSuite

__all__ = ["NetSuite"]
