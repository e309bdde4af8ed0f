"""Salesforce's answers as far as we rely on them. Records stay dicts: their field names come from the mapping."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel


class SalesforcePayload(BaseModel):
    """Anything Salesforce sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class SalesforcePage(SalesforcePayload):
    """One page of a query. `nextRecordsUrl` is relative to the host."""

    totalSize: int
    done: bool
    nextRecordsUrl: str = ""
    records: list[dict[str, Any]] = Field(default_factory=list)


class SalesforceError(SalesforcePayload):
    """One complaint: `errorCode` in single calls, `statusCode` per row in collections."""

    message: str = ""
    errorCode: str = ""
    statusCode: str = ""
    fields: list[str] = Field(default_factory=list)

    @property
    def code(self) -> str:
        return self.errorCode or self.statusCode


class SalesforceWritten(SalesforcePayload):
    """What became of one record that was written; in a collection each row has one, whatever the status."""

    id: str = ""
    success: bool = True
    errors: list[SalesforceError] = Field(default_factory=list)


class SalesforceRows(RootModel[list[SalesforceWritten]]):
    """The rows of a collection, in the order they were sent."""


class SalesforceField(SalesforcePayload):
    """A field as the org describes it to this user: what they may not see is not described."""

    name: str
    relationshipName: str | None = None
    externalId: bool = False
    createable: bool = False
    updateable: bool = False


class SalesforceObject(SalesforcePayload):
    """An object as the org describes it."""

    fields: list[SalesforceField]
