"""What is in force: the published mapping of an entity, compiled once per change."""

from dataclasses import replace
from functools import lru_cache

from django.db.models import QuerySet

from integration_hub.kernel.errors import NotReady
from integration_hub.mapping.compile import Compiled, MappingSpec, RuleSpec, ValueTable, compile_mapping
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap

State = tuple[tuple[int, int], ...]
"""(value map, revision) of every value map a mapping uses."""


def published(connection: str, entity: str) -> Compiled:
    """The mapping in force, compiled; cached until another version is published or a value map changes.

    Raises NotReady when none is published, naming connection and entity.
    """
    found = find_published(connection, entity)
    if found is None:
        raise NotReady(
            f"No mapping of {entity} is published for the connection {connection!r}. "
            "An integration administrator writes one and a second person publishes it."
        )
    return found


def find_published(connection: str, entity: str) -> Compiled | None:
    """The same, or None."""
    rows = (
        Mapping.objects.filter(connection=connection, entity=entity, status=Mapping.Status.PUBLISHED)
        .order_by("rules__value_map_id")
        .values_list("pk", "rules__value_map_id", "rules__value_map__revision")
        .distinct()
    )
    found = list(rows)
    if not found:
        return None
    return _compiled(found[0][0], tuple((value_map, revision) for _, value_map, revision in found if value_map))


def compiled(mapping: Mapping) -> Compiled:
    """Any version compiled as it stands now, e.g. a draft for its preview. Raises paths.BadPath."""
    return compile_mapping(spec_of(mapping))


@lru_cache(maxsize=512)
def _compiled(mapping_id: int, state: State) -> Compiled:  # state is part of the key only
    return compile_mapping(spec_of(Mapping.objects.get(pk=mapping_id)))


def spec_of(mapping: Mapping) -> MappingSpec:
    """A mapping with its rules and value maps, without the database."""
    tables: dict[int, ValueTable] = {}
    rules = tuple(_rule(rule, tables) for rule in mapping.rules.select_related("value_map").order_by("pk"))
    return MappingSpec(mapping.connection, mapping.entity, mapping.version, rules, mapping.row_filter)


def _rule(rule: FieldRule, tables: dict[int, ValueTable]) -> RuleSpec:
    spec = rule.spec()
    if rule.value_map is None:
        return spec
    if rule.value_map.pk not in tables:
        tables[rule.value_map.pk] = table_of(rule.value_map)
    return replace(spec, values=tables[rule.value_map.pk])


def table_of(value_map: ValueMap) -> ValueTable:
    """A value map with its rows."""
    rows = dict(value_map.rows.values_list("theirs", "ours"))
    return ValueTable(value_map.name, rows, refuse=value_map.when_unknown == "refuse")


def value_table(connection: str, name: str) -> ValueTable | None:
    """A value map by name, e.g. for what a connector writes; None when there is none."""
    row = ValueMap.objects.filter(connection=connection, name=name).first()
    return None if row is None else table_of(row)


def versions(connection: str, entity: str) -> "QuerySet[Mapping]":
    """All versions of the mapping of an entity, newest first."""
    return Mapping.objects.filter(connection=connection, entity=entity).order_by("-version")
