"""Following the trail: what was committed since, in an order in which nothing appears later behind one's back.

Row ids appear out of order, because a transaction that took its id early may commit late. The order is (transaction,
id), and nothing is read before every older transaction is over, as with seals (`trail.seal`).
"""

from collections.abc import Sequence

from django.db import connection

Position = tuple[str, int]
"""(transaction, event): the last one that was read."""

# ORDER BY names the table: a bare `tx` would be the text of the list above, where 1000 comes before 999.
_AFTER = """
SELECT id, tx::text, action FROM hub_trail_event
 WHERE (tx, id) > (%(tx)s::xid8, %(id)s) AND tx < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY hub_trail_event.tx, id LIMIT %(limit)s
"""


def committed_after(after: Position, *, actions: Sequence[str], limit: int) -> tuple[list[int], Position | None]:
    """The next events: ids of those of these actions, and the last one that was looked at; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_AFTER, {"tx": after[0], "id": after[1], "limit": limit})
        rows = cursor.fetchall()
    if not rows:
        return [], None
    wanted = set(actions)
    return [row[0] for row in rows if row[2] in wanted], (rows[-1][1], int(rows[-1][0]))
