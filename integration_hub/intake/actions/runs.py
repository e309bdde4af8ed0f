"""Runs of feeds: a person may stop one between two pages; what was read stays, the next reading goes on from there."""

from django.db import transaction

from integration_hub.intake import policies
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Run
from integration_hub.trail.record import Actor, actor_name, event


@transaction.atomic
def stop(*, run_id: int, by: Actor, reason: str) -> Run:
    """Ask a run to stop after the page it is at. Raises Denied when it does not run, or a file is being applied."""
    run = Run.objects.select_for_update(of=("self",), no_key=True).select_related("feed__connection").get(pk=run_id)
    policies.can_stop(run, by).or_raise()
    run.stop_asked_by = actor_name(by)
    run.save(update_fields=["stop_asked_by"])
    event(
        "intake.run.stop_asked",
        by=by,
        object_type="run",
        object_id=run.pk,
        label=str(run.feed),
        reason=reason,
        read=run.read,
    )
    # Whoever reads it looks between pages; a run whose worker died is closed by this item.
    feeds.enqueue_poll(run.feed, trigger=run.trigger, run_id=run.pk)
    return run
