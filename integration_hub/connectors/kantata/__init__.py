"""Kantata OX: projects, people, time, expenses and milestones come from here; project shells and rates go there."""
