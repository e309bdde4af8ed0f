"""Mappings: installed with a vendor's default, drafted by one person, published by another."""

from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady
from integration_hub.mapping import checks, policies
from integration_hub.mapping.actions import values
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, event

HEADER = ("row_filter", "encoding", "delimiter", "note")
RULE = (
    "target",
    "source",
    "constant",
    "default",
    "required",
    "kind",
    "date_format",
    "decimal_comma",
    "scale",
    "value_map_id",
)


@transaction.atomic
def install_default(*, connection: str, default: Mapped[str, Any], by: Actor) -> list[Mapping]:
    """Install a vendor's default mapping: value maps, and a published version 1 of each entity that has none yet.

    `default` is an entry of `connectors.registry.DEFAULT_MAPPINGS`. What administrators changed stays. Raises BadInput.
    """
    policies.can_edit(by).or_raise()
    for name, body in default.get("values", {}).items():
        unknown = body.get("when_unknown", "refuse")
        values.install(connection=connection, name=name, when_unknown=unknown, rows=body["rows"], by=by)
    known = set(Mapping.objects.filter(connection=connection).values_list("entity", flat=True))
    made = []
    for entity, body in default["entities"].items():
        if entity in known:
            continue
        draft = _new(connection, entity, body, author=None)
        made.append(_publish(draft, by, reason="default of the connector"))
    return made


@transaction.atomic
def create_draft(
    *,
    connection: str,
    entity: str,
    rules: Sequence[Mapped[str, Any]],
    by: Actor,
    row_filter: str = "",
    encoding: str = "utf-8",
    delimiter: str = ",",
    note: str = "",
) -> Mapping:
    """A new draft from data; rules carry the fields of `FieldRule`, `value_map` by name. Raises Denied, BadInput."""
    policies.can_edit(by).or_raise()
    _refuse_second_draft(connection, entity)
    header = {"row_filter": row_filter, "encoding": encoding, "delimiter": delimiter, "note": note, "rules": rules}
    draft = _new(connection, entity, header, author=by if isinstance(by, User) else None)
    _drafted(draft, by)
    return draft


@transaction.atomic
def draft_from(
    *, mapping_id: int, by: Actor, changes: Mapped[str, Mapped[str, Any]] | None = None, note: str = ""
) -> Mapping:
    """A draft with the same rules and the next version number. Raises Denied, or NotReady if there is a draft.

    `changes` are the fields of rules that differ in the draft, by target; `note` says why it is made.
    """
    policies.can_edit(by).or_raise()
    # Held, so that of two people who make a draft at once the second one is told.
    source, changes = Mapping.objects.select_for_update(no_key=True).get(pk=mapping_id), changes or {}
    _refuse_second_draft(source.connection, source.entity)
    draft = Mapping.objects.create(
        connection=source.connection,
        entity=source.entity,
        version=_next_version(source.connection, source.entity),
        author=by if isinstance(by, User) else None,
        **({name: getattr(source, name) for name in HEADER} | ({"note": note} if note else {})),
    )
    FieldRule.objects.bulk_create(
        FieldRule(mapping=draft, **({name: getattr(rule, name) for name in RULE} | dict(changes.get(rule.target, {}))))
        for rule in source.rules.all()
    )
    told = {target: {name: str(value) for name, value in changed.items()} for target, changed in changes.items()}
    _record("drafted", draft, by, reason=note, copied_from=source.version, **({"changes": told} if told else {}))
    return draft


@transaction.atomic
def start_draft(*, draft: Mapping, by: User) -> Mapping:
    """Save the header of a new draft typed by a person; version and author are set here. Raises Denied, NotReady."""
    policies.can_edit(by).or_raise()
    _refuse_second_draft(draft.connection, draft.entity)
    draft.version = _next_version(draft.connection, draft.entity)
    draft.status, draft.author = Mapping.Status.DRAFT, by
    draft.save()
    _drafted(draft, by)
    return draft


@transaction.atomic
def edit_draft(*, draft: Mapping, by: User) -> Mapping:
    """Save the edited header of a draft. Raises Denied when it is published already."""
    before = Mapping.objects.select_for_update(no_key=True).get(pk=draft.pk)
    policies.can_change_draft(before, by).or_raise()
    changes = {
        name: {"before": getattr(before, name), "after": getattr(draft, name)}
        for name in HEADER
        if getattr(before, name) != getattr(draft, name)
    }
    if changes:
        # Whoever edited last is the author: otherwise they could publish their own change.
        Mapping.objects.filter(pk=draft.pk).update(author=by, **{name: getattr(draft, name) for name in changes})
        _record("edited", before, by, changes=changes)
    return draft


