"""From raw records to applied ones: store every version, judge, translate, hand over. One transaction per page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import absence, store
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.intake.page import Page
from integration_hub.intake.registry import RECEIVERS
from integration_hub.intake.work import Counts
from integration_hub.kernel import failpoints
from integration_hub.kernel.errors import Problem
from integration_hub.mapping import queries as mappings
from integration_hub.mapping.compile import Compiled

__all__ = ["Counts", "ingest", "reapply"]


def ingest(
    connection: Connection,
    entity: str,
    records: Sequence[RawRecord],
    run: Run,
    mapping: Compiled,
    *,
    cursor: dict[str, Any] | None = None,
    rows: Sequence[int] | None = None,
    digests: Sequence[str] | None = None,
    broken: Mapping[int, Sequence[Problem]] | None = None,
    whole: bool = False,
) -> Counts:
    """Take one page: store, judge, translate, deliver, count, and move the feed's cursor, all in one transaction.

    `rows` are row numbers of a file (header = 1), `digests` hashes of what counts as content where that is not the
    whole payload, `broken` problems by index of records that could not be read, `whole` tells that the page belongs to
    a reading of the whole listing.
    Raises LookupError when nothing receives the entity, NotReady without a feed, OperationalError to be tried again.
    """
    receiver = RECEIVERS.get(entity)
    with transaction.atomic():
        feed = store.lock(connection, entity)
        arrived = store.incoming(records, rows, digests)
        for index, problems in (broken or {}).items():
            arrived[index].problems += tuple(problems)
        counts = Page(connection, entity, mapping, receiver, run).take(arrived)
        _count(run, counts)
        if whole:
            absence.note(feed, [item.source_id for item in arrived])
        _advance(feed, counts, cursor)
        failpoints.hit("page_stored")
    return counts


def reapply(source_version_ids: Iterable[int], *, accept: bool = False, settled: bool = False) -> Counts:
    """Run stored payloads again: a mapping was published, a value added, a parent came.

    Only unsettled versions are touched (with `accept` also conflicts: a person chose this one; with `settled` also what
    was applied: our row is to be made what it says); those that are out of date become stale. Raises NotReady when no
    mapping is published, LookupError when nothing receives the entity.
    """
    total = Counts()
    groups: dict[tuple[int, str], list[int]] = {}
    found = SourceVersion.objects.filter(pk__in=list(source_version_ids)).values_list("connection_id", "entity", "pk")
    for connection_id, entity, pk in found:
        groups.setdefault((connection_id, entity), []).append(pk)
    for (connection_id, entity), ids in sorted(groups.items()):
        connection = Connection.objects.get(pk=connection_id)
        mapping, receiver = mappings.published(connection.code, entity), RECEIVERS.get(entity)
        with transaction.atomic():
            store.lock(connection, entity)
            total.plus(Page(connection, entity, mapping, receiver).repeat(ids, accept=accept, settled=settled))
    return total


def _count(run: Run, counts: Counts) -> None:
    changes = {name: F(name) + number for name, number in asdict(counts).items() if number}
    if changes:
        Run.objects.filter(pk=run.pk).update(**changes)


def _advance(feed: Feed, counts: Counts, cursor: dict[str, Any] | None) -> None:
    changes: dict[str, Any] = {}
    if cursor is not None and cursor != feed.cursor:
        changes["cursor"] = cursor
    if counts.read and not feed.ever_had_rows:
        changes["ever_had_rows"] = True
    if changes:
        Feed.objects.filter(pk=feed.pk).update(**changes)
