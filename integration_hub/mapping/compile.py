"""From the rows of a mapping to a fast function: everything that can be decided once is decided here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integration_hub.canonical import ENTITIES, Record
from integration_hub.mapping import convert, paths


@dataclass(frozen=True, slots=True)
class ValueTable:
    """What their values mean. `refuse`: an unknown value refuses the record; otherwise it stays as it is."""

    name: str
    rows: Mapping[str, str]
    refuse: bool = True


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """How one canonical field is filled; the fields are those of `FieldRule`."""

    target: str
    source: str = ""
    constant: str = ""
    default: str = ""
    required: bool = False
    kind: str = "text"
    date_format: str = ""
    decimal_comma: bool = False
    scale: Decimal | None = None
    values: ValueTable | None = None


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """One version of the mapping of one entity of one connection, without the database."""

    connection: str
    entity: str
    version: int
    rules: tuple[RuleSpec, ...]
    row_filter: str = ""


class Missing(Exception):
    """A record has nothing where a rule requires something."""


class Unknown(Exception):
    """A record carries a value that its value map does not know; the argument is the value as shown."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rule compiled.

    `read` makes a record the value of the rule's target, None for none. It raises Missing, Unknown, ValueError when the
    value cannot be converted, and paths.Unfit when the record does not fit the expression.
    """

    rule: RuleSpec
    find: paths.Finder | None
    convert: Callable[[Any], Any]
    read: Callable[[paths.Raw], Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mapping ready to be applied, see `apply.translate`.

    `fields` are the source fields it reads (parents dotted): a connector asks its vendor for exactly these.
    """

    connection: str
    entity: str
    version: int
    model: type[Record]
    steps: tuple[Step, ...]
    passes: Callable[[Mapping[str, Any]], bool] | None
    fields: tuple[str, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    """Canonical field → where it comes from, for messages."""


def compile_mapping(spec: MappingSpec) -> Compiled:
    """Compile; raises paths.BadPath for a wrong expression and LookupError for an unknown entity or kind."""
    steps = tuple(_step(rule) for rule in spec.rules)
    read: set[str] = set()
    for rule in spec.rules:
        if rule.source and not rule.constant:
            read |= paths.fields_of(rule.source)
    if spec.row_filter:
        read |= paths.fields_of(spec.row_filter)
    return Compiled(
        connection=spec.connection,
        entity=spec.entity,
        version=spec.version,
        model=ENTITIES[spec.entity],
        steps=steps,
        passes=paths.condition(spec.row_filter) if spec.row_filter else None,
        fields=tuple(sorted(read)),
        sources={rule.target: rule.source or f"constant {rule.constant!r}" for rule in spec.rules},
    )


def _step(rule: RuleSpec) -> Step:
    find = paths.finder(rule.source) if rule.source and not rule.constant else None
    convert_value = convert.converter(
        rule.kind, date_format=rule.date_format, decimal_comma=rule.decimal_comma, scale=rule.scale
    )
    return Step(rule, find, convert_value, _reader(rule, find, convert_value))


def _reader(
    rule: RuleSpec, find: paths.Finder | None, convert_value: Callable[[Any], Any]
) -> Callable[[paths.Raw], Any]:
    """One function for everything a rule does with a record, so that a record costs one call per rule."""
    instead = _instead(rule, convert_value)
    if find is None:
        return instead
    search, table = find, rule.values

    def read(raw: paths.Raw) -> Any:
        found = search(raw)
        return instead(raw) if is_empty(found) else convert_value(found)

    def read_text(raw: paths.Raw) -> Any:
        found = search(raw)
        if found.__class__ is str:
            return found.strip() or instead(raw)
        return instead(raw) if found is None else convert_value(found)

    def read_mapped(raw: paths.Raw) -> Any:
        found = search(raw)
        if not is_empty(found) and table is not None:
            theirs = shown(found)
            ours = table.rows.get(theirs)
            if ours is None and table.refuse:
                raise Unknown(theirs)
            found = found if ours is None else ours
        return instead(raw) if is_empty(found) else convert_value(found)

    if table is not None:
        return read_mapped
    return read_text if convert_value is convert.text else read


def _instead(rule: RuleSpec, convert_value: Callable[[Any], Any]) -> Callable[[paths.Raw], Any]:
    """What a rule makes of a record that has nothing for it."""
    given = rule.constant or rule.default

    def nothing(_: paths.Raw) -> Any:
        if rule.required:
            raise Missing
        return None

    return nothing if is_empty(given) else lambda _: convert_value(given)


def is_empty(value: Any) -> bool:
    """Whether a source says nothing with a value."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def shown(value: Any) -> str:
    """A value as it stands in a value map and in a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def spec_from_data(connection: str, entity: str, default: Mapping[str, Any]) -> MappingSpec:
    """The spec of a vendor's default mapping as data (see `connectors.registry.DEFAULT_MAPPINGS`)."""
    tables = {name: _table(name, body) for name, body in default.get("values", {}).items()}
    body = default["entities"][entity]
    return MappingSpec(connection, entity, 1, _rules(body["rules"], tables), body.get("row_filter", ""))


def _table(name: str, body: Mapping[str, Any]) -> ValueTable:
    return ValueTable(name, dict(body["rows"]), refuse=body.get("when_unknown", "refuse") == "refuse")


def _rules(rules: Sequence[Mapping[str, Any]], tables: Mapping[str, ValueTable]) -> tuple[RuleSpec, ...]:
    specs = []
    for rule in rules:
        fields = dict(rule)
        name = fields.pop("value_map", None)
        scale = fields.pop("scale", None)
        specs.append(
            RuleSpec(
                **fields,
                scale=None if scale is None else Decimal(str(scale)),
                values=tables[name] if name else None,
            )
        )
    return tuple(specs)
