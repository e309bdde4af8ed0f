"""What an object and a field are, and short words for the kinds of fields there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..store import Column, Kind

NUMBERS = {"double", "currency", "percent", "int"}
TEXTS = {"string", "textarea", "picklist", "id", "reference"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    type: str = "string"
    length: int = 255
    scale: int = 2
    required: bool = False
    readonly: bool = False
    external_id: bool = False
    unique: bool = False
    refers: str = ""
    values: tuple[str, ...] = ()
    restricted: bool = False
    default: Any = None
    auto: str = ""
    """Format of an auto-number."""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def relationship(self) -> str:
        """The name that reaches the parent in SOQL."""
        if not self.refers:
            return ""
        return self.name[:-1] + "r" if self.custom else self.name.removesuffix("Id")

    @property
    def column(self) -> str:
        return "id" if self.name == "Id" else self.name


@dataclass(frozen=True)
class SObject:
    """One object: its key prefix and its fields."""

    name: str
    prefix: str
    own: tuple[Field, ...]
    label: str = ""
    writable: bool = True
    name_defaults_to_id: bool = False
    package: str = ""
    """Namespace of the managed package it comes with."""

    @cached_property
    def fields(self) -> dict[str, Field]:
        system = (
            Field("Id", "id", 18, readonly=True),
            Field("IsDeleted", "boolean", readonly=True),
            Field("CreatedDate", "datetime", readonly=True),
            Field("LastModifiedDate", "datetime", readonly=True),
            Field("SystemModstamp", "datetime", readonly=True),
        )
        return {item.name: item for item in (system[0], *self.own, *system[1:])}

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        return {name.lower(): item for name, item in self.fields.items()}

    @cached_property
    def parents(self) -> dict[str, Field]:
        """Reference fields by the lower-cased relationship name."""
        return {item.relationship.lower(): item for item in self.fields.values() if item.refers}

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def event(self) -> str:
        """The noun of hints about this object."""
        return self.name.removesuffix("__c").lower()

    def kind(self) -> Kind:
        """How its records are stored: every field can be filtered, stamps and keys are indexed."""
        columns = tuple(
            Column(item.name, kind="REAL" if item.type in NUMBERS else "TEXT")
            for item in self.fields.values()
            if item.name != "Id"
        )
        indexes = ["SystemModstamp"]
        indexes += [f'"{item.name}"' for item in self.fields.values() if item.external_id or item.refers]
        return Kind(f"salesforce_{self.name}", columns, key="TEXT", indexes=tuple(indexes))


def text(name: str, length: int = 255, **extra: Any) -> Field:
    return replace(Field(name, "string", length), **extra)


def pick(name: str, *values: str, restricted: bool = False, **extra: Any) -> Field:
    return replace(Field(name, "picklist", 255, values=values, restricted=restricted), **extra)


def money(name: str, scale: int = 2, **extra: Any) -> Field:
    return replace(Field(name, "currency", scale=scale), **extra)


def number(name: str, scale: int = 2) -> Field:
    return Field(name, "double", scale=scale)


def day(name: str, **extra: Any) -> Field:
    return replace(Field(name, "date"), **extra)


def to(name: str, target: str, **extra: Any) -> Field:
    return replace(Field(name, "reference", 18, refers=target), **extra)


CURRENCY = pick(
    "CurrencyIsoCode", "USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY", "SEK", "INR", restricted=True, default="USD"
)
HUB_KEY = text("Hub_Key__c", 255, external_id=True, unique=True)
LINE_NAME = text("Name", 80)
