"""From a source record to its canonical meaning, or to problems that name field, value and remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from integration_hub.canonical import Record
from integration_hub.kernel.errors import Problem
from integration_hub.mapping.compile import Compiled, Missing, RuleSpec, Unknown, shown
from integration_hub.mapping.paths import Unfit

VALUE_UNMAPPED = "VALUE_UNMAPPED"
RECORD_REFUSED = "RECORD_REFUSED"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A value nobody has given a meaning yet: one root cause, however many records carry it."""

    connection: str
    value_map: str
    field: str
    value: str

    @property
    def root_cause(self) -> str:
        """The key under which all records with this value belong together."""
        return f"{self.connection}:{self.value_map}:{self.value}"[:200]


class Translated(NamedTuple):
    """What became of one source record: a record, or problems with a case `code`, or left out by the row filter."""

    record: Record | None = None
    problems: tuple[Problem, ...] = ()
    filtered: bool = False
    code: str = ""
    unmapped: tuple[Unmapped, ...] = ()


FILTERED = Translated(filtered=True)


def translate(
    mapping: Compiled, raw: Mapping[str, Any], *, source_id: str = "", version: str = "", deleted: bool = False
) -> Translated:
    """Apply a compiled mapping to one record as it came. Never raises for bad data: problems say what is wrong.

    `source_id` and `version` are the connector's; rules for these fields (files) override them.
    """
    try:
        if mapping.passes is not None and not mapping.passes(raw):
            return FILTERED
    except Unfit as error:
        return Translated(problems=(_unfit(mapping, "row_filter", error),), code=RECORD_REFUSED)
    values: dict[str, Any] = {"deleted": deleted}
    if source_id:
        values["source_id"] = source_id
    if version:
        values["version"] = version
    problems: list[Problem] = []
    unmapped: list[Unmapped] = []
    for step in mapping.steps:
        try:
            value = step.read(raw)
        except (Missing, Unknown, Unfit, ValueError) as error:
            problems.append(_problem(mapping, step.rule, error))
            if isinstance(error, Unknown) and step.rule.values is not None:
                theirs = str(error)
                unmapped.append(Unmapped(mapping.connection, step.rule.values.name, step.rule.target, theirs))
            continue
        if value is not None:
            values[step.rule.target] = value
    if problems:
        return Translated(
            problems=tuple(problems), code=VALUE_UNMAPPED if unmapped else RECORD_REFUSED, unmapped=tuple(unmapped)
        )
    try:
        return Translated(record=mapping.model.model_validate(values))
    except ValidationError as error:
        return Translated(problems=_explain(mapping, error), code=RECORD_REFUSED)


def _problem(mapping: Compiled, rule: RuleSpec, error: Exception) -> Problem:
    if isinstance(error, Missing):
        remedy = f"Fill {rule.source or rule.target} in the source, or give the rule a default."
        return Problem(rule.target, "is empty although the mapping requires it.", remedy)
    if isinstance(error, Unknown):
        return _unknown(mapping, rule, str(error))
    if isinstance(error, Unfit):
        return _unfit(mapping, rule.target, error)
    remedy = f"Correct {rule.source or rule.target} in the source, or the rule in the mapping {_name(mapping)}."
    return Problem(rule.target, f"{error}.", remedy)


def _unfit(mapping: Compiled, target: str, error: Exception) -> Problem:
    why = str(error).splitlines()[0]
    remedy = f"Correct the record in the source, or the expression in the mapping {_name(mapping)}."
    return Problem(target, f"cannot be read: {why}.", remedy)


def _unknown(mapping: Compiled, rule: RuleSpec, theirs: str) -> Problem:
    table = rule.values
    name = table.name if table else ""
    return Problem(
        rule.target,
        f"{theirs!r} ({rule.source}) has no meaning here yet.",
        f"Add it to the value map {name!r} of {mapping.connection}.",
    )


def _name(mapping: Compiled) -> str:
    return f"{mapping.connection} {mapping.entity} v{mapping.version}"


def _explain(mapping: Compiled, error: ValidationError) -> tuple[Problem, ...]:
    problems = []
    for item in error.errors(include_url=False):
        target = ".".join(str(part) for part in item["loc"])
        problems.append(Problem(target, _message(item), _remedy(mapping, str(item["loc"][0]) if item["loc"] else "")))
    return tuple(problems)


def _message(item: Any) -> str:
    if item["type"] == "missing":
        return "is missing."
    text = str(item["msg"]).removeprefix("Value error, ")
    given = item["input"]
    excerpt = f" (given: {shown(given)[:80]})" if isinstance(given, str | int | float) else ""
    return f"{text}{excerpt}."


def _remedy(mapping: Compiled, target: str) -> str:
    if not target:
        return "Correct the record in its source."
    source = mapping.sources.get(target)
    if source is None:
        return f"Add a rule for {target} to the mapping {_name(mapping)}."
    return f"Correct {source} in the source, or the rule in the mapping {_name(mapping)}."
