"""What makes a mapping publishable: known targets, readable paths, every required field filled."""

from collections.abc import Iterable, Sequence
from datetime import date

from integration_hub.canonical import ENTITIES
from integration_hub.kernel.errors import Problem
from integration_hub.mapping import convert, paths
from integration_hub.mapping.compile import RuleSpec

FROM_CONNECTOR = {"source_id", "version", "deleted"}
"""Fields a connector fills by itself, so that a mapping may leave them out."""

NUMBERS = {"decimal", "integer"}
DATES = {"date", "datetime"}


def entity_problems(entity: str) -> list[Problem]:
    """Whether the entity is one of ours."""
    if entity in ENTITIES:
        return []
    return [Problem("entity", f"{entity!r} is not a canonical entity.", f"Use one of: {', '.join(sorted(ENTITIES))}.")]


def filter_problems(row_filter: str) -> list[Problem]:
    """Whether the row filter is a JMESPath expression."""
    if not row_filter:
        return []
    try:
        paths.condition(row_filter)
    except paths.BadPath as error:
        return [Problem("row_filter", str(error))]
    return []


def rule_problems(entity: str, rule: RuleSpec) -> list[Problem]:
    """What is wrong with one rule; the field of each problem is the rule's target."""
    problems: list[Problem] = []
    model = ENTITIES.get(entity)
    if model is not None and rule.target not in model.model_fields:
        known = ", ".join(model.model_fields)
        problems.append(Problem(rule.target, f"is not a field of {entity}.", f"Use one of: {known}."))
    problems.extend(_path_problems(rule))
    if not (rule.source or rule.constant or rule.default):
        problems.append(Problem(rule.target, "has no source, no constant and no default.", "Give it one of them."))
    problems.extend(_notation_problems(rule))
    return problems


def _path_problems(rule: RuleSpec) -> list[Problem]:
    if not rule.source:
        return []
    try:
        paths.finder(rule.source)
    except paths.BadPath as error:
        return [Problem(rule.target, str(error))]
    return []


def _notation_problems(rule: RuleSpec) -> list[Problem]:
    if rule.kind not in NUMBERS and (rule.scale is not None or rule.decimal_comma):
        return [
            Problem(rule.target, "has a scale or a decimal comma but is not a number.", "Change the kind to a number.")
        ]
    if rule.date_format and rule.kind not in DATES:
        return [Problem(rule.target, "has a date format but is not a date.", "Change the kind to a date.")]
    if rule.date_format and not _is_date_format(rule.date_format):
        return [Problem(rule.target, f"{rule.date_format!r} is not a date format.", "Write it like %d/%m/%Y.")]
    for text, name in ((rule.constant, "constant"), (rule.default, "default")):
        if text and (problem := _unreadable(rule, text)):
            return [Problem(rule.target, f"the {name} {problem}.", "Write it as the kind of the rule demands.")]
    return []


def _is_date_format(date_format: str) -> bool:
    try:
        shown = date(2001, 12, 31).strftime(date_format)
        return convert.day(shown, date_format=date_format) == date(2001, 12, 31)
    except ValueError:
        return False


def _unreadable(rule: RuleSpec, text: str) -> str:
    try:
        convert.converter(rule.kind, date_format=rule.date_format, decimal_comma=rule.decimal_comma, scale=rule.scale)(
            text
        )
    except ValueError as error:
        return str(error)
    return ""


def missing_fields(entity: str, targets: Iterable[str]) -> list[Problem]:
    """Required canonical fields that no rule fills."""
    model = ENTITIES.get(entity)
    if model is None:
        return []
    needed = {name for name, info in model.model_fields.items() if info.is_required()} - FROM_CONNECTOR
    return [
        Problem(name, f"is required by {entity} and no rule fills it.", f"Add a rule for {name}.")
        for name in sorted(needed - set(targets))
    ]


def problems_of(entity: str, row_filter: str, rules: Sequence[RuleSpec]) -> list[Problem]:
    """Everything that stands in the way of publishing."""
    problems = [*entity_problems(entity), *filter_problems(row_filter)]
    for rule in rules:
        problems.extend(rule_problems(entity, rule))
    return [*problems, *missing_fields(entity, (rule.target for rule in rules))]
