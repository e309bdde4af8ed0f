"""What the managed package does on every write to its objects: refusals, and changes of other records.

A timecard is a header, which is submitted and approved, and splits by calendar month, which are billed. What is in the
financials changes only with the word of an administrator in the same call. What other records show of a billing event
are formulas: they change without a stamp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ..messages import Json
from .errors import RowError
from .fields import SObject
from .psa import DAYS

if TYPE_CHECKING:
    from .records import Objects

HOURS = tuple(f"pse__{name}_Hours__c" for name in DAYS)
SOURCES = ("pse__Timecard__c", "pse__Expense__c", "pse__Milestone__c")
"""What a line of a billing event bills; its lookup has the same name."""
_EDIT = "pse__Admin_Global_Edit__c"
_SPLIT_TAKES = ("pse__Resource__c", "pse__Project__c", "pse__Assignment__c", "pse__Billable__c")


def refused(message: str, *fields: str) -> RowError:
    return RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields)


def pieces(start: date, end: date) -> Iterator[tuple[date, date]]:
    """The parts of a stretch that lie in one calendar month each."""
    while start <= end:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(end, following - timedelta(days=1))
        yield start, last
        start = last + timedelta(days=1)


class Package:
    """The triggers of `pse`."""

    def __init__(self, objects: Objects, setting: Callable[[str], Any]) -> None:
        self._objects = objects
        self._setting = setting
        self._checks = {
            "pse__Timecard_Header__c": self._check_header,
            "pse__Expense__c": self._check_financials,
            "pse__Milestone__c": self._check_financials,
            "pse__Timecard__c": self._check_financials,
        }
        self._follow: dict[str, Callable[[Json], None]] = {
            "pse__Timecard_Header__c": self._split,
            "pse__Expense_Report__c": self._cascade,
            "pse__Billing_Event__c": self._tell_items,
            "pse__Billing_Event_Item__c": self._bill,
        }

    def word(self, status: str) -> str:
        """What this customer calls one of the package's statuses: the picklists are theirs to edit."""
        words: dict[str, str] = self._setting("psa_statuses")
        return words.get(status, status)

    def status(self, body: Json) -> str:
        """And back."""
        words: dict[str, str] = self._setting("psa_statuses")
        ours = {theirs: name for name, theirs in words.items()}
        found = str(body.get("pse__Status__c") or "")
        return ours.get(found, found)

    # -- before a write -----------------------------------------------------------------------------------------

    def before(self, target: SObject, old: Json | None, body: Json, given: Json) -> None:
        """Refuse what the package refuses, and fill in what it computes. `old` is None for a new record."""
        if old is None and "pse__Status__c" not in given and body.get("pse__Status__c"):
            body["pse__Status__c"] = self.word(body["pse__Status__c"])
        if check := self._checks.get(target.name):
            check(old, body, given)
        if _EDIT in body:
            body[_EDIT] = False
        if target.name == "pse__Milestone__c" and "pse__Status__c" in given:
            body["pse__Approved__c"] = self.status(body) == "Approved"
        if target.name in {"pse__Timecard_Header__c", "pse__Expense_Report__c"}:
            body["pse__Submitted__c"] = self.status(body) in {"Submitted", "Approved"}

    def _check_header(self, old: Json | None, body: Json, given: Json) -> None:
        start = date.fromisoformat(body["pse__Start_Date__c"])
        end = date.fromisoformat(body["pse__End_Date__c"] or (start + timedelta(days=6)).isoformat())
        if not start <= end < start + timedelta(days=7):
            raise refused("A timecard is for one week at most.", "pse__End_Date__c")
        body["pse__End_Date__c"] = end.isoformat()
        body["pse__Total_Hours__c"] = round(sum(body[name] or 0 for name in HOURS), 2)
        if old is None:
            self._check_booking(body)
        elif self.status(old) == "Approved" and not given.get(_EDIT):
            changed = [name for name in given if name in {*HOURS, *_SPLIT_TAKES} and given[name] != old[name]]
            if changed:
                raise refused("An approved timecard cannot be edited.", *changed)

    def _check_booking(self, body: Json) -> None:
        """Whether somebody may book on a project at all."""
        project = self._one("pse__Proj__c", body["pse__Project__c"])
        person = self._one("Contact", body["pse__Resource__c"])
        if not project["pse__Is_Active__c"] or project["pse__Closed_for_Time_Entry__c"]:
            raise refused("The project is not open for time entry.", "pse__Project__c")
        if not person["pse__Is_Resource__c"] or not person["pse__Is_Resource_Active__c"]:
            raise refused("The contact is not an active resource.", "pse__Resource__c")
        if not body["pse__Assignment__c"] and not person["pse__Allow_Timecards_Without_Assignment__c"]:
            raise refused("An assignment is required for this resource.", "pse__Assignment__c")

    def _check_financials(self, old: Json | None, body: Json, given: Json) -> None:
        if old is None or not old["pse__Include_In_Financials__c"] or given.get(_EDIT):
            return
        if self._setting("psa_lock_financials") and any(old[name] != value for name, value in given.items()):
            raise refused("This record is included in financials: edit it with Admin Global Edit.", *given)

    def before_delete(self, target: SObject, body: Json) -> None:
        """An approved timecard stays."""
        if target.name == "pse__Timecard_Header__c" and self.status(body) == "Approved":
            raise refused("An approved timecard cannot be deleted.")

    # -- after a write ------------------------------------------------------------------------------------------

    def after(self, target: SObject, body: Json) -> None:
        """Bring other records in line."""
        if follow := self._follow.get(target.name):
            follow(body)

    def after_delete(self, target: SObject, body: Json) -> None:
        """What belongs to a record goes with it."""
        if target.name == "pse__Timecard_Header__c":
            for split in self._children("pse__Timecard__c", "pse__Timecard_Header__c", body["Id"]):
                self._objects.delete(self._objects.named("pse__Timecard__c"), split["Id"])

    def _split(self, header: Json) -> None:
        """One split for each month the week touches, with the hours of its days; those that fit already stay."""
        start, end = (date.fromisoformat(header[f"pse__{name}_Date__c"]) for name in ("Start", "End"))
        known = self._children("pse__Timecard__c", "pse__Timecard_Header__c", header["Id"])
        wanted = [self._part(header, first, last) for first, last in pieces(start, end)]
        for number, part in enumerate(wanted):
            old = known[number] if number < len(known) else None
            if old is None:
                self._objects.put_new("pse__Timecard__c", part)
            elif any(old[name] != value for name, value in part.items()):
                self._objects.put("pse__Timecard__c", old | part)
        for old in known[len(wanted) :]:
            self._objects.delete(self._objects.named("pse__Timecard__c"), old["Id"])

    def _part(self, header: Json, first: date, last: date) -> Json:
        days = {(first + timedelta(days=n)).weekday() for n in range((last - first).days + 1)}
        part: Json = {name: header[name] for name in _SPLIT_TAKES}
        part |= {name: header[name] if n in days else None for n, name in enumerate(HOURS)}
        return part | {
            "pse__Timecard_Header__c": header["Id"],
            "pse__Start_Date__c": first.isoformat(),
            "pse__End_Date__c": last.isoformat(),
            "pse__Total_Hours__c": round(sum(part[name] or 0 for name in HOURS), 2),
            "pse__Approved__c": self.status(header) == "Approved",
        }

    def _cascade(self, report: Json) -> None:
        """Whether deciding on a report is a change of its expenses, too."""
        if not self._setting("psa_reports_touch_expenses"):
            return
        approved = self.status(report) == "Approved"
        for expense in self._children("pse__Expense__c", "pse__Expense_Report__c", report["Id"]):
            if expense["pse__Approved__c"] != approved:
                self._objects.put("pse__Expense__c", expense | {"pse__Approved__c": approved})

    def _tell_items(self, event: Json) -> None:
        """Formulas of the lines, and of what they bill: no stamp moves."""
        shown = {name: event[f"pse__{name}__c"] for name in ("Is_Released", "Invoiced")}
        for item in self._children("pse__Billing_Event_Item__c", "pse__Billing_Event__c", event["Id"]):
            self._show(item, shown)

    def _show(self, item: Json, shown: Json) -> None:
        seen = {f"pse__{name}__c": value for name, value in shown.items()}
        self._objects.put_quietly("pse__Billing_Event_Item__c", item | seen)
        told = {"Is_Released": "pse__Billing_Event_Released__c", "Invoiced": "pse__Billing_Event_Invoiced__c"}
        for name in SOURCES:
            if item[name]:
                source = self._one(name, item[name])
                self._objects.put_quietly(name, source | {told[key]: value for key, value in shown.items()})

    def _bill(self, item: Json) -> None:
        """What a line bills counts as billed."""
        for name in SOURCES:
            if item[name]:
                source = self._one(name, item[name])
                billed = {"pse__Billed__c": True, "pse__Bill_Date__c": item["pse__Date__c"]}
                if not source["pse__Billed__c"]:
                    self._objects.put(name, source | billed | {"pse__Billing_Event_Item__c": item["Id"]})
        self._tell_items(self._one("pse__Billing_Event__c", item["pse__Billing_Event__c"]))

    # -- records ------------------------------------------------------------------------------------------------

    def _one(self, name: str, record_id: str) -> Json:
        return self._objects.get(self._objects.named(name), record_id)

    def _children(self, name: str, field: str, parent: str) -> list[Json]:
        rows = self._objects.of(self._objects.named(name)).find(f'"{field}" = ? AND "IsDeleted" = 0', (parent,))
        return [row.body for row in rows]
