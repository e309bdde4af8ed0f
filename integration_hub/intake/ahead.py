"""Reading ahead: the vendor's next pages are fetched while the last ones are stored, and stored together.

A page has a price of its own, however few records it has: a transaction, its statements, the feed's lock. Where pages
come faster than they are stored, those that have come meanwhile are taken as one; where the vendor is the slower one,
each is stored at once. For every connector, since it is done with the pages and not by those who make them.
"""

import threading
from collections import deque
from collections.abc import Generator, Iterator
from contextvars import copy_context

from django.db import connection, connections

from integration_hub.connectors.registry import Page

MOST = 2000
"""Records that wait, and records that are stored together, unless a single page has more."""


def together(pages: Iterator[Page]) -> Generator[Page, None, None]:
    """The same records and cursors in fewer, larger pages; raises what reading raises, after all that came before it.

    Inside a transaction, where another thread would not see what is known here, the pages come as they are.
    """
    first = next(pages, None)
    if first is None:
        return
    if first.done or connection.in_atomic_block:
        yield first
        yield from pages
        return
    reader = _Reader(pages)
    try:
        yield first
        while (page := reader.take()) is not None:
            yield page
    finally:
        reader.stop()


class _Reader:
    """A thread that reads pages, as far ahead as `MOST` records."""

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages
        self._waiting: deque[Page] = deque()
        self._records = 0
        self._over = self._stopped = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        context = copy_context()  # on whose behalf calls are made, and the act they belong to
        self._thread = threading.Thread(target=context.run, args=(self._read,), name="reading ahead", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for page in self._pages:
                if not self._put(page) or page.done:
                    break
        except BaseException as error:  # noqa: BLE001 - raised where the pages are taken
            self._error = error
        finally:
            connections.close_all()
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _put(self, page: Page) -> bool:
        """Hand a page over, once there is room for more; False when nobody wants it."""
        with self._changed:
            self._waiting.append(page)
            self._records += len(page.records)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or self._records < MOST)
            return not self._stopped

    def take(self) -> Page | None:
        """What has come, as one page; waits for the first. None when all was taken. Raises what reading raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over)
            if not self._waiting:
                if self._error is not None:
                    raise self._error
                return None
            taken = [self._waiting.popleft()]
            size = len(taken[0].records)
            while self._waiting and self._fits(taken[0], size):
                taken.append(self._waiting.popleft())
                size += len(taken[-1].records)
            self._records -= size
            self._changed.notify_all()
        return taken[0] if len(taken) == 1 else _joined(taken)

    def _fits(self, first: Page, size: int) -> bool:
        following = self._waiting[0]
        return following.whole == first.whole and size + len(following.records) <= MOST

    def stop(self) -> None:
        """Want no more; returns when the call that is under way has ended."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()


def _joined(pages: list[Page]) -> Page:
    """Pages as one: what the last one says of where the reading is, and of all whether it was complete."""
    last = pages[-1]
    records = [record for page in pages for record in page.records]
    return Page(records, last.cursor, last.done, complete=any(page.complete for page in pages), whole=last.whole)
