"""Streams: set up, changed, paused, resumed, told again, going on without an event."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from integration_hub.clocks.registry import working_times
from integration_hub.connectors.models import Connection
from integration_hub.connectors.publishing import Publishing
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.console.timeline import PRESENTERS
from integration_hub.downstream import jobs, policies, selection, troubles
from integration_hub.downstream.models import STREAM_MOVES, LeftOut, Stream
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.people.models import User
from integration_hub.trail.record import Actor

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
State = Stream.State


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamIn:
    """A stream as a person states it."""

    title: str
    actions: Sequence[str]
    legal_entities: Sequence[str] = ()
    with_words: bool = False
    late_after_seconds: int = 3600


@transaction.atomic
def create(*, code: str, connection: Connection, stream: StreamIn, by: Actor, since: datetime | None = None) -> Stream:
    """Begin to tell a system what happens: from now on, or since an instant. Raises Denied, BadInput."""
    policies.can_set_up(by, stream.legal_entities).or_raise()
    problems = [*_code_problems(code), *_connection_problems(connection), *_problems(stream)]
    if problems:
        raise BadInput(f"Stream {code}", problems)
    after = selection.end() if since is None else selection.before(since)
    made = Stream.objects.create(
        code=code, connection=connection, after_transaction=after[0], after_event=after[1], **_values(stream)
    )
    told_since = since.isoformat() if since else "now"
    troubles.record("created", made, by, connection=connection.code, since=told_since, **_shown(stream))
    return made


@transaction.atomic
def change(*, stream_id: int, stream: StreamIn, by: Actor, seen_version: int) -> Stream:
    """Other events, other legal entities, other words; what was told stays told. Raises Denied, Stale, BadInput."""
    row = _locked(stream_id, seen_version)
    policies.can_run(row, by).or_raise()
    policies.can_set_up(by, stream.legal_entities).or_raise()
    if problems := _problems(stream):
        raise BadInput(f"Stream {row.code}", problems)
    values = _values(stream)
    changes = {
        name: {"before": getattr(row, name), "after": value}
        for name, value in values.items()
        if getattr(row, name) != value
    }
    if changes:
        _write(row, **values)
        troubles.record("changed", row, by, changes=changes)
    return row


@transaction.atomic
def pause(*, stream_id: int, reason: str, by: Actor, seen_version: int) -> Stream:
    """Tell nothing more until it is resumed; nothing is lost. Raises Denied, Stale, NotReady, BadInput."""
    row = _locked(stream_id, seen_version)
    policies.can_run(row, by).or_raise()
    _say_why(row, reason)
    STREAM_MOVES.check(row.state, State.PAUSED)
    _write(row, state=State.PAUSED, reason=reason.strip(), stopped_at_event=None)
    troubles.record("paused", row, by, reason.strip())
    return row


@transaction.atomic
def resume(*, stream_id: int, by: Actor, seen_version: int) -> Stream:
    """Go on where it stands; a stopped stream tries its event again. Raises Denied, Stale, NotReady."""
    row = _locked(stream_id, seen_version)
    policies.can_run(row, by).or_raise()
    _go_on(row)
    troubles.record("resumed", row, by)
    return row


@transaction.atomic
def leave_out(*, stream_id: int, reason: str, by: User, seen_version: int) -> Stream:
    """Go on without the event the other side refuses; that it was left out stays on record.

    Raises Denied, Stale, BadInput without a reason.
    """
    row = _locked(stream_id, seen_version)
    policies.can_leave_out(row, by).or_raise()
    _say_why(row, reason)
    event = row.stopped_at_event
    assert event is not None, "the database has it with the state"  # noqa: S101
    LeftOut.objects.create(stream=row, event=event, reason=reason.strip(), by=by)
    _go_on(row)
    troubles.record("event_left_out", row, by, reason.strip(), event=event)
    return row


@transaction.atomic
def tell_again(*, stream_id: int, since: datetime, reason: str, by: Actor, seen_version: int) -> Stream:
    """Tell everything once more that happened since an instant, under the ids it had: receivers drop what they have.

    What lies further back than the stream stands is told anyway. Raises Denied, Stale, BadInput.
    """
    row = _locked(stream_id, seen_version)
    policies.can_run(row, by).or_raise()
    _say_why(row, reason)
    place = selection.before(since)
    if place >= (row.after_transaction, row.after_event):
        problem = Problem("since", "is not behind what was told.", "Choose an earlier day.")
        raise BadInput(f"Stream {row.code}", [problem])
    _write(row, after_transaction=place[0], after_event=place[1], due_at=now())
    troubles.record("told_again", row, by, reason.strip(), since=since.isoformat())
    return row


def _go_on(row: Stream) -> None:
    STREAM_MOVES.check(row.state, State.RUNNING)
    _write(row, state=State.RUNNING, reason="", stopped_at_event=None, due_at=now(), failures_in_row=0)
    jobs.enqueue([row])


def _write(row: Stream, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.save()


def _locked(stream_id: int, seen_version: int) -> Stream:
    row = Stream.objects.select_for_update(no_key=True, of=("self",)).select_related("connection").get(pk=stream_id)
    if row.version != seen_version:
        raise Stale
    return row


def _values(stream: StreamIn) -> dict[str, Any]:
    return {
        "title": stream.title.strip(),
        "actions": list(dict.fromkeys(stream.actions)),
        "legal_entities": sorted(set(stream.legal_entities)),
        "with_words": stream.with_words,
        "late_after_seconds": stream.late_after_seconds,
    }


def _shown(stream: StreamIn) -> dict[str, Any]:
    values = _values(stream)
    return {name: values[name] for name in ("actions", "legal_entities", "with_words")}


def _say_why(row: Stream, reason: str) -> None:
    if not reason.strip():
        raise BadInput(f"Stream {row.code}", [Problem("reason", "is empty.", "Say why: it stays on record.")])


def _code_problems(code: str) -> list[Problem]:
    if not _CODE.fullmatch(code):
        return [Problem("code", f"{code!r} is not a code.", "Use small letters, digits and hyphens.")]
    if Stream.objects.filter(code=code).exists():
        return [Problem("code", f"{code!r} is taken.", "Choose another.")]
    return []


def _connection_problems(connection: Connection) -> list[Problem]:
    if isinstance(CONNECTORS.find(connection.vendor), Publishing):
        return []
    able = ", ".join(connector.manifest.title for _, connector in CONNECTORS if isinstance(connector, Publishing))
    return [Problem("connection", f"{connection} takes no events.", f"Choose one of: {able}.")]


def _problems(stream: StreamIn) -> list[Problem]:
    found = [] if stream.title.strip() else [Problem("title", "is empty.", "Say who is told.")]
    if not stream.actions:
        found.append(Problem("actions", "names no event.", "Name events, or billing.* for all of billing."))
    found += [
        Problem("actions", f"{name!r} is no event.", "See the list of events; billing.* stands for all of billing.")
        for name in stream.actions
        if not known(name)
    ]
    unknown = sorted(set(stream.legal_entities) - set(working_times()))
    if unknown:
        found.append(Problem("legal_entities", f"{', '.join(unknown)}: not known.", "Use their codes, e.g. US01."))
    if stream.late_after_seconds < 60:
        found.append(Problem("late_after_seconds", "is less than a minute.", "Allow at least 60."))
    return found


def known(name: str) -> bool:
    """Whether there is an event of that name, or any that a name with `*` stands for."""
    if name == "*":
        return True
    if name.endswith(".*") and "*" not in name[:-2]:
        return any(action.startswith(name[:-1]) for action, _ in PRESENTERS)
    return PRESENTERS.find(name) is not None
