"""A Clockify workspace: people, clients, projects, time and its approval."""

from .api import Clockify

__all__ = ["Clockify"]
