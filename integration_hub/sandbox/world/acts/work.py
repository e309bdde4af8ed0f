"""A month of delivery in the PSA: time, timesheets, expenses, milestones, and what people change afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .. import calendar
from ..model import Entry, Expense
from ..stage import Project, Stage
from ..vendors.http import Json, side_by_side

Signature = tuple[str, str, str, int, str]
"""What makes a time entry recognisable: user, workspace, day, minutes, notes."""


# -- plans --------------------------------------------------------------------------------------------------------


def plans(stage: Stage) -> None:
    """Project managers give every contract line that takes time a task of the same name to book on."""
    rows = [
        {"workspace_id": project.workspace_id, "title": line.name, "story_type": "task"}
        for key, project in sorted(stage.projects().items())
        for line in stage.world.contract(key).lines
        if line.method != "Expenses" and line.number not in project.stories
    ]
    stage.kantata.create("stories", rows)
    stage.count("tasks", len(rows))


# -- time ---------------------------------------------------------------------------------------------------------


def time(stage: Stage, month: date) -> None:
    """The month's time entries, on the story of their contract line."""
    projects, users = stage.projects(), stage.users()
    roles = {row["name"]: row["id"] for row in stage.kantata.rows("roles", order="created_at:asc")}
    wanted = [entry for entry in stage.world.entries if entry.month == month.month]
    homeless = sorted({entry.contract for entry in wanted} - projects.keys())
    if homeless:
        stage.note(
            f"{calendar.month_name(month)}: no project in the PSA for {', '.join(homeless)}; their time was not written"
        )
    known = {_signature_of(row) for row in _month_of(stage, month, projects)}
    rows = []
    for entry in wanted:
        if entry.contract not in projects:
            continue
        row = _time_row(entry, projects[entry.contract], users, roles)
        if _signature_of(row) not in known:
            rows.append(row)
    stage.kantata.create("time_entries", rows)
    stage.count("time entries", len(rows))


def _time_row(entry: Entry, project: Project, users: Mapping[str, str], roles: Mapping[str, str]) -> Json:
    row: Json = {
        "workspace_id": project.workspace_id,
        "user_id": users[entry.person],
        "date_performed": entry.day.isoformat(),
        "time_in_minutes": entry.minutes,
        "notes": entry.notes,
        "role_id": roles[entry.role],
        "billable": entry.billable,
    }
    if entry.line in project.stories:
        row["story_id"] = project.stories[entry.line]
    return row


def _signature_of(row: Json) -> Signature:
    day, minutes = str(row["date_performed"]), int(row["time_in_minutes"])
    return (str(row["user_id"]), str(row["workspace_id"]), day, minutes, str(row["notes"]))


def _month_of(stage: Stage, month: date, projects: Mapping[str, Project]) -> list[Json]:
    if not projects:
        return []
    window = f"{month.isoformat()}:{calendar.month_end(month).isoformat()}"
    ids = ",".join(project.workspace_id for project in projects.values())
    return stage.kantata.rows(
        "time_entries", workspace_ids=ids, date_performed_between=window, order="date_performed:asc"
    )


# -- timesheets ---------------------------------------------------------------------------------------------------


def sheets(stage: Stage, month: date) -> None:
    """Everybody hands in the month's weeks; project managers approve them, or not."""
    projects, users = stage.projects(), stage.users()
    keys = {project.workspace_id: key for key, project in projects.items()}
    people = {user: key for key, user in users.items()}
    weeks: dict[tuple[str, str, date], list[str]] = {}
    for row in _month_of(stage, month, projects):
        if row["recent_submission_id"] is None:
            first, _ = calendar.week(date.fromisoformat(row["date_performed"]))
            weeks.setdefault((keys[row["workspace_id"]], people[row["user_id"]], first), []).append(row["id"])
    rows = [
        {
            "title": f"{stage.world.person(person).name}, week of {first.isoformat()}",
            "workspace_id": projects[contract].workspace_id,
            "line_item_ids": entries,
        }
        for (contract, person, first), entries in sorted(weeks.items())
    ]
    stage.kantata.create("timesheet_submissions", rows)
    stage.count("timesheets", len(rows))
    _resolve(stage, month, keys, people)


def _resolve(stage: Stage, month: date, keys: Mapping[str, str], people: Mapping[str, str]) -> None:
    outcomes = {(sheet.contract, sheet.person, sheet.first): sheet.outcome for sheet in stage.world.sheets}
    by_outcome: dict[str, list[str]] = {"approved": [], "rejected": [], "pending": []}
    for row in _waiting(stage, "timesheet_submissions", keys):
        if row["workspace_id"] not in keys or row["user_id"] not in people:
            continue
        first, _ = calendar.week(date.fromisoformat(row["start_date"]))
        if first.replace(day=1) == month:
            outcome = outcomes.get((keys[row["workspace_id"]], people[row["user_id"]], first), "approved")
            by_outcome[outcome].append(row["id"])
    stage.kantata.resolve("timesheet_approvals", by_outcome["approved"])
    stage.kantata.resolve("timesheet_rejections", by_outcome["rejected"])


