"""Terms as JSON and back, to the last digit: what a decision rests on is kept, and can be decided on again.

Every field of every value is written, by its type; one that is new since is read as its default. Decimals, dates and
the order of rows come back as they were.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, partial
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from billing.engine import charging
from billing.engine.notation import encode
from billing.engine.values import ZERO, Terms
from integration_hub.rules.tables import Table, recalled

Codec = Callable[[Any], Any]


def agreed(terms: Terms) -> Terms:
    """What of terms was agreed, without what moves with the work: holds, and where limits, retainers, tiers stand."""
    caps = tuple(replace(cap, used=ZERO, used_in=()) for cap in terms.caps)
    return replace(terms, caps=caps, retainer_use=(), tier_use=(), settled=(), holds=())


def dump(terms: Terms) -> str:
    """Terms as canonical JSON: the same bytes for the same terms."""
    return encode(_writer(Terms)(terms))


def load(facts: Mapping[str, Any]) -> Terms:
    """The terms that `dump` wrote, from its parsed JSON. Raises KeyError when a field without a default is missing."""
    found = _reader(Terms)(facts)
    assert isinstance(found, Terms)  # noqa: S101 what the reader of Terms makes
    return found


def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _writer(kind: Any) -> Codec:
    """How a value of a type becomes JSON."""
    if kind is Table:
        return lambda table: table.facts
    inner = _optional(kind)
    if inner is not None:
        of_inner = _writer(inner)
        return lambda value: None if value is None else of_inner(value)
    if is_dataclass(kind):
        hints = _hints(kind)
        parts = [(field.name, _writer(hints[field.name])) for field in fields(kind)]
        return lambda value: {name: write(getattr(value, name)) for name, write in parts}
    if kind is Decimal or kind is date:
        return str
    members = _members(kind)
    if members is None:
        return lambda value: value
    if len(members) == 1:
        each = _writer(members[0])
        return lambda value: [each(one) for one in value]
    writers = [_writer(member) for member in members]
    return lambda value: [write(one) for write, one in zip(writers, value, strict=True)]


@cache
def _reader(kind: Any) -> Codec:
    """How JSON becomes a value of a type."""
    if kind is Table:
        return partial(recalled, charging.KIND)
    inner = _optional(kind)
    if inner is not None:
        of_inner = _reader(inner)
        return lambda value: None if value is None else of_inner(value)
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if kind is Decimal:
        return Decimal
    if kind is date:
        return date.fromisoformat
    members = _members(kind)
    if members is None:
        return lambda value: value
    if len(members) == 1:
        each = _reader(members[0])
        return lambda value: tuple([each(one) for one in value])
    readers = [_reader(member) for member in members]
    return lambda value: tuple([read(one) for read, one in zip(readers, value, strict=True)])


def _dataclass_reader(kind: Any) -> Codec:
    parts = [(field, _reader(_hints(kind)[field.name])) for field in fields(kind)]

    def read(facts: Mapping[str, Any]) -> Any:
        known = {
            field.name: of_field(facts[field.name])
            for field, of_field in parts
            if field.name in facts or (field.default is MISSING and field.default_factory is MISSING)
        }
        return kind(**known)

    return read


def _optional(kind: Any) -> Any:
    """X of `X | None`; None for any other type."""
    if get_origin(kind) not in (Union, UnionType):
        return None
    inner = [arg for arg in get_args(kind) if arg is not type(None)]
    if len(inner) != 1:
        raise TypeError(f"{kind} cannot be recorded: only one type or None can be told from JSON.")
    return inner[0]


def _members(kind: Any) -> tuple[Any, ...] | None:
    """The types of a tuple's members, one for a tuple of any length; None for what JSON has itself."""
    origin = get_origin(kind)
    if origin is tuple:
        args = get_args(kind)
        return args[:1] if args[-1] is Ellipsis else args
    if origin is Literal or kind in (str, int, bool):
        return None
    raise TypeError(f"{kind} cannot be recorded.")
