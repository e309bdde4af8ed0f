"""Tempo on a Jira site: its own view of worklogs, timesheets with their approval, accounts and teams."""

from .api import Tempo

__all__ = ["Tempo"]
