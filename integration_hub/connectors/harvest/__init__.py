"""Harvest: projects, people, time and expenses with their approval come from here; project shells go there."""
