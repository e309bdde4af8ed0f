"""Wait until the hub is quiet: every feed read, every lane empty, nothing new in the last round."""

import threading
import time
from dataclasses import dataclass

from django.db import close_old_connections

from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, SourceVersion
from integration_hub.people.models import User
from integration_hub.work import queries
from integration_hub.work.models import Item

PAUSE = 0.05
UNENDING = ("intake.poll", "work.canary")


class NotQuiet(RuntimeError):
    """The hub did not come to rest in time; the text says what still moves."""


@dataclass(frozen=True, slots=True)
class Settler:
    """Blocks until nothing moves any more; all it asks of the hub is to read its feeds now."""

    by: User
    stopping: threading.Event
    timeout: float = 180

    def __call__(self, why: str) -> None:
        """Read all feeds and wait, as often as that brings something new."""
        deadline = time.monotonic() + self.timeout
        before = self._seen()
        while True:
            self._read_all_feeds(why, deadline)
            self._wait_for_lanes(why, deadline)
            now = self._seen()
            if now == before:
                return
            before = now

    def _seen(self) -> tuple[int, int]:
        """How many source versions there are, and the last thing a lane was given to do.

        Reading and canaries are left out: they never end.
        """
        items = Item.objects.exclude(kind__in=UNENDING)
        return SourceVersion.objects.count(), items.order_by("-id").values_list("id", flat=True).first() or 0

    def _read_all_feeds(self, why: str, deadline: float) -> None:
        active = list(Feed.objects.filter(is_active=True, connection__is_paused=False))
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
