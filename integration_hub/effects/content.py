"""The content of a write as a tree of fields: what may be edited in it, what a change means. Pure."""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from integration_hub.connectors.registry import Editable, Figures, WriteSpec
from integration_hub.kernel.errors import Problem

_STEP = re.compile(r"([^.\[\]]+)|\[(\d*)\]")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One editable field of one payload: a concrete path, its spec and its value now (text; empty for null)."""

    path: str
    title: str
    spec: Editable
    value: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs."""

    path: str
    title: str
    old: Any
    new: Any


def fields(spec: WriteSpec, payload: Mapping[str, Any], role: str) -> list[Field]:
    """What a person of this role may edit in this payload, in the order the write declares it."""
    found: list[Field] = []
    for editable in spec.editable:
        if editable.roles and role not in editable.roles:
            continue
        paths = _concrete(editable.path, payload)
        for number, path in enumerate(paths, start=1):
            title = f"{editable.title}, line {number}" if "[]" in editable.path else editable.title
            found.append(Field(path, title, editable, _text(at(payload, path))))
    return found


def _concrete(pattern: str, payload: Mapping[str, Any]) -> list[str]:
    """`lines[].description` as `lines[0].description`, `lines[1].description` …; nothing where there is no list."""
    head, mark, tail = pattern.partition("[]")
    if not mark:
        return [pattern]
    rows = at(payload, head)
    return [f"{head}[{number}]{tail}" for number in range(len(rows))] if isinstance(rows, list) else []


def steps(path: str) -> Path:
    """`lines[0].description` → ("lines", 0, "description")."""
    return tuple(name or int(number) for name, number in _STEP.findall(path))


def at(payload: Any, path: str) -> Any:
    """The value at a path; None where there is nothing."""
    value = payload
    for step in steps(path) if path else ():
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def changed(editable: Sequence[Field], wanted: Mapping[str, str]) -> tuple[list[Change], list[Problem]]:
    """The fields that differ, and what is wrong with the wanted values; `wanted` is by path."""
    known = {field.path: field for field in editable}
    changes: list[Change] = []
    problems: list[Problem] = []
    for path, text in wanted.items():
        field = known.get(path)
        if field is None:
            problems.append(Problem(path, "may not be corrected here.", "Correct it where it comes from."))
        elif (text := text.strip()) != field.value:
            problem = _wrong(field, text)
            problems.extend([problem] if problem else [])
            changes.append(Change(path, field.title, field.value, text))
    return changes, problems


def _wrong(field: Field, text: str) -> Problem | None:
    if not text:
        return Problem(field.path, "is empty.", "It has to be filled.") if field.spec.required else None
    if len(text) > field.spec.longest:
        return Problem(field.path, f"is longer than {field.spec.longest} characters.", "Shorten it.")
    try:
        if field.spec.kind == "date":
            date.fromisoformat(text)
        elif field.spec.kind == "amount" and not Decimal(text).is_finite():
            raise InvalidOperation
    except (ValueError, InvalidOperation):
        return Problem(field.path, f"{text!r} is no {field.spec.kind}.", "Write it as the others are written.")
    return None


def applied(payload: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """The payload with the changes; the one given stays as it is."""
    result: dict[str, Any] = copy.deepcopy(dict(payload))
    for change in changes:
        *way, last = steps(change.path)
        place: Any = result
        for step in way:
            place = place[step]
        place[last] = change.new or (None if place[last] is None else "")
    return result


def effect_on(figures: Figures, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[str]]:
    """Money, tax and date before and after, for those the write has."""
    paths = {"net": figures.net, "tax": figures.tax, "gross": figures.gross, "date": figures.date}
    return {name: [_text(at(before, path)), _text(at(after, path))] for name, path in paths.items() if path}


def moved(figures: Mapping[str, Sequence[str]]) -> list[str]:
    """Which of them changed."""
    return [name for name, (before, after) in figures.items() if before != after]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
