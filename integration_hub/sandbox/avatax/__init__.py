"""An AvaTax account: the tax engine that quotes, records and is audited."""

from .api import AvaTax

__all__ = ["AvaTax"]
