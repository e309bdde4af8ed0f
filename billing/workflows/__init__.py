"""Sagas of contract to cash: activation, amendment."""
