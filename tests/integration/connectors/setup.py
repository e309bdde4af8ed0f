"""A connection as an administrator sets it up."""

from typing import Any

from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection

BY = "system:test"


def create(**more: Any) -> Connection:
    """A PSA that nobody can reach."""
    arguments = {
        "code": "psa-main",
        "vendor": "kantata",
        "name": "PSA",
        "base_url": "http://127.0.0.1:9/",
        "settings": {},
        "credentials": {"token": "very secret token"},
        "webhook_secret": "hint secret",
        "by": BY,
    }
    return connections.create(**(arguments | more))
