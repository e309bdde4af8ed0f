"""Whose turn it is in a lane of effects: what was planned first is sent first, as far as its window lets it.

A lane goes on past what waits for a window. When that window opens, the waiting effect goes back into the lane behind
effects that were planned after it, and those may be looked at sooner than it is. So each effect asks, when it is about
to be sent and under the lock of its lane, whether an earlier one can go now; then it goes behind it.
"""

from dataclasses import dataclass

from integration_hub.effects import windows
from integration_hub.effects.gates import Closed
from integration_hub.effects.ledger import SEND, State, enqueue
from integration_hub.effects.models import Effect
from integration_hub.work.models import Item
from integration_hub.work.registry import Job


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether an effect may be sent: not while its gate is `closed`, nor while somebody `earlier` can go."""

    closed: Closed | None = None
    earlier: bool = False


def of(effect: Effect, job: Job) -> Turn:
    """Whose turn it is, asked by the effect at the head of its lane; the caller holds the lane's row.

    All gates are asked at one instant: nobody finds his window open who left an earlier one waiting for the same.
    """
    before = _before(effect)
    held = windows.closed_for([effect, *before])
    if (closed := held.get(effect.pk)) is not None:
        return Turn(closed=closed)
    can_go = [one for one in before if one.pk not in held]
    for one in can_go:
        windows.let_go(one.pk)
    return Turn(earlier=comes_first(can_go, job))


def go_behind(effect: Effect) -> None:
    """Put an effect at the end of its lane, in the transaction that looked whose turn it is."""
    enqueue([effect])


def comes_first(earlier: list[Effect], job: Job) -> bool:
    """Whether one of these earlier effects waits in the lane behind this one.

    What does not is not on its way: a person let the lane go on without it.
    """
    if not earlier:
        return False
    behind = Item.objects.filter(lane__key=job.lane, state=Item.State.READY, pk__gt=job.item_id, kind=SEND)
    return behind.filter(payload__effect__in=[one.pk for one in earlier]).exists()


def _before(effect: Effect) -> list[Effect]:
    rows = Effect.objects.filter(lane=effect.lane, pk__lt=effect.pk, state__in=(State.PLANNED, State.WAITING))
    return list(rows.select_related("connection").defer("payload", "remote").order_by("pk"))
