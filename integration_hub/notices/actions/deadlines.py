"""Saying in the trail that a deadline is near, or was missed: once for each deadline, whoever looks how often."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from integration_hub.cases.models import Case
from integration_hub.cases.queries import NEAR
from integration_hub.kernel.clock import now
from integration_hub.notices.models import Deadline
from integration_hub.trail import record

BY = "system:cases"
BATCH = 500

_SAY = """
INSERT INTO hub_notices_deadline (case_id, due_at, which, said_at)
SELECT found.id, found.due_at, %(which)s, %(moment)s FROM hub_cases_case AS found
 WHERE found.status <> 'resolved' AND found.due_at > %(after)s AND found.due_at <= %(until)s
   AND NOT EXISTS (SELECT FROM hub_notices_deadline AS said
                    WHERE said.case_id = found.id AND said.due_at = found.due_at AND said.which = %(which)s)
 ORDER BY found.due_at, found.id LIMIT %(limit)s
ON CONFLICT DO NOTHING RETURNING case_id
"""
_EVER = timedelta(days=36500)


def look() -> int:
    """The tick: say it of every open exception whose deadline is near or missed; how many were said."""
    moment = now()
    return _say(Deadline.Which.NEAR, moment, moment + NEAR) + _say(Deadline.Which.MISSED, moment - _EVER, moment)


@transaction.atomic
def _say(which: Deadline.Which, after: datetime, until: datetime) -> int:
    values: dict[str, Any] = {"which": str(which), "moment": now(), "after": after, "until": until, "limit": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_SAY, values)
        ids = [row[0] for row in cursor.fetchall()]
    record.events(
        record.draft(
            f"cases.case.{which}",
            by=BY,
            object_type="case",
            object_id=case.pk,
            label=case.title,
            legal_entity=case.legal_entity,
            code=case.code,
            due=f"{case.due_at:%Y-%m-%d %H:%M} UTC",
        )
        for case in Case.objects.filter(pk__in=ids).order_by("due_at", "pk")
    )
    return len(ids)
