"""Wait until the hub is quiet: every feed read, every lane empty, nothing written that was not read back."""

import threading
import time
from dataclasses import dataclass

from django.db import close_old_connections
from django.db.models import QuerySet

from integration_hub.effects.models import Attempt
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed
from integration_hub.people.models import User
from integration_hub.work import queries

PAUSE = 0.05


class NotQuiet(RuntimeError):
    """The hub did not come to rest in time; the text says what still moves."""


@dataclass(frozen=True, slots=True)
class Settler:
    """Blocks until nothing moves any more; all it asks of the hub is to read its feeds now."""

    by: User
    stopping: threading.Event
    timeout: float = 180

    def __call__(self, why: str) -> None:
        """Read all feeds and wait; then read again what we wrote to meanwhile, until nothing was written any more."""
        deadline = time.monotonic() + self.timeout
        feeds_to_read = Feed.objects.filter(is_active=True, connection__is_paused=False)
        systems = set(feeds_to_read.values_list("connection_id", flat=True))
        while systems:
            before = self._last_attempt()
            self._read(feeds_to_read.filter(connection_id__in=systems), why, deadline)
            self._wait_for_lanes(why, deadline)
            sent = Attempt.objects.filter(pk__gt=before, kind=Attempt.Kind.SEND)
            systems = set(sent.values_list("effect__connection_id", flat=True))

    def _last_attempt(self) -> int:
        return Attempt.objects.order_by("-id").values_list("id", flat=True).first() or 0

    def _read(self, wanted: QuerySet[Feed], why: str, deadline: float) -> None:
        active = list(wanted)
        seen = {feed.pk: feed.runs.order_by("-id").values_list("id", flat=True).first() or 0 for feed in active}
        for feed in active:
            feeds.run_now(feed_id=feed.pk, by=self.by)
        waiting = set(seen)
        while waiting:
            done = Feed.objects.filter(pk__in=waiting).values_list("pk", "runs__id", "runs__state")
            waiting -= {pk for pk, run, state in done if (run or 0) > seen[pk] and state != "running"}
            self._pause(why, deadline, waiting)

    def _wait_for_lanes(self, why: str, deadline: float) -> None:
        while not queries.quiescent():
            self._pause(why, deadline, "lanes")

    def _pause(self, why: str, deadline: float, moving: object) -> None:
        if self.stopping.is_set():
            raise NotQuiet("Stopped.")
        if time.monotonic() > deadline:
            stalls = "; ".join(f"{stall.lane.key}: {stall.reason}" for stall in queries.stalled(limit=10))
            raise NotQuiet(f"After {why} the hub is not quiet: {moving} still moving. {stalls}")
        close_old_connections()
        time.sleep(PAUSE)
