"""Thin clients of the player: how a person at a screen of each vendor would work, only faster."""
