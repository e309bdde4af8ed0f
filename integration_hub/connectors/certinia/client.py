"""Calls to the org Certinia is installed in."""

from typing import Any

from integration_hub.connectors.force import client as force
from integration_hub.connectors.force import soql

Record = dict[str, Any]
KEY = "Hub_Key__c"
"""The field an administrator adds for our reference; the setting `key_field` names another."""


class Client(force.Client):
    """One org over REST."""

    title = "Certinia"

    @property
    def key(self) -> str:
        """The external id our references live in."""
        return soql.checked(str(self.connection.settings.get("key_field") or KEY), "key_field")

    def rows(self, query: str) -> list[Record]:
        """All live records of a query."""
        return [soql.plain(row) for page in self.query(query) for row in page.records]
