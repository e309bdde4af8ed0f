"""Sagas: named steps, compensation, human steps."""
