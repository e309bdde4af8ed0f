"""Versions that ascend: a vendor's stamp made sortable, and told apart where one stamp covers two states.

Several vendors stamp changes to the second only, so a record that changes twice within one carries the same stamp with
other content. Within the stretch a feed reads twice (its overlap) such states are counted, and the count is part of the
version: the later state is the higher version.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from integration_hub.connectors.registry import Page, RawRecord
from integration_hub.kernel.ids import content_hash

_KEPT = 500


def stamp_of(text: str) -> str:
    """Any ISO 8601 instant as UTC to the millisecond, which sorts as text. Raises ValueError."""
    found = datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03d}Z"


def moved(stamp: str, seconds: float) -> str:
    """A stamp moved by so many seconds."""
    return stamp_of((datetime.fromisoformat(stamp) + timedelta(seconds=seconds)).isoformat())


class Tail:
    """The last states a feed has delivered, kept in its cursor."""

    def __init__(self, cursor: dict[str, Any]) -> None:
        self._seen: dict[str, list[Any]] = dict(cursor.get("tail") or {})
        self._looked_at = _KEPT

    def record(
        self,
        source_id: str,
        stamp: str,
        payload: dict[str, Any],
        *,
        deleted: bool = False,
        edition: int = 0,
        moved_at: str = "",
    ) -> RawRecord:
        """The record with its version: the stamp, and a count where the stamp did not move with the content.

        `edition` is the mapping's version where it decides which fields are read: the same state read with more
        fields is a later version.
        """
        digest = content_hash([payload, deleted])[:12]
        known = self._seen.get(source_id)
        count = 0
        if known is not None and known[0] == stamp:
            count = known[2] if known[1] == digest else known[2] + 1
        self._seen[source_id] = [stamp, digest, count]
        version = f"{stamp}.{edition:03d}.{count:02d}" if edition else f"{stamp}.{count:02d}"
        return RawRecord(source_id, version, payload, deleted, moved_at or stamp)

    def kept(self, high: str, overlap: float) -> dict[str, list[Any]]:
        """What the next reading needs: states of the last two seconds, and counted ones it will read again."""
        recent, again = moved(high, -2), moved(high, -overlap - 60)
        if len(self._seen) > 2 * self._looked_at:  # a first load passes by much that no later page asks for
            self._seen = {key: row for key, row in self._seen.items() if row[0] >= again}
            self._looked_at = max(len(self._seen), _KEPT)
        rows = [(key, row) for key, row in self._seen.items() if row[0] >= recent or (row[2] > 0 and row[0] >= again)]
        return dict(sorted(rows, key=lambda item: str(item[1][0]))[-_KEPT:])


class Reading:
    """One reading of a feed by stamp: where it starts, how far it has come, and the cursor that continues after a page.

    A new reading goes back behind the last one by the overlap. A reading that was left off in the middle goes on where
    it was, or a first load of much that changed at once would never get past its overlap.
    """

    def __init__(self, cursor: dict[str, Any], overlap: float) -> None:
        self.high = str(cursor.get("high") or "")
        self.tail = Tail(cursor)
        self._overlap = overlap
        self.whole = not self.high or bool(cursor.get("whole"))
        back = 1.0 if cursor.get("open") else overlap
        self.since = moved(self.high, -back) if self.high else ""

    def record(
        self, source_id: str, stamp: str, payload: dict[str, Any], *, moved_at: str = "", **more: Any
    ) -> RawRecord:
        """A record with its version; `moved_at` is the stamp the list is ordered by, if the version's is another."""
        self.high = max(self.high, moved_at or stamp)
        return self.tail.record(source_id, stamp, payload, moved_at=moved_at, **more)

    def page(self, records: list[RawRecord], *, done: bool, **more: Any) -> Page:
        """A page; `more` goes into its cursor."""
        cursor = {"high": self.high, "tail": self.tail.kept(self.high, self._overlap), **more} if self.high else {}
        if cursor and not done:
            cursor |= {"open": True, "whole": self.whole}
        return Page(records, cursor, done=done, complete=done and self.whole, whole=self.whole)


