"""A Dynamics 365 Finance environment with its Entra ID tenant: the ERP that keeps the books by company."""

from .api import Dynamics

__all__ = ["Dynamics"]
