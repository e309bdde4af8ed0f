"""What a person must decide about what came in: one case per root cause, healed when a later version passes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from integration_hub.canonical import nouns
from integration_hub.cases.actions import cases
from integration_hub.cases.registry import KINDS
from integration_hub.connectors.models import Connection
from integration_hub.intake import waiting
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.errors import Problem
from integration_hub.mapping.compile import Compiled

Cause = tuple[str, str]  # (case code, root cause)

VALUE_UNMAPPED = "VALUE_UNMAPPED"
RECORD_REFUSED = "RECORD_REFUSED"
SOURCE_CONFLICT = "SOURCE_CONFLICT"
PARKED_REFERENCE = "PARKED_REFERENCE"
RULE_ERROR = "RULE_ERROR"
DRIFT = "DRIFT"
BY = "system:intake"
TARGET = "source"
UNRESOLVED = ("refused", "conflict", "parked")
EXCERPT = 80

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\(given: [^)]*\)")
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")


def told(problem: Problem, mapping: Compiled, raw: Mapping[str, Any]) -> dict[str, str]:
    """A problem as it is stored and shown: with the source's own field name and what stood there."""
    column = mapping.sources.get(problem.field.split(".")[0], "") or (problem.field if problem.field in raw else "")
    value = raw.get(column)
    excerpt = "" if value is None or isinstance(value, dict | list) else str(value)[:EXCERPT]
    return {
        "field": problem.field,
        "column": column,
        "value": excerpt,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def kind_of(message: str) -> str:
    """A message without the values in it: the same for every record that has the same trouble."""
    return " ".join(_NUMBER.sub("#", _QUOTED.sub("…", message)).split())


def root_cause(connection_code: str, entity: str, problems: Sequence[Problem]) -> str:
    """The key under which refused records belong together: connection, entity, field, kind of message."""
    first = problems[0] if problems else Problem("", "refused without a reason")
    return f"{connection_code}:{entity}:{first.field}:{kind_of(first.message)}"[:200]


def conflict(version: str) -> Problem:
    """Two contents claim the same version."""
    return Problem(
        "version",
        f"version {version} came with two different contents; neither is applied.",
        "Save the record in its source once more, or choose which one is right.",
    )


REMEDIES = {
    VALUE_UNMAPPED: "Give the value a meaning in the value map; the records are taken again by themselves.",
    RECORD_REFUSED: "Correct the records in their source, or the rule in the mapping.",
    SOURCE_CONFLICT: "Save the record in its source once more, or choose which content is right.",
    PARKED_REFERENCE: "Bring the missing parent in: check its feed, its row filter and its own exceptions.",
    DRIFT: "Change the mapping to what it means now, or say that it is right; the other records went on.",
    RULE_ERROR: "Report it to the developers; the other records of the page went on.",
}


def bring_up_to_date(connection: Connection, entity: str, causes: Iterable[Cause]) -> None:
    """Make each case hold exactly the versions that still have its root cause; a case without any heals."""
    for code, cause in sorted(set(causes)):
        _sync(connection, entity, code, cause)


@transaction.atomic
def _sync(connection: Connection, entity: str, code: str, cause: str) -> None:
    known = code if code in KINDS else RECORD_REFUSED
    rows = list(
        SourceVersion.objects.filter(case_code=code, root_cause=cause, status__in=UNRESOLVED)
        .order_by("pk")
        .values_list("pk", "problems", "entity", "source_id", "version", "row_number")
    )
    members = [
        cases.MemberIn(TARGET, str(pk), _label(kind, source_id, version, row), *_money(problems))
        for pk, problems, kind, source_id, version, row in rows
    ]
    first: dict[str, str] = next((row[1][0] for row in rows if row[1]), {})
    cases.set_members(
        code=known,
        root_cause=cause,
        title=_title(connection, entity, code, cause, first)[:250],
        detail=f"{first.get('field', '')} {first.get('message', '')}".strip(),
        remedy=first.get("remedy") or REMEDIES.get(code, REMEDIES[RECORD_REFUSED]),
        subject=("connection", str(connection.pk), connection.code),
        members=members,
        because="A later version or another try of every record passed.",
        by=BY,
    )


def _label(entity: str, source_id: str, version: str, row: int | None) -> str:
    place = f" row {row}" if row is not None else ""
    return f"{entity} {source_id} v{version}{place}"[:200]


def _money(problems: Sequence[Mapping[str, str]]) -> tuple[Decimal | None, str]:
    """The amount a record that was kept back carries."""
    first = problems[0] if problems else {}
    return (Decimal(first["amount"]), first["currency"]) if first.get("amount") else (None, "")


def _title(connection: Connection, entity: str, code: str, cause: str, first: Mapping[str, str]) -> str:
    noun = nouns.one(entity)
    if code == VALUE_UNMAPPED:
        _, value_map, value = (*cause.split(":", 2), "", "")[:3]
        return f"{connection}: {value!r} is not in the value map {value_map!r}"
    if code == SOURCE_CONFLICT:
        return f"{connection}: {noun} {cause.rsplit(':', 1)[-1]} has two contents for one version"
    if code == PARKED_REFERENCE:
        return f"{connection}: records wait for {cause}, which has not been taken"
    if code == RULE_ERROR:
        return f"{connection}: a rule failed on {noun} records"
    subject = first.get("column") or first.get("field") or "record"
    if code == DRIFT:
        return f"{connection}: {subject} of {noun} {first.get('message', '')}"
    return f"{connection}: {noun} refused, {subject} {first.get('message', '')}"


def parent_missing(connection_id: int, key: str) -> None:
    """Tell somebody that records have waited for this parent beyond the grace; they go on waiting."""
    connection = Connection.objects.get(pk=connection_id)
    cause = key[:200]
    with transaction.atomic():
        late = SourceVersion.objects.filter(connection=connection, status="parked", waits_for=key)
        entity = late.exclude(root_cause=cause).values_list("entity", flat=True).first()
        if entity is not None:
            late.update(case_code=PARKED_REFERENCE, root_cause=cause)
            _sync(connection, entity, PARKED_REFERENCE, cause)


def still_troubled(code: str) -> Callable[[str], bool]:
    """Whether versions with this root cause are still unresolved: then a person cannot close the case by hand."""

    def holds(cause: str) -> bool:
        return SourceVersion.objects.filter(case_code=code, root_cause=cause, status__in=UNRESOLVED).exists()

    return holds


def retry(code: str) -> Callable[[str], int]:
    """The case's button "try again": the versions with this root cause are taken again by their lane."""

    def again(cause: str) -> int:
        ids = SourceVersion.objects.filter(case_code=code, root_cause=cause, status__in=("refused", "parked"))
        return waiting.later(list(ids.values_list("pk", flat=True)))

    return again
