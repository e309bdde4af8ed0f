"""docs/reference/models.md: apps, tables, fields, constraints in words, a diagram per app."""

import re
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.migrations import RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.models.fields import NOT_PROVIDED

from integration_hub.environment import BASE_DIR
from integration_hub.operations.pages import markdown, words

LEAD = (
    "Every table, as the models declare it. Each has an `id` (64 bit, ascending), which is left out below. Amounts are "
    "decimal with six places and carry their currency beside them; rates have ten places and are never rounded; "
    "instants are in UTC. A field without *may be empty* is required. The rules under each table are kept by the "
    "database, whatever code writes to it."
)
TRIGGER = re.compile(r"CREATE TRIGGER (\w+)\s+(BEFORE|AFTER) ([\w ,]+?) ON (\w+)")
EXCLUDE = re.compile(r"ALTER TABLE (\w+) ADD CONSTRAINT (\w+) EXCLUDE")
DROP_TRIGGER = re.compile(r"DROP TRIGGER (?:IF EXISTS )?(\w+)")
DROP_CONSTRAINT = re.compile(r"DROP CONSTRAINT (?:IF EXISTS )?(\w+)")

Model = type[models.Model]


def our_apps() -> list[AppConfig]:
    """Our apps that have tables, lower rooms first, as settings list them."""
    return [
        config
        for config in apps.get_app_configs()
        if config.path == str(BASE_DIR / config.name.replace(".", "/")) and list(config.get_models())
    ]


def page() -> str:
    """The whole page."""
    rooms = our_apps()
    contents = markdown.bullets(f"[{room.verbose_name}](#{markdown.anchor(_heading(room))})" for room in rooms)
    by_hand = written_in_sql()
    return markdown.document("Models", LEAD, contents, *(_room(room, by_hand) for room in rooms))


def written_in_sql() -> dict[str, list[str]]:
    """Per database table: triggers and exclusion constraints that migrations create in SQL and nothing drops."""
    found: dict[str, dict[str, str]] = {}
    loader = MigrationLoader(None)
    ours = {config.label for config in our_apps()}
    for key in sorted(key for key in loader.disk_migrations if key[0] in ours):
        for operation in loader.disk_migrations[key].operations:
            if isinstance(operation, RunSQL):
                _note(str(operation.sql), found)
    return {table: [f"{text} (`{name}`)" for name, text in sorted(rules.items())] for table, rules in found.items()}


def _note(sql: str, found: dict[str, dict[str, str]]) -> None:
    for gone in (*DROP_TRIGGER.findall(sql), *DROP_CONSTRAINT.findall(sql)):
        for rules in found.values():
            rules.pop(gone, None)
    for name, moment, acts, table in TRIGGER.findall(sql):
        text = f"trigger {moment.lower()} {acts.lower()}: {name.replace('_', ' ')}"
        found.setdefault(table, {})[name] = text
    for table, name in EXCLUDE.findall(sql):
        found.setdefault(table, {})[name] = f"exclusion constraint: {name.replace('_', ' ')}"


def _heading(room: AppConfig) -> str:
    """With the label, because a room and a table may have one name."""
    return f"{room.verbose_name} (`{room.label}`)"


def _room(room: AppConfig, by_hand: dict[str, list[str]]) -> str:
    tables = list(room.get_models())
    blocks = [f"## {_heading(room)}", markdown.prose(room.module.__doc__), markdown.mermaid(_diagram(tables))]
    return "\n\n".join([*(block for block in blocks if block), *(_table(model, by_hand) for model in tables)])


def _table(model: Model, by_hand: dict[str, list[str]]) -> str:
    meta = model._meta
    doc = model.__doc__ or ""
    blocks = [
        f"### {model.__name__}",
        f"Table `{meta.db_table}`. {'' if doc.startswith(f'{model.__name__}(') else markdown.prose(doc)}".strip(),
        markdown.table(("Field", "Holds", "Notes"), [_field(field) for field in _fields(model)]),
        markdown.bullets([*_rules(model), *by_hand.get(meta.db_table, [])]),
    ]
    return "\n\n".join(block for block in blocks if block)


def _fields(model: Model) -> list[models.Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not field.auto_created] + list(model._meta.many_to_many)


def _field(field: models.Field[Any, Any]) -> tuple[str, str, str]:
    return markdown.code(field.name), _holds(field), _notes(field)


def _holds(field: models.Field[Any, Any]) -> str:
    model = _target(field)
    if model is None:
        return words.type_of(field)
    one = {"OneToOneField": "one ", "ManyToManyField": "many "}.get(type(field).__name__, "")
    known = model._meta.app_config in our_apps()
    name = f"[{model.__name__}](#{markdown.anchor(model.__name__)})" if known else model._meta.label
    return f"→ {one}{name}"


def _target(field: models.Field[Any, Any]) -> Model | None:
    """The model a relation points to."""
    target: Any = field.related_model
    if target == "self":
        return field.model
    return target if isinstance(target, type) else None


def _notes(field: models.Field[Any, Any]) -> str:
    notes = []
    if field.help_text:
        notes.append(str(field.help_text).rstrip("."))
    if field.null or field.blank or field.many_to_many:
        notes.append("may be empty")
    if field.unique and not isinstance(field, models.OneToOneField):
        notes.append("unique")
    if getattr(field, "db_index", False) and field.related_model is None:
        notes.append("indexed")
    base = field.base_field if isinstance(field, ArrayField) else field
    if base.choices:
        notes.append(
            "one of " + ", ".join(f"`{value}` {_label(value, label)}".strip() for value, label in base.flatchoices)
        )
    default = _default(field)
    if default:
        notes.append(f"default {default}")
    return "; ".join(notes)


def _label(value: Any, label: Any) -> str:
    return "" if str(value).replace("_", " ").lower() == str(label).lower() else f"({label})"


def _default(field: models.Field[Any, Any]) -> str:
    value = field.default
    if value is NOT_PROVIDED or value is None or value in ("", b"") or value in (dict, list, bytes):
        return ""
    if callable(value):
        return markdown.code(value.__name__ + "()")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return markdown.code(getattr(value, "value", value))


def _rules(model: Model) -> list[str]:
    rules = [f"{words.constraint(rule)} (`{rule.name}`)" for rule in model._meta.constraints]
    for index in model._meta.indexes:
        fields = ", ".join(f"`{name}`" for name in index.fields)
        where = f", only rows where {words.condition(index.condition)}" if index.condition else ""
        rules.append(f"index on {fields}{where} (`{index.name}`)")
    return rules


def _diagram(tables: list[Model]) -> str:
    lines = ["erDiagram", *(f"    {model.__name__}" for model in tables)]
    for model in tables:
        for field in _fields(model):
            target = _target(field)
            if target is not None:
                lines.append(f"    {target.__name__} {_ends(field)} {model.__name__} : {field.name}")
    return "\n".join(lines)


def _ends(field: models.Field[Any, Any]) -> str:
    if field.many_to_many:
        return "}o--o{"
    return ("|o" if field.null else "||") + "--" + ("o|" if isinstance(field, models.OneToOneField) else "o{")
