"""What a person says about a field that changed: it is right as it is, or its mapping has to change."""

from collections.abc import Mapping as Mapped
from itertools import chain, count

from django.db import transaction

from integration_hub.connectors.models import Connection
from integration_hub.intake import changes, store, waiting
from integration_hub.intake.changes import Changed
from integration_hub.intake.drift import Shape
from integration_hub.intake.mend import Mend
from integration_hub.intake.models import FeedShape
from integration_hub.kernel.errors import BadInput, NotReady, Problem, Stale
from integration_hub.mapping import policies
from integration_hub.mapping.actions import mappings, values
from integration_hub.mapping.models import Mapping, ValueMap
from integration_hub.trail.record import Actor, event


@transaction.atomic
def accept(*, root_cause: str, by: Actor, reason: str) -> int:
    """The field is right as it is now: it is learnt anew and its records are taken again; how many.

    Raises Denied.
    """
    policies.can_edit(by).or_raise()
    code, entity, field, what = root_cause.split(":", 3)
    connection = Connection.objects.get(code=code)
    store.lock(connection, entity)
    row = FeedShape.objects.get(connection=connection, entity=entity)
    shape = Shape(**row.shape)
    shape.forget(field)
    row.shape = shape.as_data()
    row.save(update_fields=["shape"])
    ids = list(changes.kept_back(root_cause).values_list("pk", flat=True))
    event(
        "intake.drift.accepted",
        by=by,
        object_type="connection",
        object_id=connection.pk,
        label=f"{code} {entity} {field}",
        reason=reason,
        what=what,
        records=len(ids),
    )
    return waiting.later(ids)


MOVED_ON = "The mapping was published anew, or what is proposed has changed since you opened it. Look at it again."


@transaction.atomic
def draft(*, root_cause: str, by: Actor, seen: str, meanings: Mapped[str, str] | None = None) -> Mapping:
    """Make the next version of the mapping with the proposed change, as a draft for somebody else to publish.

    `seen` is `Changed.seen` as the person saw it; `meanings` says ours by theirs where new values are to get a meaning.
    Without a proposal the draft has the rules as they are, to be edited. Raises Denied, BadInput, Stale, and NotReady
    when nothing is published or somebody is at a draft already.
    """
    policies.can_edit(by).or_raise()
    now, published = _as_seen(root_cause, seen)
    found = now.proposed
    different: dict[str, dict[str, object]] = {}
    if found is not None and found.value_map:
        given = _meanings(now, found, meanings or {}, published, root_cause)
        value_map = _unused_map(published.connection, found.value_map, by)
        for theirs, ours in given.items():
            values.add_value(connection=value_map.connection, name=value_map.name, theirs=theirs, ours=ours, by=by)
        different = {target: {"value_map_id": value_map.pk} for target in found.changes}
    elif found is not None:
        different = {target: dict(changed) for target, changed in found.changes.items()}
    note = " ".join(part for part in (f"{now.field} {now.message}", found.sentence if found else "") if part)
    return mappings.draft_from(mapping_id=published.pk, by=by, changes=different, note=note)


@transaction.atomic
def give_meaning(*, root_cause: str, by: Actor, seen: str, meanings: Mapped[str, str]) -> int:
    """Say in the value map in use what new values mean, and have their records taken again; how many.

    Raises Denied, BadInput, Stale, NotReady as `draft` does.
    """
    policies.can_edit(by).or_raise()
    now, published = _as_seen(root_cause, seen)
    found = now.proposed
    if found is None or not found.in_use:
        raise Stale(MOVED_ON)
    for theirs, ours in _meanings(now, found, meanings, published, root_cause).items():
        values.add_value(connection=published.connection, name=found.value_map, theirs=theirs, ours=ours, by=by)
    return waiting.later(list(changes.kept_back(root_cause).values_list("pk", flat=True)))


def _as_seen(root_cause: str, seen: str) -> tuple[Changed, Mapping]:
    """The change and the mapping in force, held so that nobody publishes another one meanwhile."""
    code, entity, _, _ = root_cause.split(":", 3)
    in_force = Mapping.objects.filter(connection=code, entity=entity, status=Mapping.Status.PUBLISHED)
    published = in_force.select_for_update(no_key=True).first()
    if published is None:
        raise NotReady(f"No mapping of {entity} is published for {code}.")
    now = changes.read(root_cause)
    if now.seen != seen:
        raise Stale(MOVED_ON)
    return now, published


def _meanings(
    now: Changed, found: Mend, meanings: Mapped[str, str], published: Mapping, root_cause: str
) -> dict[str, str]:
    """The meanings that were given, if they let records pass."""
    given = {theirs: ours.strip() for theirs, ours in meanings.items() if theirs in found.theirs and ours.strip()}
    subject = f"{published.connection} {now.field}"
    if not given:
        raise BadInput(subject, [Problem("", "has no meaning yet.", f"Say what {', '.join(found.theirs)} means here.")])
    if not changes.would_take(root_cause, found, given, published):
        told = ", ".join(f"“{ours}”" for ours in given.values())
        raise BadInput(
            subject,
            [Problem("", f"is not known as {told} either.", "Name a value it had until now, or say that it is right.")],
        )
    return given


def _unused_map(connection: str, name: str, by: Actor) -> ValueMap:
    """A value map that no rule reads, so that nothing changes before the draft is published."""
    known = ValueMap.objects.filter(connection=connection, name__startswith=name)
    taken = set(known.exclude(when_unknown="keep", fieldrule__isnull=True).values_list("name", flat=True))
    names = chain([name], (f"{name}_{number}" for number in count(2)))
    free = next(wanted for wanted in names if wanted not in taken)
    return values.install(connection=connection, name=free, when_unknown="keep", rows={}, by=by)
