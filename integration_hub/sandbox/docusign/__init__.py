"""A Docusign account: envelopes, their recipients and custom fields, and what Connect tells of them."""

from .api import Docusign

__all__ = ["Docusign"]
