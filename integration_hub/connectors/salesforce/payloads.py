"""Salesforce's answers as far as we rely on them. Records stay dicts: their field names come from the mapping."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
