"""Fields and constraints of Django models in words."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable, CombinedExpression, Value

PLAIN: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
    (models.EmailField, "e-mail address"),
    (models.SlugField, "slug"),
    (models.URLField, "address (URL)"),
    (models.TextField, "text"),
    (models.BooleanField, "yes or no"),
    (models.DateTimeField, "instant (UTC)"),
    (models.DateField, "date"),
    (models.TimeField, "time of day"),
    (DateRangeField, "date range"),
    (models.JSONField, "JSON"),
    (models.BinaryField, "bytes"),
    (models.UUIDField, "UUID"),
    (models.PositiveSmallIntegerField, "whole number ≥ 0 (16 bit)"),
    (models.PositiveBigIntegerField, "whole number ≥ 0 (64 bit)"),
    (models.PositiveIntegerField, "whole number ≥ 0"),
    (models.BigIntegerField, "whole number (64 bit)"),
    (models.IntegerField, "whole number"),
)
"""Narrower classes first: the first that fits names the type."""

COMPARISONS = {"gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "exact": "="}


def type_of(field: models.Field[Any, Any]) -> str:
    """What a column holds, e.g. `text up to 40`, `decimal (24, 6)`, `list of text up to 40`."""
    if isinstance(field, ArrayField):
        return f"list of {type_of(field.base_field)}"
    if isinstance(field, models.DecimalField):
        return f"decimal ({field.max_digits}, {field.decimal_places})"
    for kind, words in PLAIN:
        if isinstance(field, kind):
            limit = f" up to {field.max_length}" if isinstance(field, models.CharField) and field.max_length else ""
            return words + limit
    if isinstance(field, models.CharField):
        return f"text up to {field.max_length}" if field.max_length else "text"
    return str(field.get_internal_type())


def constraint(rule: models.BaseConstraint) -> str:
    """A constraint as a sentence without its name."""
    if isinstance(rule, models.CheckConstraint):
        return condition(rule.condition)
    if isinstance(rule, models.UniqueConstraint):
        return _unique(rule)
    if isinstance(rule, ExclusionConstraint):
        parts = " and ".join(f"{_value(expression)} {operator}" for expression, operator in rule.expressions)
        return f"no two rows with {parts}{_where(rule.condition)}"
    raise LookupError(f"No words for the constraint {rule.name} ({type(rule).__name__}): add them in {__name__}.")


def condition(rule: Any) -> str:
    """A condition as words; raises LookupError for a lookup that has none yet."""
    if not isinstance(rule, Q):
        return str(rule)
    children: list[Any] = list(rule.children)
    parts = [condition(child) if isinstance(child, Q) else _lookup(child[0], child[1]) for child in children]
    if rule.negated:
        return _denied(rule, parts)
    if len(parts) == 1:
        return parts[0]
    joint = f" {rule.connector.lower()} "
    return joint.join(_grouped(child, text, rule.connector) for child, text in zip(children, parts, strict=True))


def _unique(rule: models.UniqueConstraint) -> str:
    what = ", ".join(f"`{name}`" for name in rule.fields) or ", ".join(_value(item) for item in rule.expressions)
    empty = " (an empty one counts as a value)" if rule.nulls_distinct is False else ""
    return f"one row per {what}{empty}{_where(rule.condition)}"


def _where(rule: Q | None) -> str:
    return f", among those where {condition(rule)}" if rule else ""


def _denied(rule: Q, parts: list[str]) -> str:
    child: Any = next(iter(rule.children))
    if len(parts) > 1 or isinstance(child, Q):
        return f"not ({f' {rule.connector.lower()} '.join(parts)})"
    name, lookup = _split(child[0])
    if lookup == "in":
        return f"{_subject(name)} is none of ({_value(child[1])})"
    if lookup == "exact":
        return f"`{name}` is not empty" if child[1] == "" else f"`{name}` ≠ {_value(child[1])}"
    return f"not ({parts[0]})"


def _grouped(child: Any, text: str, connector: str) -> str:
    inner = isinstance(child, Q) and not child.negated and len(child.children) > 1 and child.connector != connector
    return f"({text})" if inner else text


def _lookup(path: str, value: Any) -> str:
    name, lookup = _split(path)
    if lookup == "isnull":
        return f"`{name}` is {'missing' if value else 'given'}"
    if lookup == "isempty":
        return f"`{name}` has {'no days' if value else 'days'}"
    if lookup == "in":
        return f"{_subject(name)} is one of ({_value(value)})"
    if lookup == "exact" and value == "":
        return f"`{name}` is empty"
    if lookup == "exact" and isinstance(value, bool):
        return f"`{name}`" if value else f"not `{name}`"
    return f"{_subject(name)} {COMPARISONS[lookup]} {_value(value)}"


def _subject(name: str) -> str:
    """A list's length is looked up as `name__len`."""
    return f"the number of `{name.removesuffix('__len')}`" if name.endswith("__len") else f"`{name}`"


def _split(path: str) -> tuple[str, str]:
    name, _, lookup = path.rpartition("__")
    if not name or lookup == "len":
        return path, "exact"
    if lookup not in {*COMPARISONS, "in", "isnull", "isempty"}:
        raise LookupError(f"No words for the lookup {path!r}: add them in {__name__}.")
    return name, lookup


def _name(field: Any) -> str:
    return str(field.name)


def _value(value: Any) -> str:
    if isinstance(value, F):
        return f"`{_name(value)}`"
    if isinstance(value, CombinedExpression):
        return f"{_value(value.lhs)} {value.connector} {_value(value.rhs)}"
    if isinstance(value, Value):
        return _value(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, Combinable):
        return str(value)
    return f"`{value}`" if isinstance(value, str) else str(value)
