"""Kantata's answers as far as we rely on them: the side-loaded envelope and its complaints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class KantataPayload(BaseModel):
    """Anything Kantata sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class KantataMeta(KantataPayload):
    """Where in a list we are."""

    page_count: int = 1
    page_number: int = 1


class KantataResult(KantataPayload):
    """One entry of the ordered results: the maps beside it also hold side-loaded records."""

    key: str
    id: str


class KantataEnvelope(KantataPayload):
    """A list: `results` gives the order, the maps by collection name hold the records."""

    model_config = ConfigDict(extra="allow")

    count: int
    meta: KantataMeta = Field(default_factory=KantataMeta)
    results: list[KantataResult] = Field(default_factory=list)

    def records(self) -> list[dict[str, Any]]:
        """The records asked for, in order, without what was side-loaded."""
        maps = {key: self.loaded(key) for key in {result.key for result in self.results}}
        return [maps[result.key].get(result.id) or {"id": result.id} for result in self.results]

    def loaded(self, collection: str) -> dict[str, dict[str, Any]]:
        """All records of a collection in this answer, by id."""
        return dict((self.model_extra or {}).get(collection) or {})


class KantataError(KantataPayload):
    """One complaint."""

    type: str = ""
    message: str = ""
    field: str = ""


class KantataErrors(KantataPayload):
    """An error body."""

    errors: list[KantataError]
