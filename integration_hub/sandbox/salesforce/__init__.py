"""A Salesforce org: the objects a services firm sells with, and the REST API in front of them."""

from .api import Salesforce

__all__ = ["Salesforce"]
