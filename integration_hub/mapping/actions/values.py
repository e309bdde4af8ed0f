"""Value maps: what a value of theirs means here. Each change counts the revision, so compiled mappings follow."""

from collections.abc import Mapping as Mapped
from typing import Any

from django.db import transaction
from django.db.models import F

from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.mapping import policies
from integration_hub.mapping.models import ValueMap, ValueRow
from integration_hub.trail.record import Actor, event


@transaction.atomic
def add_value(*, connection: str, name: str, theirs: str, ours: str, by: Actor) -> ValueRow:
    """Give a value a meaning, or another one. Raises Denied, or BadInput when the map does not exist.

    The caller works the records that waited for it again.
    """
    policies.can_edit_values(by).or_raise()
    value_map = ValueMap.objects.select_for_update(no_key=True).filter(connection=connection, name=name).first()
    if value_map is None:
        known = ", ".join(ValueMap.objects.filter(connection=connection).values_list("name", flat=True)) or "none"
        raise BadInput(
            f"Connection {connection}", [Problem("value map", f"{name!r} does not exist.", f"Known: {known}.")]
        )
    theirs = theirs.strip()
    if not theirs:
        raise BadInput(f"Value map {value_map}", [Problem("theirs", "is empty.", "Name the value to be mapped.")])
    before = ValueRow.objects.filter(value_map=value_map, theirs=theirs).first()
    row, _ = ValueRow.objects.update_or_create(value_map=value_map, theirs=theirs, defaults={"ours": ours.strip()})
    _changed(value_map, by, theirs=theirs, before=before.ours if before else None, after=row.ours)
    return row


@transaction.atomic
def remove_value(*, row_id: int, by: Actor) -> None:
    """Forget the meaning of a value. Raises Denied."""
    policies.can_edit_values(by).or_raise()
    row = ValueRow.objects.select_related("value_map").get(pk=row_id)
    row.delete()
    _changed(row.value_map, by, theirs=row.theirs, before=row.ours, after=None)


@transaction.atomic
def save_map(*, value_map: ValueMap, by: Actor) -> ValueMap:
    """Save a value map's header: a new one, or what happens to unknown values. Raises Denied."""
    policies.can_edit_values(by).or_raise()
    verb = "changed" if value_map.pk else "added"
    value_map.save()
    _changed(value_map, by, verb=verb, when_unknown=value_map.when_unknown)
    return value_map


@transaction.atomic
def decide_unknown(*, connection: str, name: str, when_unknown: str, by: Actor) -> ValueMap:
    """Say what becomes of values nobody has mapped: `refuse` or `keep`. Raises Denied, BadInput."""
    policies.can_edit_values(by).or_raise()
    if when_unknown not in {"refuse", "keep"}:
        raise BadInput(f"Value map {connection} {name}", [Problem("when_unknown", "is refuse or keep.")])
    value_map = ValueMap.objects.select_for_update(no_key=True).get(connection=connection, name=name)
    before, value_map.when_unknown = value_map.when_unknown, when_unknown
    value_map.save()
    _changed(value_map, by, before=before, when_unknown=when_unknown)
    return value_map


@transaction.atomic
def install(*, connection: str, name: str, when_unknown: str, rows: Mapped[str, str], by: Actor) -> ValueMap:
    """Make a value map, or add to it the values it does not know yet; what administrators changed stays."""
    policies.can_edit_values(by).or_raise()
    value_map, _ = ValueMap.objects.get_or_create(
        connection=connection, name=name, defaults={"when_unknown": when_unknown}
    )
    known = set(value_map.rows.values_list("theirs", flat=True))
    missing = {theirs: ours for theirs, ours in rows.items() if theirs not in known}
    ValueRow.objects.bulk_create(
        ValueRow(value_map=value_map, theirs=theirs, ours=ours) for theirs, ours in missing.items()
    )
    if missing:
        _changed(value_map, by, verb="installed", rows=missing)
    return value_map


def _changed(value_map: ValueMap, by: Actor, verb: str = "changed", **data: Any) -> None:
    ValueMap.objects.filter(pk=value_map.pk).update(revision=F("revision") + 1)
    event(
        f"mapping.value_map.{verb}",
        by=by,
        object_type="value_map",
        object_id=value_map.pk,
        label=str(value_map),
        connection=value_map.connection,
        name=value_map.name,
        **data,
    )
