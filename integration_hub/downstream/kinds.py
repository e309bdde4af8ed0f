"""The exceptions of streams."""

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.downstream import selection
from integration_hub.downstream.models import Stream
from integration_hub.downstream.troubles import LATE, STOPPED
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role

_SEE = Suggestion("Look at the stream", "downstream:stream-by-id", "hub_downstream.view_stream")


def _stream(root_cause: str) -> Stream | None:
    return Stream.objects.filter(code=root_cause.partition(":")[2]).first()


def _does_not_run(root_cause: str) -> bool:
    stream = _stream(root_cause)
    return stream is not None and (stream.state == Stream.State.STOPPED or stream.failures_in_row > 0)


def _is_late(root_cause: str) -> bool:
    stream = _stream(root_cause)
    if stream is None:
        return False
    since = selection.behind(stream).since
    return since is not None and (now() - since).total_seconds() > stream.late_after_seconds


def register() -> None:
    """Fill the registry; called once by the app."""
    for code, title, severity, closes, holds in (
        (STOPPED, "Another system does not take our events", 2, "events are taken again", _does_not_run),
        (LATE, "Another system is behind with our events", 3, "it has caught up", _is_late),
    ):
        KINDS.register(
            code,
            CaseKind(code, title, str(Role.INTEGRATION_ADMIN), severity, closes, (_SEE,), still_holds=holds),
        )
