"""A Kantata OX account: projects, tasks, time, expenses and their approval."""

from .api import Kantata

__all__ = ["Kantata"]
