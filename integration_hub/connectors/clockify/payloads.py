"""Clockify's answers as far as we rely on them: lists, changes and complaints. Records stay dicts."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel


class ClockifyPayload(BaseModel):
    """Anything Clockify sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class ClockifyRows(RootModel[list[dict[str, Any]]]):
    """A list: the records themselves, without a frame."""


class ClockifyAudit(ClockifyPayload):
    """When a record was made and last changed."""

    created: str | None = Field(default=None, alias="createdAt")
    updated: str | None = Field(default=None, alias="updatedAt")


class ClockifyChange(ClockifyPayload):
    """One entry of the lists of changes. What else it says differs by kind, so the record is asked for by its id."""

    id: str
    audit: ClockifyAudit = Field(alias="auditMetadata")

    @property
    def at(self) -> str:
        """When it changed; empty where Clockify does not say."""
        return self.audit.updated or self.audit.created or ""


class ClockifyChanges(RootModel[list[ClockifyChange]]):
    """A page of changes."""


class ClockifyComplaint(ClockifyPayload):
    """An error body."""

    message: str = ""
    code: int | str = ""
