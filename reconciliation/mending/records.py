"""Records of other systems: what is stored and was not taken yet is taken again, and their feeds are read now."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet

from billing.models import BillableEvent, CreditMemo, Invoice, Payment
from contracts.models import ExternalReference
from integration_hub.intake import waiting
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, SourceVersion
from integration_hub.intake.versions import UNSETTLED
from integration_hub.people.models import User
from reconciliation.matching.pairs import PAIRS
from reconciliation.mending.acts import Act, Row, rows_of
from reconciliation.models import PairBreak

Place = tuple[int, str, str]
"""Connection, entity and id of a record in its system."""


def taken_again(broken: PairBreak, _user: User) -> Iterator[Act]:
    """The newest stored version of each record of the break: one that was refused or waits is tried once more, and what
    became of one that was applied is made what it says again.
    """
    places = dict.fromkeys(place for row in rows_of(broken) for place in _places(row))
    for version in _newest(list(places)):
        if version.status in (*UNSETTLED, SourceVersion.Status.APPLIED):
            record = f"{version.entity.replace('_', ' ')} {version.source_id} of {version.connection}"
            yield Act(
                f"Take {record} again, which {_why(version)}",
                waiting.lane(version.connection.code),
                partial(_take, version.pk),
            )


def _take(version: int, _by: Any) -> int:
    return waiting.later([version], settled=True)


def _why(version: SourceVersion) -> str:
    if version.status in (SourceVersion.Status.REFUSED, SourceVersion.Status.APPLIED):
        return f"was {version.get_status_display().lower()}"
    return f"waits for {version.waits_for}" if version.waits_for else "was not taken yet"


def read_now(broken: PairBreak, _user: User) -> Iterator[Act]:
    """The feeds behind the pair: what was corrected, added or deleted in the other system comes with them."""
    pair = PAIRS.get(broken.pair)
    for feed in [*pair.left.feeds(broken.legal_entity), *pair.right.feeds(broken.legal_entity)]:
        if feed.is_active and not feed.connection.is_paused:
            yield Act(f"Read {feed} now", feeds.lane_of(feed), partial(_read, feed.pk))


def _read(feed_id: int, _by: Any) -> None:
    feeds.make_due([Feed.objects.select_related("connection").get(pk=feed_id)], trigger="mend")


def _places(row: Row) -> Iterator[Place]:
    """Where the record of a row is from."""
    if row.type == "hub_intake.sourceversion":
        yield from SourceVersion.objects.filter(pk=row.id).values_list("connection_id", "entity", "source_id")
    elif row.type == "billing.billableevent":
        names = ("source_version__connection_id", "source_version__entity", "source_version__source_id")
        yield from BillableEvent.objects.filter(pk=row.id, source_version__isnull=False).values_list(*names)
    elif row.type == "billing.payment":
        yield from _of(Payment.objects.filter(pk=row.id), "payment")
    elif row.type == "billing.creditmemo":
        yield from _of(CreditMemo.objects.filter(pk=row.id), "credit_memo")
    elif row.type == "billing.candidate":
        posted = Invoice.objects.filter(candidate=row.id).values_list("effect__connection_id", "remote_id")
        yield from ((connection, "invoice", source_id) for connection, source_id in posted)
    elif row.type in ("contracts.contract", "contracts.customer"):
        known = ExternalReference.objects.filter(object_type=row.type, object_id=row.id)
        yield from known.values_list("connection_id", "entity", "source_id")


def _of(rows: "QuerySet[Any]", entity: str) -> Iterator[Place]:
    for connection, source_id in rows.values_list("connection_id", "source_id"):
        yield connection, entity, source_id


def _newest(places: list[Place]) -> list[SourceVersion]:
    if not places:
        return []
    which = Q()
    for connection, entity, source_id in places:
        which |= Q(connection=connection, entity=entity, source_id=source_id)
    rows = SourceVersion.objects.filter(which).exclude(status__in=["stale", "filtered"]).defer("payload")
    newest = rows.order_by("connection_id", "entity", "source_id", "-pk").distinct(
        "connection_id", "entity", "source_id"
    )
    return list(newest.select_related("connection"))