def batches(
    page: Callable[[str, int], tuple[list[dict[str, Any]], bool]],
    since: str,
    *,
    size: int = 0,
    mark: Callable[[dict[str, Any]], tuple[str, str]],
) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """Rows changed since a stamp, each once; True with the last ones.

    `page` asks for rows from a stamp on, in their order, behind an offset, and says whether there are more; `mark` is
    id and stamp of a row. Every page starts again at the last stamp, for offsets into a changing result lose rows;
    they serve only inside one stamp. `size`: offsets go by full pages, for a vendor that refuses others.
    """
    offset, seen = 0, set[tuple[str, str]]()
    while True:
        rows, more = page(since, offset)
        fresh = [row for row in rows if mark(row) not in seen]
        seen.update(map(mark, fresh))
        last = not rows or not more
        onward = since if last else mark(rows[-1])[1]
        yield fresh, last
        if last:
            return
        since, offset = (onward, 0) if onward > since else (since, offset + (size or len(rows)))


class Walk:
    """One reading of a list that is in no order of change: where it starts, and the cursor that continues after a page.

    Before its end nothing is sure to have been passed, so the high-water mark moves only then, and not beyond the
    vendor's time when the reading began: what changed after that may lie on a page that was passed before. Until then
    the cursor says where the list goes on (`onward`, in the vendor's words) and how far its stamps have come. A cursor
    that says `whole` has everything read once more: of what no list names any more, nothing else tells.
    """

    def __init__(self, cursor: dict[str, Any], overlap: float) -> None:
        self.onward = str(cursor.get("onward") or "")
        self.whole = bool(cursor.get("whole")) or not cursor.get("high")
        self.since = "" if self.whole else moved(cursor["high"], -overlap)
        self._overlap = overlap
        self._marks = {name: value for name, value in cursor.items() if name not in _MIDWAY}
        self._high = str(cursor.get("high") or "")
        self._reached = str(cursor.get("reached") or self._high)
        self._began = str(cursor.get("began") or "")
        self._tail = Tail(cursor)

    def answered(self, at: str) -> None:
        """Take note of the vendor's time of an answer: the first one is when the reading began."""
        self._began = self._began or at

    def record(self, source_id: str, stamp: str, payload: dict[str, Any]) -> RawRecord:
        """A record with its version."""
        self._reached = max(self._reached, stamp)
        return self._tail.record(source_id, stamp, payload)

    def numbered(self, source_id: str, stamp: str, payload: dict[str, Any]) -> RawRecord:
        """A record whose stamp does not move with all of its content: its versions are numbered by content."""
        self._reached = max(self._reached, stamp)
        return RawRecord(source_id, "", payload, moved_at=stamp)

    def page(self, records: list[RawRecord], onward: str) -> Page:
        """A page before the end of the list."""
        way = {"onward": onward, "began": self._began, "reached": self._reached, "whole": self.whole}
        cursor = {**self._marks, **way, "tail": self._kept(self._reached)}
        return Page(records, cursor, done=False, whole=self.whole)

    def over(self, records: list[RawRecord], **marks: Any) -> Page:
        """The last page; `marks` go into its cursor. A list that never had a record leaves none."""
        high = max(self._high, min(self._reached, self._began or self._reached))
        cursor = {**self._marks, "high": high, "tail": self._kept(high), **marks} if high else {}
        return Page(records, cursor, done=True, complete=self.whole, whole=self.whole)

    def _kept(self, high: str) -> dict[str, list[Any]]:
        return self._tail.kept(high, self._overlap) if high else {}


_MIDWAY = {"whole", "onward", "began", "reached", "open"}
"""What a cursor says of the reading that is to go on."""


def rewound(cursor: dict[str, Any], since: str) -> dict[str, Any]:
    """The cursor of a feed that is to be read again from a stamp on; lists that are read whole need none."""
    if not cursor.get("high") or cursor["high"] <= since:
        return cursor
    return {**{name: value for name, value in cursor.items() if name not in _MIDWAY}, "high": since, "open": True}


class Listing:
    """Versions of lists that are read whole each time because their records carry no stamp one can rely on.

    A record whose content moved since the last reading gets the vendor's time of this reading as its version.
    """

    def __init__(self, cursor: dict[str, Any], at: str) -> None:
        self._known: dict[str, list[str]] = dict(cursor.get("listed") or {})
        self._at = at
        self.listed: dict[str, list[str]] = {}

    def record(self, source_id: str, payload: dict[str, Any]) -> RawRecord:
        """The record with the version it keeps until its content changes."""
        digest = content_hash(payload)[:16]
        known = self._known.get(source_id)
        version = known[0] if known and known[1] == digest else self._next(known)
        self.listed[source_id] = [version, digest]
        return RawRecord(source_id, version, payload)

    def _next(self, known: list[str] | None) -> str:
        first = f"{self._at}.00"
        if known is None or known[0] < first:
            return first
        stamp, _, count = known[0].rpartition(".")  # changed twice within the vendor's second
        return f"{stamp}.{int(count) + 1:02d}"
