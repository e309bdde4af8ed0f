"""A Jira Cloud site: people, projects, issues and the work logged on them."""

from .api import Jira

__all__ = ["Jira"]