def _waiting(stage: Stage, submissions: str, keys: Mapping[str, str]) -> list[Json]:
    if not keys:
        return []
    return stage.kantata.rows(submissions, workspace_ids=",".join(keys), statuses="new", order="date:asc")


# -- expenses -----------------------------------------------------------------------------------------------------


def expenses(stage: Stage, month: date) -> None:
    """The month's expenses with receipts, one report per person and project; the last one of the story waits."""
    projects, users = stage.projects(), stage.users()
    wanted = [e for e in stage.world.expenses if e.day.month == month.month and e.contract in projects]
    known = [_expense_signature(row) for row in _expenses_of(stage, projects)]
    rows = []
    for number, expense in enumerate(wanted, 1):
        row = _expense_row(expense, projects[expense.contract], users, int(f"{month:%y%m}{number:04d}"))
        signature = _expense_signature(row)
        if signature in known:
            known.remove(signature)
        else:
            rows.append(row)
    stage.kantata.create("expenses", rows)
    stage.count("expenses", len(rows))
    _report(stage, month, projects)


def _expense_row(expense: Expense, project: Project, users: Mapping[str, str], receipt: int) -> Json:
    return {
        "workspace_id": project.workspace_id,
        "user_id": users[expense.person],
        "date": expense.day.isoformat(),
        "category": expense.category,
        "amount_in_cents": int(expense.amount * Decimal(100)),
        "currency": expense.currency,
        "notes": expense.notes,
        "is_billable": True,
        "reimbursable": True,
        "receipt_id": receipt,
    }


def _expense_signature(row: Json) -> tuple[str, ...]:
    names = ("workspace_id", "user_id", "date", "category", "amount_in_cents", "currency", "notes")
    return tuple(str(row[name]) for name in names)


def _expenses_of(stage: Stage, projects: Mapping[str, Project]) -> list[Json]:
    if not projects:
        return []
    ids = ",".join(project.workspace_id for project in projects.values())
    return stage.kantata.rows("expenses", workspace_ids=ids, order="date:asc")


def _report(stage: Stage, month: date, projects: Mapping[str, Project]) -> None:
    reports: dict[tuple[str, str], list[str]] = {}
    for row in _expenses_of(stage, projects):
        if row["recent_submission_id"] is None:
            reports.setdefault((row["workspace_id"], row["user_id"]), []).append(row["id"])
    rows = [
        {"title": f"Expenses {calendar.month_name(month)}", "workspace_id": workspace, "line_item_ids": lines}
        for (workspace, _), lines in sorted(reports.items())
    ]
    stage.kantata.create("expense_report_submissions", rows)
    keys = {project.workspace_id: key for key, project in projects.items()}
    waiting = [row["id"] for row in _waiting(stage, "expense_report_submissions", keys)]
    stage.kantata.resolve("expense_report_approvals", waiting[:-1] if month == stage.world.months[-1] else waiting)


# -- milestones ---------------------------------------------------------------------------------------------------


def milestones(stage: Stage, month: date) -> None:
    """The client accepts: the milestone's story is completed, dated and signed by name."""
    projects = stage.projects()
    accepted: list[tuple[str, Json]] = []
    for contract in stage.world.contracts:
        for term in (term for line in contract.lines for term in line.terms):
            if term.accepted is None or term.accepted.replace(day=1) != month or contract.key not in projects:
                continue
            story = projects[contract.key].milestones.get(term.name)
            if story is None:
                stage.note(f"{contract.name}: no milestone {term.name!r} in the PSA")
                continue
            accepted.append((story, _acceptance(term.approver, term.accepted)))
    side_by_side(lambda item: stage.kantata.update("stories", "story", item[0], item[1]), accepted)
    stage.count("milestones accepted", len(accepted))


def _acceptance(approver: str, day: date) -> Json:
    """The PSA has no field for acceptance: the state says that, the due date when, the description who."""
    return {
        "state": "completed",
        "percentage_complete": 100,
        "due_date": day.isoformat(),
        "description": f"Accepted by {approver} on {day.isoformat()}; signed acceptance protocol on file.",
    }


# -- second thoughts ----------------------------------------------------------------------------------------------


def corrections(stage: Stage, month: date) -> None:
    """Entries changed or deleted after they were approved, before the month is billed."""
    wanted = [change for change in stage.world.corrections if change.entry.month == month.month]
    projects = stage.projects()
    wanted = [change for change in wanted if change.entry.contract in projects]
    if not wanted:
        return
    users = stage.users()
    found: dict[Signature, Any] = {_signature_of(row): row["id"] for row in _month_of(stage, month, projects)}
    for change in wanted:
        row = _time_row(change.entry, projects[change.entry.contract], users, _Anything())
        entry_id = found.get(_signature_of(row))
        if entry_id is None:
            continue
        if change.minutes is None:
            stage.kantata.delete("time_entries", entry_id)
        else:
            stage.kantata.update("time_entries", "time_entry", entry_id, {"time_in_minutes": change.minutes})
        stage.count("corrections", 1)


class _Anything(dict[str, str]):
    """Roles do not matter for recognising an entry."""

    def __missing__(self, key: str) -> str:
        return ""
