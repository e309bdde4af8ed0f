"""How a collection is declared: fields, filters, associations, sort orders, and how its records are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..store import Column, Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `refers` names the collection an id points into."""

    name: str
    type: str = "text"  # text, int, bool, date, id, ids, json
    default: Any = None
    refers: str = ""
    readonly: bool = False
    missing: str = ""
    """What the vendor says when a create lacks the field; empty when it may."""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One list parameter. `takes`: id, ids, bool, text, texts, date, range, or `always` (the value is ignored)."""

    takes: str
    sql: str


@dataclass(frozen=True, slots=True)
class Include:
    """A side-loaded association: `field` holds the id or ids; with `back` the other side points here."""

    collection: str
    field: str = ""
    back: str = ""


@dataclass(frozen=True)
class Collection:
    """One collection of the API."""

    name: str
    singular: str
    subject: str
    event: str
    fields: tuple[Field, ...]
    filters: dict[str, Filter]
    includes: dict[str, Include]
    orders: tuple[str, ...] = ("created_at", "updated_at")
    order: str = "created_at:desc"
    hidden: str = ""
    """Rows a list and a single read leave out unless `shown_by` is true."""
    shown_by: str = ""
    indexes: tuple[str, ...] = ()

    @property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @property
    def table(self) -> str:
        return f"kantata_{self.name}"

    def kind(self) -> Kind:
        numeric = {"int": "INTEGER", "id": "INTEGER", "bool": "INTEGER"}
        columns = tuple(
            Column(field.name, kind=numeric.get(field.type, "TEXT"))
            for field in self.fields
            if field.type not in {"ids", "json"}
        )
        return Kind(self.table, columns, indexes=self.indexes)


def ident(name: str, refers: str, **extra: Any) -> Field:
    """The id of a record of another collection."""
    return Field(name, "id", refers=refers, **extra)


def idents(name: str, refers: str = "", **extra: Any) -> Field:
    """Ids of records of another collection."""
    return Field(name, "ids", default=(), refers=refers, **extra)


def flag(name: str, default: bool = False, **extra: Any) -> Field:
    """A yes or no."""
    return Field(name, "bool", default=default, **extra)


REFERENCES = idents("external_reference_ids", readonly=True)
TITLE = Field("title", missing="Please enter a title")
CURRENCY = Field("currency", default="USD")
BY_WORKSPACE = {"workspace_id": Filter("id", "workspace_id = ?"), "workspace_ids": Filter("ids", "workspace_id IN (?)")}
EXTERNAL = {"external_references": Include("external_references", back="subject")}
