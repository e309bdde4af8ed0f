"""What a person says about a field that changed."""

from django.db import transaction

from integration_hub.connectors.models import Connection
from integration_hub.intake import store, waiting
from integration_hub.intake.drift import Shape
from integration_hub.intake.models import FeedShape, SourceVersion
from integration_hub.intake.troubles import DRIFT
from integration_hub.mapping import policies
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
    rows = SourceVersion.objects.filter(case_code=DRIFT, root_cause=root_cause, status="refused")
    ids = list(rows.values_list("pk", flat=True))
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
