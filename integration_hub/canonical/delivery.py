"""What was done: people, projects, tasks, milestones, time, expenses and their approvals."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from integration_hub.canonical.base import Amount, Currency, Id, Name, Record

ApprovalState = Literal["draft", "submitted", "approved", "rejected"]


class Resource(Record):
    """A person whose work is billed. `vendor` is the subcontractor they work for; empty for our own people."""

    entity: ClassVar[str] = "resource"
    name: Name
    email: Annotated[str, Field(max_length=254)] = ""
    role: Annotated[str, Field(max_length=80)] = ""
    cost_centre: Annotated[str, Field(max_length=40)] = ""
    vendor: Annotated[str, Field(max_length=120)] = ""
    active: bool = True


class Project(Record):
    """A project as the PSA has it. `reference` is our own key when we made it."""

    entity: ClassVar[str] = "project"
    name: Name
    reference: Annotated[str, Field(max_length=120)] = ""
    contract_number: Annotated[str, Field(max_length=60)] = ""
    currency: Currency | None = None
    status: Literal["planned", "open", "on_hold", "completed", "closed"] = "open"
    starts_on: date | None = None
    ends_on: date | None = None


class Task(Record):
    """A piece of a project that work is logged on."""

    entity: ClassVar[str] = "task"
    project_id: Id
    code: Annotated[str, Field(min_length=1, max_length=80)]
    name: Name


class Milestone(Record):
    """A milestone as the PSA has it. `reference` is our own key when we made it."""

    entity: ClassVar[str] = "milestone"
    project_id: Id
    name: Name
    reference: Annotated[str, Field(max_length=120)] = ""
    status: Literal["planned", "in_progress", "submitted", "accepted", "cancelled"]
    accepted_on: date | None = None
    accepted_by: Annotated[str, Field(max_length=120)] = ""
    evidence: Annotated[str, Field(max_length=300)] = ""


class TimeEntry(Record):
    """Work of one person on one day, in exact minutes. A negative entry is a correction and is checked as one."""

    entity: ClassVar[str] = "time_entry"
    project_id: Id
    resource_id: Id
    task_id: Id | None = None
    role: Annotated[str, Field(max_length=80)] = ""
    category: Annotated[str, Field(max_length=80)] = ""
    worked_on: date
    minutes: Annotated[Decimal, Field(max_digits=14, decimal_places=4)]
    billable: bool = True
    approval: ApprovalState
    notes: str = ""


class TimeApproval(Record):
    """An approval of several entries: its own stream, because approving often does not touch the entry."""

    entity: ClassVar[str] = "time_approval"
    project_id: Id | None = None
    resource_id: Id | None = None
    state: ApprovalState
    entry_ids: tuple[Id, ...]


class Usage(Record):
    """Units that were used or delivered, priced by the piece of their `item`."""

    entity: ClassVar[str] = "usage"
    project_id: Id
    item: Annotated[str, Field(min_length=1, max_length=80)]
    used_on: date
    quantity: Annotated[Decimal, Field(max_digits=20, decimal_places=6)]
    billable: bool = True
    approval: ApprovalState = "approved"
    notes: str = ""


class Expense(Record):
    """A cost that may be charged on. `units` are nights, kilometres or whatever its rule prices or limits.

    `includes_tax`: the tax that the rule of its category names is in the amount. `billable` says whether a client is
    charged, `reimbursable` whether the person gets the money back: neither follows from the other. `report_id` is the
    expense report it was handed in with, `approved_by_id` the person (a resource) who approved it.
    """

    entity: ClassVar[str] = "expense"
    project_id: Id
    resource_id: Id | None = None
    spent_on: date
    category: Annotated[str, Field(max_length=80)] = ""
    amount: Amount
    currency: Currency
    billable: bool = True
    approval: ApprovalState
    units: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=6)] | None = None
    includes_tax: bool = False
    has_receipt: bool = True
    reimbursable: bool = False
    paid_by: Literal["employee", "company"] = "employee"
    report_id: Annotated[str, Field(max_length=120)] = ""
    approved_by_id: Annotated[str, Field(max_length=120)] = ""
    notes: str = ""
