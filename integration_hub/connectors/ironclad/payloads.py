"""Ironclad's answers as far as we rely on them. Records stay dicts: their property keys come from the mapping."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class IroncladPayload(BaseModel):
    """Anything Ironclad sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class IroncladPage(IroncladPayload):
    """One page of a list; the first has the number 0. `count` is of the whole list, but not of counterparties."""

    page: int
    pageSize: int
    count: int
    rows: list[dict[str, Any]] = Field(alias="list")


class IroncladComplaint(IroncladPayload):
    """One complaint and the parameter that is meant."""

    code: str = ""
    message: str = ""
    param: str = ""


class IroncladRow(IroncladPayload):
    """What every record, counterparty and workflow has."""

    id: str
    lastUpdated: str


class IroncladMetadata(IroncladPayload):
    """How the tenant is set up."""

    recordTypes: dict[str, Any] = Field(default_factory=dict)
