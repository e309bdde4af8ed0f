"""Which contract line takes a piece of work, and whether it is charged (billing.md §1.2, §3.1 question 3).

The most specific rules decide, and only they: when the line they name cannot take the work on that day, the answer is
`MAP_MISSING`, not the next broader rule, which might bill the work under a line nobody meant.
Without any rule for the kind of work, the one line whose method takes it does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.engine.values import EligibilityRow, Line

TIME_METHODS = ("tm", "retainer_hours", "included")
METHODS = {"time": TIME_METHODS, "usage": ("usage",), "expense": ("expense",)}
FIXED_METHODS = ("milestone", "progress", "recurring", "fixed_schedule", "included")


@dataclass(frozen=True, slots=True)
class Place:
    """Where work belongs: `chargeability` is chargeable, included or non_chargeable; or `code` says why nowhere."""

    line: Line | None
    chargeability: str
    code: str
    how: str
    considered: tuple[dict[str, Any], ...]


class Map:
    """The eligibility rules and lines of one contract, in any order."""

    def __init__(self, rows: Iterable[EligibilityRow], lines: Iterable[Line]) -> None:
        self.lines = {line.id: line for line in sorted(lines, key=lambda line: line.id)}
        self._rows = sorted(rows, key=lambda row: row.id)

    def named(self, line_id: int | None) -> Place:
        """The line a fee or a milestone belongs to by its origin."""
        line = self.lines.get(line_id) if line_id is not None else None
        return Place(line, "chargeable", "" if line else "MAP_MISSING", "named", ())

    def find(
        self, *, kind: str, project_id: int | None, task_code: str, role: str, category: str, on: date,
        line_id: int | None = None,
    ) -> Place:  # fmt: skip
        """Where time or an expense belongs on a service date.

        A line the work itself names (`line_id`, through its task) comes before the rules, but rules for its task, role
        or category may still say that it is included or not charged. Expenses follow it only to a line for expenses.
        """
        rules = [row for row in self._rows if row.kind == kind]
        matching = [row for row in rules if _matches(row, project_id, task_code, role, category)]
        if line_id is not None and (kind != "expense" or self._charges_expenses(line_id)):
            return self._by_name(kind, line_id, matching, on)
        if not rules:
            return self._only_line(kind, on)
        decisive = _most_specific(matching)
        fit = [row for row in decisive if not self._refusal(row, kind, on)]
        answers = {(row.line_id, row.chargeability) for row in fit}
        chosen = fit[0] if len(answers) == 1 else None
        seen = tuple(self._seen(row, decisive, chosen, kind, on) for row in matching)
        if chosen is None:
            return Place(None, "", "MAP_AMBIGUOUS" if answers else "MAP_MISSING", "rule", seen)
        line = self.lines.get(chosen.line_id) if chosen.line_id is not None else None
        return Place(line, chosen.chargeability, "", "rule", seen)

    def _charges_expenses(self, line_id: int) -> bool:
        line = self.lines.get(line_id)
        return line is not None and (line.method == "expense" or bool(line.expense_rule or line.expenses))

    def _by_name(self, kind: str, line_id: int, matching: list[EligibilityRow], on: date) -> Place:
        line = self.lines.get(line_id)
        reason = _unfit(line, kind, on) if line else "no such line in this version"
        named = {"line": line_id, "accepted": not reason, "reason": reason or "named by the work"}
        rules = _most_specific([row for row in matching if _narrow(row) and row.line_id in (None, line_id)])
        seen = (named, *(_row_facts(row, "") for row in rules))
        answers = sorted({row.chargeability for row in rules}) or ["chargeable"]
        if reason or len(answers) > 1:
            return Place(None, "", "MAP_MISSING" if reason else "MAP_AMBIGUOUS", "named", seen)
        return Place(line, answers[0], "", "named", seen)

    def _only_line(self, kind: str, on: date) -> Place:
        able = [line for line in self.lines.values() if line.method in METHODS[kind] and not _unfit(line, kind, on)]
        seen = tuple({"line": line.id, "accepted": len(able) == 1, "reason": f"takes {kind}"} for line in able)
        if len(able) == 1:
            return Place(able[0], "chargeable", "", "only_line", seen)
        return Place(None, "", "MAP_AMBIGUOUS" if able else "MAP_MISSING", "only_line", seen)

    def _refusal(self, row: EligibilityRow, kind: str, on: date) -> str:
        if row.line_id is None:
            return "names no line" if row.chargeability == "chargeable" else ""
        line = self.lines.get(row.line_id)
        return _unfit(line, kind, on) if line else "its line is not in this version"

    def _seen(
        self, row: EligibilityRow, decisive: list[EligibilityRow], chosen: EligibilityRow | None, kind: str, on: date
    ) -> dict[str, Any]:
        if row not in decisive:
            return _row_facts(row, "a more specific rule applies")
        clash = "" if chosen else "another rule, as specific, answers differently"
        return _row_facts(row, self._refusal(row, kind, on) or clash)


def _row_facts(row: EligibilityRow, reason: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "line": row.line_id,
        "chargeability": row.chargeability,
        "specificity": _specificity(row),
        "accepted": not reason,
        "reason": reason or "applies",
    }


def _most_specific(rows: list[EligibilityRow]) -> list[EligibilityRow]:
    most = max((_specificity(row) for row in rows), default=0)
    return [row for row in rows if _specificity(row) == most]


def _narrow(row: EligibilityRow) -> bool:
    """Whether a rule looks at the work itself, not only at the project its task is in anyway."""
    return bool(row.task_code or row.role or row.category)


def _matches(row: EligibilityRow, project_id: int | None, task_code: str, role: str, category: str) -> bool:
    return (
        row.project_id in (None, project_id)
        and row.task_code in ("", task_code)
        and row.role in ("", role)
        and row.category in ("", category)
    )


def _specificity(row: EligibilityRow) -> int:
    return (row.project_id is not None) + bool(row.task_code) + bool(row.role) + bool(row.category)


def _unfit(line: Line, kind: str, on: date) -> str:
    """Why a line cannot take work of a kind on a day; late work still falls under a line that has ended since."""
    if kind != "expense" and line.method == "expense":
        return f"the line bills expenses, not {kind}"
    if kind == "time" and line.method == "usage":
        return "the line bills units, not time"
    if line.method == "commitment":
        return "the line bills what falls short of a minimum, no work"
    if kind == "usage" and line.method not in ("usage", "tm", *FIXED_METHODS):
        return "the line bills no units"
    if line.status == "suspended":
        return "the line is suspended"
    if line.status == "ended" and line.ends_on is None:
        return "the line has ended"
    if line.starts_on is not None and on < line.starts_on:
        return f"the line starts on {line.starts_on.isoformat()}"
    if line.ends_on is not None and on > line.ends_on:
        return f"the line ended on {line.ends_on.isoformat()}"
    return ""
