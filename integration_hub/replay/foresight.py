"""The forecast: the very code that runs, in a savepoint that is rolled back, batch by batch.

It backs off at once where somebody holds a row it wants, so that it never makes anybody wait.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction

from integration_hub.effects import windows
from integration_hub.effects.actions import again
from integration_hub.effects.actions.again import Judged, Prospect
from integration_hub.effects.ledger import State
from integration_hub.effects.models import Effect
from integration_hub.intake import pipeline
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady
from integration_hub.replay.models import Answer
from integration_hub.trail.record import Actor
from integration_hub.work.models import Item as Work
from integration_hub.work.models import Lane

PATIENCE = "200ms"
"""Far below PostgreSQL's deadlock check: whoever waits for a row the forecast holds never becomes the victim."""
GOOD_FOR = timedelta(minutes=30)
"""How long an answer of a target counts in a forecast. The run asks again in any case."""


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        yield
        transaction.set_rollback(True)


def of_effects(seen: Mapping[int, datetime], *, by: Actor) -> dict[int, Judged]:
    """What would become of these effects; `seen` is when each had last changed as it was chosen."""
    with undone():
        rows = again.lock(seen)
        judged = again.plan_again(rows, by=by, seen=seen)
        going = [row for row in rows if judged[row.pk].goes]
        closed = windows.closed_for([row for row in going if row.state == State.PLANNED])
        answers = _answers([row for row in going if row.state == State.UNKNOWN])
        waits = _waits(going)
    for row in going:
        if row.pk in answers:
            judged[row.pk] = answers[row.pk]
        if row.pk in waits:
            judged[row.pk] = Judged(Prospect.WAITS, waits[row.pk])
        elif row.pk in closed:
            judged[row.pk] = Judged(Prospect.WINDOW, closed[row.pk].reason)
    return judged


def _answers(unknown: Sequence[Effect]) -> dict[int, Judged]:
    """What the targets said when they were asked about effects with an unknown outcome."""
    fresh = Answer.objects.filter(effect__in=unknown, asked_at__gt=now() - GOOD_FOR)
    return {answer.effect_id: answered(answer) for answer in fresh}


def answered(answer: Answer) -> Judged:
    """What an answer of the target means for the forecast."""
    at = f"{answer.asked_at:%H:%M}"
    if answer.found:
        return Judged(Prospect.NOOP, f"The target has it as {answer.remote_id} (asked at {at}); nothing will be sent.")
    return Judged(Prospect.CREATE, f"The target does not have it (asked at {at}); it is asked once more before.")


def _waits(going: Sequence[Effect]) -> dict[int, str]:
    """Why some would only stand in their lane: a paused connection, or a lane that somebody else's item blocks."""
    blocked = {lane.key: lane for lane in Lane.objects.filter(key__in=[row.lane for row in going], blocked=True)}
    own = dict(
        Work.objects.filter(pk__in=[lane.blocked_by for lane in blocked.values() if lane.blocked_by]).values_list(
            "pk", "payload"
        )
    )
    found: dict[int, str] = {}
    for row in going:
        lane = blocked.get(row.lane)
        if row.connection.is_paused:
            found[row.pk] = f"{row.connection} is paused: {row.connection.paused_reason}"
        elif lane is not None and own.get(lane.blocked_by or 0, {}).get("effect") != row.pk:
            found[row.pk] = f"Its lane stands still: {lane.blocked_reason}"
    return found


BECAME: dict[str, tuple[Prospect, str]] = {
    SourceVersion.Status.APPLIED: (Prospect.CREATE, "It will be applied."),
    SourceVersion.Status.PARKED: (Prospect.WAITS, "It still waits for its parent {waits_for}."),
    SourceVersion.Status.REFUSED: (Prospect.REFUSED, "{problems}"),
    SourceVersion.Status.CONFLICT: (Prospect.CONFLICT, "{problems}"),
    SourceVersion.Status.STALE: (Prospect.NOOP, "A later version is in force."),
    SourceVersion.Status.FILTERED: (Prospect.NOOP, "The row filter leaves it out."),
}
OPEN = (SourceVersion.Status.REFUSED, SourceVersion.Status.PARKED, SourceVersion.Status.FILTERED)


def of_sources(seen: Mapping[int, str]) -> dict[int, Judged]:
    """What would become of these source versions; `seen` is the status of each as it was chosen."""
    with undone():
        return take_sources(seen)


def take_sources(seen: Mapping[int, str]) -> dict[int, Judged]:
    """Take source versions again that still are as they were chosen, and say what became of each."""
    found = SourceVersion.objects.filter(pk__in=list(seen)).values_list("pk", "status", "connection_id", "entity")
    judged: dict[int, Judged] = {}
    groups: dict[tuple[int, str], list[int]] = {}
    for pk, status, connection_id, entity in found.order_by("pk"):
        if status == seen[pk] and status in OPEN:
            groups.setdefault((connection_id, entity), []).append(pk)
        else:
            judged[pk] = _passed(status)
    for _, ids in sorted(groups.items()):
        judged |= _take_group(ids)
    return judged


def _take_group(ids: list[int]) -> dict[int, Judged]:
    """Source versions of one feed; without a mapping or a receiver none of them can be taken."""
    try:
        with transaction.atomic():
            pipeline.reapply(ids)
    except (NotReady, LookupError) as refusal:
        return dict.fromkeys(ids, Judged(Prospect.REFUSED, str(refusal)))
    rows = SourceVersion.objects.filter(pk__in=ids).values("pk", "status", "problems", "waits_for")
    return {row["pk"]: became(row["status"], row["problems"], row["waits_for"]) for row in rows}


def became(status: str, problems: list[dict[str, str]], waits_for: str) -> Judged:
    """What a status of a source version means in a plan."""
    prospect, words = BECAME[status]
    told = "; ".join(f"{problem.get('field', '')}: {problem.get('message', '')}".strip(": ") for problem in problems)
    return Judged(prospect, words.format(waits_for=waits_for, problems=told))


def _passed(status: str) -> Judged:
    if status == SourceVersion.Status.APPLIED:
        return Judged(Prospect.NOOP, "It has been applied already.")
    words = str(SourceVersion.Status(status).label).lower()
    return Judged(Prospect.CHANGED, f"It is {words} since; it was left alone.")