@transaction.atomic
def edit_rules(*, mapping_id: int, saved: Sequence[FieldRule], removed: Sequence[FieldRule], by: User) -> None:
    """Save and remove rules of a draft. Raises Denied when it is published already."""
    draft = Mapping.objects.select_for_update(no_key=True).get(pk=mapping_id)
    policies.can_change_draft(draft, by).or_raise()
    if not saved and not removed:
        return
    before = {rule.pk: str(rule) for rule in draft.rules.all()}
    for rule in removed:
        rule.delete()
    for rule in saved:
        rule.mapping = draft
        rule.save()
    after = {rule.pk: str(rule) for rule in draft.rules.all()}
    Mapping.objects.filter(pk=draft.pk).update(author=by)
    _record("edited", draft, by, before=sorted(before.values()), after=sorted(after.values()))


@transaction.atomic
def publish(*, mapping_id: int, by: Actor) -> Mapping:
    """Put a draft in force and retire the version before it; refused to its author.

    Raises Denied, or BadInput that names every rule that is wrong and every required field that is missing.
    """
    draft = Mapping.objects.select_for_update(no_key=True).get(pk=mapping_id)
    policies.can_publish(draft, by).or_raise()
    return _publish(draft, by)


def _publish(draft: Mapping, by: Actor, reason: str = "") -> Mapping:
    rules = list(draft.rules.select_related("value_map"))
    problems = checks.problems_of(draft.entity, draft.row_filter, [rule.spec() for rule in rules])
    problems += [problem for rule in rules for problem in rule.foreign_map()]
    if problems:
        raise BadInput(f"Mapping {draft}", problems)
    Mapping.objects.filter(connection=draft.connection, entity=draft.entity, status=Mapping.Status.PUBLISHED).update(
        status=Mapping.Status.SUPERSEDED
    )
    draft.status = Mapping.Status.PUBLISHED
    draft.published_by = by if isinstance(by, User) else None
    draft.published_at = now()
    draft.save()
    _record("published", draft, by, reason=reason)
    return draft


@transaction.atomic
def discard(*, mapping_id: int, by: Actor) -> None:
    """Throw a draft away; its number is free again. Raises Denied for anything but a draft."""
    draft = Mapping.objects.select_for_update(no_key=True).get(pk=mapping_id)
    policies.can_change_draft(draft, by).or_raise()
    _record("discarded", draft, by)
    draft.delete()


def _new(connection: str, entity: str, body: Mapped[str, Any], author: User | None) -> Mapping:
    draft = Mapping.objects.create(
        connection=connection,
        entity=entity,
        version=_next_version(connection, entity),
        author=author,
        **{name: body[name] for name in HEADER if name in body},
    )
    maps = {row.name: row for row in ValueMap.objects.filter(connection=connection)}
    FieldRule.objects.bulk_create(FieldRule(mapping=draft, **_rule_fields(rule, maps, draft)) for rule in body["rules"])
    return draft


def _rule_fields(rule: Mapped[str, Any], maps: Mapped[str, ValueMap], draft: Mapping) -> dict[str, Any]:
    fields = dict(rule)
    name = fields.pop("value_map", "")
    if name and name not in maps:
        raise NotReady(
            f"{draft}: the rule for {rule.get('target')} names the value map {name!r}, which does not exist."
        )
    return {**fields, "value_map": maps[name] if name else None}


def _refuse_second_draft(connection: str, entity: str) -> None:
    draft = Mapping.objects.filter(connection=connection, entity=entity, status=Mapping.Status.DRAFT).first()
    if draft is not None:
        raise NotReady(f"{draft} is already a draft. Edit, publish or discard it first.")


def _next_version(connection: str, entity: str) -> int:
    newest = Mapping.objects.filter(connection=connection, entity=entity).aggregate(newest=Max("version"))["newest"]
    return int(newest or 0) + 1


def _drafted(draft: Mapping, by: Actor, **data: Any) -> None:
    _record("drafted", draft, by, **data)


def _record(verb: str, mapping: Mapping, by: Actor, reason: str = "", **data: Any) -> None:
    event(
        f"mapping.mapping.{verb}",
        by=by,
        object_type="mapping",
        object_id=mapping.pk,
        label=str(mapping),
        reason=reason,
        connection=mapping.connection,
        entity=mapping.entity,
        version=mapping.version,
        **data,
    )
