"""Jira Cloud with Tempo: projects, people, issues, logged work and its approval come from here."""
