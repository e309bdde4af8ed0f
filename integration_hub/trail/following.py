"""Following the trail: what was committed since, in an order in which nothing appears later behind one's back.

Row ids appear out of order, because a transaction that took its id early may commit late. The order is (transaction,
id), and nothing is read before every older transaction is over, as with seals (`trail.seal`).
"""

from collections.abc import Sequence

from django.db import connection

Position = tuple[str, int]
"""(transaction, event): the last one that was read."""

AFTER = "(event.tx, event.id) > (%(tx)s::text::xid8, %(id)s) AND event.tx < pg_snapshot_xmin(pg_current_snapshot())"
"""What of `hub_trail_event AS event` follows a position and is there for good."""
ORDER = "event.tx, event.id"
"""Names the table: a bare `tx` may be the text of a list of columns, where 1000 comes before 999."""

_AFTER = f"""
SELECT event.id, event.tx::text, event.action FROM hub_trail_event AS event
 WHERE {AFTER} ORDER BY {ORDER} LIMIT %(limit)s
"""  # noqa: S608 - constants only


def committed_after(after: Position, *, actions: Sequence[str], limit: int) -> tuple[list[int], Position | None]:
    """The next events: ids of those of these actions, and the last one that was looked at; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_AFTER, {"tx": after[0], "id": after[1], "limit": limit})
        rows = cursor.fetchall()
    if not rows:
        return [], None
    wanted = set(actions)
    return [row[0] for row in rows if row[2] in wanted], (rows[-1][1], int(rows[-1][0]))
