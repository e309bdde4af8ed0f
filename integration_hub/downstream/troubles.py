"""What a stream does when the other side does not take an event, and whom that is told."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from integration_hub.cases.actions import cases
from integration_hub.cases.queries import open_among
from integration_hub.downstream import selection
from integration_hub.downstream.models import STREAM_MOVES, Portion, Stream
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import POLICIES, Failed, FailureClass
from integration_hub.trail.record import Actor, event

BY = "system:downstream"
STOPPED, LATE = "STREAM_STOPPED", "STREAM_LATE"
PATIENCE = timedelta(minutes=15)
"""Between tries where a person has to act first."""
_AGAIN = {FailureClass.TRANSIENT, FailureClass.RATE, FailureClass.UNKNOWN_OUTCOME}


def note(stream: Stream, portion: Portion, failure: Failed) -> None:
    """Remember what went wrong: try again later, or stop where the event itself is refused."""
    text = f"{failure.message} {failure.remedy}".strip()
    row = Stream.objects.select_for_update(no_key=True).get(pk=stream.pk)
    count = row.failures_in_row + 1
    row.last_error, row.last_error_class, row.failures_in_row = text, failure.kind, count
    row.due_at = now() + _pause(failure, count)
    if row.state == Stream.State.RUNNING and failure.kind == FailureClass.REJECTED:
        _stop(row, portion, text)
    row.save()
    if failure.kind not in _AGAIN:
        _tell(row, failure, text)


def _stop(row: Stream, portion: Portion, text: str) -> None:
    following = selection.following(row, 1)
    row.stopped_at_event = following[0].pk if following else portion.last_event
    STREAM_MOVES.check(row.state, Stream.State.STOPPED)
    row.state, row.reason = Stream.State.STOPPED, text
    record("stopped", row, BY, text, event=row.stopped_at_event)


def _pause(failure: Failed, count: int) -> timedelta:
    if failure.retry_after is not None:
        return failure.retry_after
    return POLICIES[failure.kind].delay(count) if failure.kind in _AGAIN else PATIENCE


def _tell(row: Stream, failure: Failed, text: str) -> None:
    cases.raise_case(
        code=STOPPED,
        root_cause=root_cause(row),
        title=f"{row}: {failure.message}"[:250],
        detail=text,
        remedy=failure.remedy or POLICIES[failure.kind].who_acts,
        subject=("stream", str(row.pk), row.code),
        members=[cases.MemberIn("stream", str(row.pk), str(row))],
        by=BY,
    )


def root_cause(stream: Stream) -> str:
    """The key of the exceptions of a stream."""
    return f"stream:{stream.code}"


def heal(stream: Stream) -> None:
    """Events are taken again: forget the failures and close what said so."""
    if stream.failures_in_row or stream.last_error:
        Stream.objects.filter(pk=stream.pk).update(failures_in_row=0, last_error="", last_error_class="")
    for code, cause in sorted(open_among({(STOPPED, root_cause(stream))})):
        cases.heal(code=code, root_cause=cause, because="Events are taken again.", by=BY)


def watch_lateness() -> int:
    """Open an exception for what is behind for too long, whatever the reason, and close it when it has caught up."""
    late = 0
    for stream in Stream.objects.all():
        with transaction.atomic():
            late += _judge(stream)
    return late


def _judge(stream: Stream) -> bool:
    found = selection.behind(stream)
    if found.since is not None and (now() - found.since).total_seconds() > stream.late_after_seconds:
        cases.raise_case(
            code=LATE,
            root_cause=root_cause(stream),
            title=f"{stream} is behind: {found} events wait",
            detail=stream.reason or stream.last_error or "They are told as fast as they are taken.",
            remedy="Look at the stream: it says what it waits for.",
            subject=("stream", str(stream.pk), stream.code),
            members=[cases.MemberIn("stream", str(stream.pk), str(stream))],
            by=BY,
        )
        return True
    for code, cause in sorted(open_among({(LATE, root_cause(stream))})):
        cases.heal(code=code, root_cause=cause, because="The stream has caught up.", by=BY)
    return False


def record(verb: str, stream: Stream, by: Actor, reason: str = "", **data: Any) -> None:
    """Tell the trail what became of a stream."""
    event(
        f"downstream.stream.{verb}",
        by=by,
        object_type="stream",
        object_id=stream.pk,
        label=stream.title,
        reason=reason,
        **data,
    )
