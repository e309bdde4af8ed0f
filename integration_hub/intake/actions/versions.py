"""What a person decides about single source versions."""

from django.db import transaction

from integration_hub.intake import pipeline, policies
from integration_hub.intake.models import SourceVersion
from integration_hub.intake.work import Counts
from integration_hub.trail.record import Actor, event


@transaction.atomic
def choose(*, version_id: int, by: Actor, reason: str = "") -> Counts:
    """Of several contents that claim one version, this one is right: it is applied, its rivals become stale.

    Raises Denied when the version is not in conflict, or the person may not decide.
    """
    row = (
        SourceVersion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("connection")
        .get(pk=version_id)
    )
    policies.can_choose(row, by).or_raise()
    event(
        "intake.version.chosen",
        by=by,
        object_type="source",
        object_id=row.pk,
        label=str(row),
        reason=reason,
        connection=row.connection.code,
        entity=row.entity,
        source_id=row.source_id,
        version=row.version,
        hash=row.hash,
    )
    return pipeline.reapply([row.pk], accept=True)
