"""What the account holds: collections, their fields, what a field refers to, and what a list may be filtered by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..store import Column, Kind


@dataclass(frozen=True, slots=True)
class Refers:
    """A written `<name>_id`, answered as a small object of some fields of the other record."""

    collection: str
    shown: tuple[str, ...] = ("name",)
    required: bool = False


@dataclass(frozen=True)
class Collection:
    """One list of the API. `fields` are those a client may write, with their defaults."""

    name: str
    singular: str
    fields: Mapping[str, Any]
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    refers: Mapping[str, Refers] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    order: str = "id DESC"

    def kind(self) -> Kind:
        return Kind(f"harvest_{self.name}", self.columns)


def _ident(name: str) -> Column:
    return Column(f"{name}_id", f"$.{name}.id", "INTEGER")


ACTIVE = Column("is_active", kind="INTEGER")
_BY_ACTIVE = {"is_active": "is_active = ?"}
_LINE = {"user_id": "user_id = ?", "client_id": "client_id = ?", "project_id": "project_id = ?",
         "is_billed": "is_billed = ?", "from": "spent_date >= ?", "to": "spent_date <= ?"}  # fmt: skip
_LINE_COLUMNS = (
    _ident("user"), _ident("client"), _ident("project"), Column("spent_date"), Column("is_billed", kind="INTEGER"),
)  # fmt: skip
_CLIENT = Refers("clients", ("name", "currency"), required=True)
_PROJECT = Refers("projects", ("name", "code"), required=True)
_USER = Refers("users", ("name",))

_DECLARED = (
    Collection(
        "clients", "client", {"name": "", "currency": "USD", "is_active": True, "address": None},
        required=("name",), unique=("name",), columns=(Column("name"), ACTIVE), filters=_BY_ACTIVE,
    ),
    Collection(
        "projects", "project",
        {"name": "", "code": "", "is_active": True, "is_billable": True, "is_fixed_fee": False, "bill_by": "none",
         "hourly_rate": None, "budget": None, "budget_by": "none", "fee": None, "notes": "", "starts_on": None,
         "ends_on": None},
        required=("name", "bill_by", "budget_by", "is_billable"), refers={"client": _CLIENT},
        columns=(_ident("client"), ACTIVE), filters=_BY_ACTIVE | {"client_id": "client_id = ?"},
    ),
    Collection(
        "tasks", "task",
        {"name": "", "billable_by_default": True, "default_hourly_rate": None, "is_default": False, "is_active": True},
        required=("name",), unique=("name",), columns=(Column("name"), ACTIVE), filters=_BY_ACTIVE,
    ),
    Collection(
        "users", "user",
        {"first_name": "", "last_name": "", "email": "", "roles": [], "is_contractor": False, "is_active": True,
         "weekly_capacity": 126000, "default_hourly_rate": None, "cost_rate": None, "timezone": "UTC"},
        required=("first_name", "last_name", "email"), unique=("email",), columns=(Column("email"), ACTIVE),
        filters=_BY_ACTIVE,
    ),
    Collection(
        "task_assignments", "task_assignment",
        {"billable": True, "is_active": True, "hourly_rate": None, "budget": None},
        refers={"project": _PROJECT, "task": Refers("tasks", required=True)},
        columns=(_ident("project"), _ident("task"), ACTIVE), filters=_BY_ACTIVE,
    ),
    Collection(
        "expense_categories", "expense_category",
        {"name": "", "unit_name": None, "unit_price": None, "is_active": True},
        required=("name",), unique=("name",), columns=(Column("name"), ACTIVE), filters=_BY_ACTIVE,
    ),
    Collection(
        "time_entries", "time_entry",
        {"spent_date": None, "hours": 0.0, "notes": None, "billable": True, "external_reference": None},
        required=("spent_date",),
        refers={"user": _USER, "project": _PROJECT, "task": Refers("tasks", required=True)},
        columns=(*_LINE_COLUMNS, Column("reference", "$.external_reference.id")),
        filters=_LINE | {"task_id": "task_id = ?", "external_reference_id": "reference = ?"},
        order="spent_date DESC, id DESC",
    ),
    Collection(
        "expenses", "expense",
        {"spent_date": None, "units": 1.0, "total_cost": 0.0, "notes": None, "billable": True, "receipt": None},
        required=("spent_date",),
        refers={"user": _USER, "project": _PROJECT, "expense_category": Refers("expense_categories", required=True)},
        columns=_LINE_COLUMNS, filters=_LINE, order="spent_date DESC, id DESC",
    ),
)  # fmt: skip
COLLECTIONS = {found.name: found for found in _DECLARED}
LINES = ("time_entries", "expenses")
LOCKED = "Item Approved and Locked for this Time Period"
