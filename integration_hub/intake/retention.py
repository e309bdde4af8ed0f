"""Runs that found nothing new are not kept for ever: a feed polled every minute makes half a million of them a year."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef

from integration_hub.intake.models import Run, SourceVersion
from integration_hub.kernel.clock import now

KEPT = timedelta(days=14)
BATCH = 5_000
"""Per tick, so that a long backlog never holds a lock for long."""


def prune() -> int:
    """The tick: delete old runs that brought nothing, failed at nothing and loaded no file; how many.

    The last run of a feed stays, and so does every run that a source version came with.
    """
    newer = Run.objects.filter(feed=OuterRef("feed"), pk__gt=OuterRef("pk"))
    brought = SourceVersion.objects.filter(run=OuterRef("pk"))
    idle = Run.objects.filter(
        Exists(newer), ~Exists(brought), state=Run.State.DONE, error="", file=None, read=F("unchanged"),
        finished_at__lt=now() - KEPT,
    )  # fmt: skip
    ids = list(idle.order_by("pk").values_list("pk", flat=True)[:BATCH])
    Run.objects.filter(pk__in=ids).delete()
    return len(ids)
