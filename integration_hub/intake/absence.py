"""What a complete listing does not name: absence is not deletion, unless an administrator allows it, up to a share.

The names of a reading of the whole listing are kept with each of its pages, so a reading that was interrupted goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database

from integration_hub.cases.actions import cases
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake.models import Feed, Listed
from integration_hub.intake.versions import turned

BY = "system:intake"
CODE = "RECORDS_ABSENT"
SHOWN = 100
"""Ids a case names."""

_NOTE = """
    INSERT INTO hub_intake_listed (feed_id, source_id) SELECT %s, unnest(%s::text[])
    ON CONFLICT ON CONSTRAINT intake_listed_once DO NOTHING
"""
_LIVING = """
    SELECT DISTINCT ON (source_id) source_id, version, moved_at, deleted
      FROM hub_intake_sourceversion
     WHERE connection_id = %s AND entity = %s AND status NOT IN ('stale', 'conflict')
     ORDER BY source_id, id DESC
"""
_ABSENT = f"""
    SELECT living.source_id, living.version, living.moved_at FROM ({_LIVING}) AS living
     WHERE NOT living.deleted
       AND NOT EXISTS (SELECT 1 FROM hub_intake_listed AS named
                        WHERE named.feed_id = %s AND named.source_id = living.source_id)
     ORDER BY living.source_id
"""  # noqa: S608 - constants
_COUNT = f"SELECT count(*) FROM ({_LIVING}) AS living WHERE NOT living.deleted"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Absent:
    """Records that live here and that the whole listing did not name, of so many that live here."""

    records: tuple[RawRecord, ...]
    """Their tombstones."""
    living: int

    def within(self, percent: int) -> bool:
        """Whether that few may be closed."""
        return len(self.records) * 100 <= self.living * percent


def note(feed: Feed, source_ids: Sequence[str]) -> None:
    """Remember what a page of the whole listing named, in the transaction of the page."""
    with database.cursor() as cursor:
        cursor.execute(_NOTE, [feed.pk, list(source_ids)])


def forget(feed: Feed) -> None:
    """The reading is complete, or starts from the beginning."""
    Listed.objects.filter(feed=feed).delete()


def found(feed: Feed) -> Absent:
    """What a complete reading did not name."""
    key: list[Any] = [feed.connection_id, feed.entity]
    with database.cursor() as cursor:
        cursor.execute(_COUNT, key)
        living = int(cursor.fetchone()[0])
        cursor.execute(_ABSENT, [*key, feed.pk])
        return Absent(tuple(_tombstone(*row) for row in cursor.fetchall()), living)


def _tombstone(source_id: str, version: str, moved_at: datetime | None) -> RawRecord:
    stamp = moved_at.isoformat() if moved_at else ""
    return RawRecord(source_id, turned(version), {}, deleted=True, moved_at=stamp)


def tell(feed: Feed, absent: Absent) -> None:
    """Have a person decide: more is missing from the listing than may be closed by itself."""
    ids = [record.source_id for record in absent.records]
    share = f"{len(ids):,} of {absent.living:,}"
    cases.set_members(
        code=CODE,
        root_cause=f"{feed.connection.code}:{feed.entity}",
        title=f"{feed}: a complete listing lacks {share} records"[:250],
        detail=f"At most {feed.absence_limit_percent} % may be closed for that reason. Nothing was closed.",
        remedy="Look whether they were deleted there, or whether our account may not see them any more.",
        subject=("connection", str(feed.connection_id), feed.connection.code),
        members=[cases.MemberIn("source_record", f"{feed.pk}:{name}", name) for name in ids[:SHOWN]],
        because="The listing names every record again.",
        by=BY,
    )
