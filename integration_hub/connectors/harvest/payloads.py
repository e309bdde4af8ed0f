"""Harvest's answers as far as we rely on them: a page of a list and its complaints. Records stay dicts."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class HarvestPayload(BaseModel):
    """Anything Harvest sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class HarvestLinks(HarvestPayload):
    """Where a list goes on; page numbers may be null, this is not before the end."""

    next: str | None = None


class HarvestPage(HarvestPayload):
    """One page of a list; the rows lie under the name of the collection."""

    model_config = ConfigDict(extra="allow")

    total_entries: int
    links: HarvestLinks = Field(default_factory=HarvestLinks)

    def rows(self, collection: str) -> list[dict[str, Any]]:
        """The records of the page, in order."""
        return list((self.model_extra or {}).get(collection) or [])


class HarvestComplaint(HarvestPayload):
    """An error body: `message` of a call, `error` and its description of a sign-in."""

    message: str = ""
    error: str = ""
    error_description: str = ""

    @property
    def text(self) -> str:
        """What it says, as one sentence."""
        return self.message or ": ".join(part for part in (self.error, self.error_description) if part)
