"""A Harvest account: clients, projects, people, time and expenses."""

from .api import Harvest

__all__ = ["Harvest"]
