"""The first waiting items of lanes, as rows: what a claim looks at before it takes them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from integration_hub.work.registry import Job

# A statement of its own: the lanes are locked by then, so it sees what was settled in them last.
_HEADS = """
SELECT item.id, picked.lane, item.kind, item.payload, item.attempts, item.claims, item.correlation_id, item.not_before,
       item.not_before IS NULL OR item.not_before <= clock_timestamp()
  FROM unnest(%(lanes)s::bigint[]) WITH ORDINALITY AS picked (lane, place)
 CROSS JOIN LATERAL (SELECT * FROM hub_work_item WHERE lane_id = picked.lane AND state = 'ready'
                      ORDER BY id LIMIT %(each)s) AS item
 ORDER BY picked.place, item.id
"""


class Head(NamedTuple):
    """One waiting item. `payload` is its JSON as text: only what is claimed is parsed."""

    item: int
    lane: int
    kind: str
    payload: str
    attempts: int
    claims: int
    correlation_id: str
    not_before: datetime | None
    is_due: bool

    @property
    def is_fresh(self) -> bool:
        """Whether it was never claimed without an outcome and never put off."""
        return not self.claims and self.not_before is None

    def job(self, lane: str, token: int) -> Job:
        """The item as its handler sees it, claimed under a token of its lane."""
        payload: dict[str, Any] = json.loads(self.payload)
        return Job(self.item, lane, self.kind, payload, self.attempts + 1, token, self.correlation_id)


def of(lanes: Sequence[int], each: int) -> list[Head]:
    """The first items that wait in lanes, at most so many `each`: lane by lane as given, in the order of the lane."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, {"lanes": list(lanes), "each": each})
        return [Head._make(row) for row in cursor.fetchall()]
