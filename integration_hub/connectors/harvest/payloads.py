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
    """One page of a list, its records in order."""

    rows: list[dict[str, Any]]
    total_entries: int
    links: HarvestLinks = Field(default_factory=HarvestLinks)


class HarvestComplaint(HarvestPayload):
    """An error body: `message` of a call, `error` and its description of a sign-in."""

    message: str = ""
    error: str = ""
    error_description: str = ""

    @property
    def text(self) -> str:
        """What it says, as one sentence."""
        return self.message or ": ".join(part for part in (self.error, self.error_description) if part)
