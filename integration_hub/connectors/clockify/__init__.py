"""Clockify: people, projects and time with its approval come from here; project shells go there."""
