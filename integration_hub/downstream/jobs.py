"""Handing events over: a portion at a time, the intent written first, the place moved with what was taken.

A stream is one lane, so one worker tells it at a time, and strictly in order. A worker that was taken for dead and goes
on anyway moves nothing: the place is moved only from where it was read (compare and set). What it sends meanwhile comes
twice under the same ids, which a receiver drops.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from time import monotonic

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Max, QuerySet

from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.publishing import Publishing
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.downstream import envelope, selection, troubles
from integration_hub.downstream.models import Portion, Stream
from integration_hub.kernel import failpoints
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Deferred, Failed, FailureClass
from integration_hub.trail.models import Event
from integration_hub.work.actions import items
from integration_hub.work.registry import BUSY, HANDLERS, TICKS, Handler, Job, Superseded, Tick

log = logging.getLogger(__name__)

PUBLISH = "downstream.publish"
BUDGET_SECONDS = 15.0
"""After this a stream goes on in a further item, so that no item outlives its lease."""
KEEP = timedelta(days=90)
"""How long portions are kept; the last one of each stream stays."""


def publish(job: Job) -> None:
    """Tell one stream what it has not been told. Never raises for what the other side does: the stream says it."""
    deadline = monotonic() + BUDGET_SECONDS
    while monotonic() < deadline:
        stream = Stream.objects.select_related("connection").get(pk=job.payload["stream"])
        if stream.state != Stream.State.RUNNING or stream.connection.is_paused or stream.due_at > now():
            return
        connector = CONNECTORS.get(stream.connection.vendor)
        if not isinstance(connector, Publishing):
            raise Failed(FailureClass.BUG, f"{stream.connection.vendor} takes no events")
        found = selection.following(stream, connector.portion)
        if not found:
            return
        if not _hand_over(stream, connector, found):
            return
    enqueue([stream])


def _hand_over(stream: Stream, connector: Publishing, found: Sequence[Event]) -> bool:
    """One portion; whether all of it was taken."""
    portion = Portion.objects.create(stream=stream, first_event=found[0].pk, last_event=found[-1].pk, count=len(found))
    failpoints.hit("portion_noted")
    told, trouble = _told(stream, connector, found)
    failpoints.hit("portion_told")
    _note(stream, portion, found[:told], trouble)
    return trouble is None


def _told(stream: Stream, connector: Publishing, found: Sequence[Event]) -> tuple[int, Failed | None]:
    """How many of them were taken, and what stopped the next one."""
    messages = [envelope.message(event, with_words=stream.with_words) for event in found]
    told = 0
    try:
        with budget.on_behalf(Priority.SYNC), closing(connector.publish(stream.connection, messages)) as taken:
            for _ in taken:
                told += 1
    except (OperationalError, InterfaceError):
        raise  # Our own database: the lane tries again from the place that is stored.
    except Failed as failure:
        return told, failure
    except Exception as error:
        log.error("telling %s failed", stream, exc_info=error)
        return told, Failed(FailureClass.BUG, f"{type(error).__name__}: {error}"[:1000], remedy="Report it.")
    return told, None


@transaction.atomic
def _note(stream: Stream, portion: Portion, taken: Sequence[Event], trouble: Failed | None) -> None:
    """Close the portion and move the place, both or neither. Raises Superseded when somebody else moved it."""
    moment = now()
    Portion.objects.filter(pk=portion.pk).update(
        outcome=Portion.Outcome.REFUSED if trouble else Portion.Outcome.TAKEN,
        taken=len(taken),
        finished_at=moment,
        error=str(trouble.message)[:2000] if trouble else "",
    )
    if taken:
        last = taken[-1]
        moved = _at(stream).update(
            after_transaction=int(last.place),  # type: ignore[attr-defined]  # of the raw query
            after_event=last.pk,
            taken=F("taken") + len(taken),
            last_taken_at=moment,
        )
        if not moved:
            raise Superseded(f"Stream {stream.code} was moved by somebody else.")
    if trouble is None:
        troubles.heal(stream)
    elif isinstance(trouble, Deferred):  # Nothing is wrong with the other side: a pause, or no budget now.
        _still(stream).update(due_at=moment + trouble.again_in)
    else:
        troubles.note(stream, portion, trouble)


def _at(stream: Stream) -> "QuerySet[Stream]":
    """The stream, if it stands where it was read."""
    return Stream.objects.filter(
        pk=stream.pk, after_transaction=stream.after_transaction, after_event=stream.after_event
    )


def _still(stream: Stream) -> "QuerySet[Stream]":
    return Stream.objects.filter(pk=stream.pk, state=Stream.State.RUNNING)


# -- ticks ---------------------------------------------------------------------------------------------------------


def due() -> list[Stream]:
    """Streams that should be told something now."""
    waiting = Stream.objects.select_related("connection").filter(
        state=Stream.State.RUNNING, due_at__lte=now(), connection__is_paused=False
    )
    return [stream for stream in waiting if selection.is_behind(stream)]


def enqueue_due() -> int:
    """Put what is due into its lanes; how many were new."""
    return enqueue(due())


def enqueue(streams: Sequence[Stream]) -> int:
    """An item for each of these streams, unless one waits already."""
    return items.enqueue_many(
        [
            items.ItemIn(PUBLISH, lane=f"stream:{stream.code}", stage="bulk", payload={"stream": stream.pk},
                         dedupe=f"publish:{stream.pk}", priority=60)
            for stream in streams
        ]
    )  # fmt: skip


def advance() -> int:
    """Move streams that have nothing before them to the end of the trail, so that they do not look through it again."""
    moved = 0
    for stream in Stream.objects.filter(state=Stream.State.RUNNING):
        transaction_id, event_id = place = selection.end()
        if (stream.after_transaction, stream.after_event) < place and not selection.is_behind(stream):
            moved += _at(stream).update(after_transaction=transaction_id, after_event=event_id)
    return moved


def prune() -> int:
    """Forget portions of long ago."""
    newest = Stream.objects.annotate(newest=Max("portions")).values_list("newest", flat=True)
    old = Portion.objects.filter(started_at__lt=now() - KEEP).exclude(pk__in=[pk for pk in newest if pk])
    return int(old.delete()[0])


def register() -> None:
    """Offer the work and its ticks to the work room."""
    HANDLERS.register(PUBLISH, Handler(publish, local=False, title="Tell another system what happened", skippable=True))
    for tick in (
        Tick("downstream.publish", 1, enqueue_due),
        Tick("downstream.advance", 60, advance),
        Tick("downstream.late", 60, troubles.watch_lateness),
        Tick("downstream.retention", 3600, prune),
    ):
        TICKS.register(tick.name, tick)
    BUSY.register(PUBLISH, lambda: len(due()))
