"""Mappings as files: what one installation exports another imports, by the same actions a person uses."""

from collections.abc import Mapping as Mapped
from typing import Any

from django.db import transaction

from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.mapping.actions import mappings, values
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap
from integration_hub.trail.record import Actor

HEADER = ("row_filter", "encoding", "delimiter", "note")
RULE = ("target", "source", "constant", "default", "required", "kind", "date_format", "decimal_comma")
DEFAULTS: dict[str, Any] = {
    "row_filter": "",
    "encoding": "utf-8",
    "delimiter": ",",
    "note": "",
    "source": "",
    "constant": "",
    "default": "",
    "required": False,
    "kind": "text",
    "date_format": "",
    "decimal_comma": False,
}


def exported(connection: str, entity: str = "") -> dict[str, Any]:
    """The published mappings of a connection with their value maps; the form that `imported` takes."""
    rows = Mapping.objects.filter(connection=connection, status=Mapping.Status.PUBLISHED).order_by("entity")
    if entity:
        rows = rows.filter(entity=entity)
    maps = ValueMap.objects.filter(connection=connection).order_by("name").prefetch_related("rows")
    return {
        "connection": connection,
        "values": {
            row.name: {"when_unknown": row.when_unknown, "rows": {item.theirs: item.ours for item in row.rows.all()}}
            for row in maps
        },
        "entities": {row.entity: _body(row) for row in rows},
    }


def _body(row: Mapping) -> dict[str, Any]:
    rules = row.rules.select_related("value_map").order_by("pk")
    return {**_told(row, HEADER), "rules": [_rule(rule) for rule in rules]}


def _rule(rule: FieldRule) -> dict[str, Any]:
    body = _told(rule, RULE)
    if rule.scale is not None:
        body["scale"] = format(rule.scale.normalize(), "f")
    if rule.value_map is not None:
        body["value_map"] = rule.value_map.name
    return body


def _told(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Only what differs from the default: a file that people read and compare."""
    return {name: getattr(row, name) for name in names if getattr(row, name) != DEFAULTS.get(name)}


@transaction.atomic
def imported(data: Mapped[str, Any], *, author: Actor, publisher: Actor) -> list[Mapping]:
    """Draft what the file says as `author` and publish it as `publisher`; what is in force already stays as it is.

    Value maps get the values they lack. Raises BadInput for a wrong file, Denied where author or publisher may not.
    """
    connection = str(data.get("connection") or "")
    entities = data.get("entities")
    if not connection or not isinstance(entities, Mapped):
        remedy = 'Write {"connection": code, "values": {…}, "entities": {entity: {"rules": […]}}}.'
        raise BadInput("Mapping file", [Problem("", "names no connection or no entities.", remedy)])
    for name, body in dict(data.get("values") or {}).items():
        unknown = body.get("when_unknown", "refuse")
        values.install(connection=connection, name=name, when_unknown=unknown, rows=body.get("rows", {}), by=author)
    in_force = exported(connection)["entities"]
    made = []
    for entity, body in entities.items():
        wanted = {key: value for key, value in body.items() if key == "rules" or value != DEFAULTS.get(key)}
        wanted["rules"] = [_plain(rule) for rule in body.get("rules", [])]
        if wanted == in_force.get(entity):
            continue
        header = {name: wanted[name] for name in HEADER if name in wanted}
        draft = mappings.create_draft(connection=connection, entity=entity, rules=wanted["rules"], by=author, **header)
        made.append(mappings.publish(mapping_id=draft.pk, by=publisher))
    return made


def _plain(rule: Mapped[str, Any]) -> dict[str, Any]:
    body = {name: value for name, value in rule.items() if value != DEFAULTS.get(name) and value is not None}
    unknown = sorted(set(body) - {*RULE, "scale", "value_map"})
    if unknown:
        problem = Problem(str(rule.get("target", "")), f"has the unknown key {', '.join(unknown)}.", f"Known: {RULE}.")
        raise BadInput("Mapping file", [problem])
    return body
