"""An S/4HANA Cloud (public edition) tenant: OData v2 with CSRF tokens and ETags, and messages over SOAP."""

from .api import Sap

__all__ = ["Sap"]
