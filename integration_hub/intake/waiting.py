"""Children before parents: who waits for whom, waking them when the parent comes, telling somebody when it does not."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection as database
from django.db import transaction
from django.db.models import Min

from integration_hub.connectors.models import Connection
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.work.actions import items
from integration_hub.work.registry import Job

UNPARK = "intake.unpark"
REAPPLY = "intake.reapply"
GRACE = timedelta(minutes=15)
"""How long a record may wait for its parent before a person hears of it: feeds of one vendor arrive in any order."""
SWEEP_AFTER = timedelta(seconds=30)
BATCH = 1000
FEW = 2000

_WAITING = """
    SELECT DISTINCT connection.code, version.waits_for
      FROM hub_intake_sourceversion AS version
      JOIN hub_connectors_connection AS connection ON connection.id = version.connection_id
     WHERE version.status = 'parked' AND version.waits_for = ANY(%s)
"""


def lane(connection_code: str) -> str:
    """The lane in which stored records of a connection are taken again."""
    return f"intake:{connection_code}"


def wake(connection: Connection, entity: str, source_ids: Sequence[str]) -> None:
    """Parents were applied: have those taken again that wait for them, in this transaction's wake."""
    if not source_ids:
        return
    keys = [f"{connection.code}/{entity}:{source_id}" for source_id in source_ids]
    with database.cursor() as cursor:
        cursor.execute(_WAITING, [keys])
        _unpark_soon(cursor.fetchall())


def _unpark_soon(waiting: Sequence[tuple[str, str]]) -> None:
    """Have taken again what waits: (code of the connection, parent)."""
    items.enqueue_many(
        [
            items.ItemIn(
                UNPARK,
                lane=lane(code),
                stage="ingest",
                payload={"connection": code, "key": key},
                dedupe=f"unpark:{key}"[:160],
            )
            for code, key in waiting
        ]
    )


def unpark(job: Job) -> None:
    """Take again what waited for one parent, in batches; the rest goes to a further item."""
    from integration_hub.intake.pipeline import reapply  # the page wakes, the woken are pages again

    code, key = str(job.payload["connection"]), str(job.payload["key"])
    after = int(job.payload.get("after", 0))
    found = SourceVersion.objects.filter(connection__code=code, status="parked", waits_for=key, pk__gt=after).order_by(
        "pk"
    )
    ids = list(found.values_list("pk", flat=True)[:BATCH])
    reapply(ids)
    if len(ids) == BATCH:
        payload = {"connection": code, "key": key, "after": ids[-1]}
        items.enqueue(UNPARK, lane=lane(code), stage="ingest", payload=payload)


def reapply_job(job: Job) -> None:
    """Take the listed source versions again."""
    from integration_hub.intake.pipeline import reapply  # as above

    reapply([int(pk) for pk in job.payload["ids"]], settled=bool(job.payload.get("settled")))


@transaction.atomic
def later(ids: Sequence[int], *, settled: bool = False) -> int:
    """Have stored versions taken again by their lanes, with `settled` also what was applied; how many."""
    found = SourceVersion.objects.filter(pk__in=list(ids)).order_by("pk").values_list("connection__code", "pk")
    by_connection: dict[str, list[int]] = {}
    for code, pk in found:
        by_connection.setdefault(code, []).append(pk)
    for code, members in sorted(by_connection.items()):
        for start in range(0, len(members), BATCH):
            payload = {"ids": members[start : start + BATCH]} | ({"settled": True} if settled else {})
            items.enqueue(REAPPLY, lane=lane(code), stage="ingest", payload=payload)
    return sum(len(members) for members in by_connection.values())


def sweep() -> int:
    """Try the waiting again: a parent may have come in the moment they were parked, or by another way than a feed.

    Raises a case for parents that stay away beyond the grace, but not for those that wait for a parent of their own: a
    person mends the head of a chain, and what is behind it follows. Returns how many parents were tried. While very
    many wait, only those are tried whose parent was applied: trying them all would cost more than it could find.
    """
    from integration_hub.intake import troubles  # cases of intake come back here to try again

    moment = now()
    parked = SourceVersion.objects.filter(status="parked", received_at__lt=moment - SWEEP_AFTER).order_by()
    few = len(parked.values_list("pk", flat=True)[: FEW + 1]) <= FEW
    parents = parked.values("connection_id", "connection__code", "waits_for").annotate(since=Min("received_at"))
    longest = list(parents.order_by("since")[:BATCH])
    tried = [(row["connection__code"], row["waits_for"]) for row in longest if few or _has_come(row["waits_for"])]
    _unpark_soon(tried)
    late = [(row["connection_id"], row["waits_for"]) for row in longest if row["since"] < moment - GRACE]
    waiting = _waiting_themselves([key for _, key in late])
    for connection_id, key in late:
        if key not in waiting:
            troubles.parent_missing(connection_id, key)
    return len(tried)


def _parts(key: str) -> tuple[str, str, str]:
    """Connection, entity and source id of a parent."""
    place, _, source_id = key.partition(":")
    code, _, entity = place.partition("/")
    return code, entity, source_id


def _waiting_themselves(keys: Sequence[str]) -> set[str]:
    """Which of these parents are here and parked."""
    ids = {_parts(key)[2] for key in keys}
    found = SourceVersion.objects.filter(status="parked", source_id__in=ids).order_by()
    parked = set(found.values_list("connection__code", "entity", "source_id"))
    return {key for key in keys if _parts(key) in parked}


def _has_come(key: str) -> bool:
    code, entity, source_id = _parts(key)
    return SourceVersion.objects.filter(
        connection__code=code, entity=entity, source_id=source_id, status="applied"
    ).exists()
