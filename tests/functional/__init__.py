"""Journeys of people in a real browser through the whole running product."""
