"""Notices: who is told of what happens to exceptions, once, and only of what he may see."""
