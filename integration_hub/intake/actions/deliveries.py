"""Webhooks: stored once before they are answered, counted when they are refused, and taken as hints only."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction

from integration_hub.cases.actions import cases
from integration_hub.cases.queries import is_open
from integration_hub.connectors.models import Connection
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Delivery, Feed
from integration_hub.kernel.clock import today

BY = "system:intake"
WEBHOOK_REFUSED = "WEBHOOK_REFUSED"
OTHER_BODY = "Came again with another body."

_STORE = """
    INSERT INTO hub_intake_delivery AS stored
        (connection_id, delivery_id, body, received_at, last_seen_at, times_seen, status, problem)
    VALUES (%s, %s, %s, now(), now(), 1, %s, %s)
    ON CONFLICT ON CONSTRAINT intake_delivery_once DO UPDATE SET
        times_seen = stored.times_seen + 1,
        last_seen_at = now(),
        problem = CASE WHEN stored.body = excluded.body THEN stored.problem ELSE %s END
    RETURNING id, times_seen, status, problem
"""
_COUNT = """
    INSERT INTO hub_intake_rejection AS counted (connection_id, day, reason, count, last_at)
    VALUES (%s, %s, %s, 1, now())
    ON CONFLICT ON CONSTRAINT intake_rejection_once DO UPDATE SET count = counted.count + 1, last_at = now()
    RETURNING count
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery: stored for the first time or seen before, and what is wrong with it."""

    delivery_id: int
    fresh: bool
    problem: str = ""


def receive(*, connection: Connection, delivery_id: str, body: bytes) -> Taken:
    """Store a verified delivery and make the feeds it speaks of due; seen before, it is counted and nothing else.

    Its values are never applied: what changed is read from the source. A body that is not a JSON object is stored as
    refused. When it returns outside a transaction, all of it is committed.

    Most deliveries of a storm find their feeds about to be read: they cost one write, which commits itself.
    """
    names, problem = _names(body)
    found = [] if problem else _feeds(connection, names)
    told = problem or ("" if found else f"Names no feed of this connection: {', '.join(names) or 'nothing'}.")
    status = Delivery.Status.REFUSED if problem else Delivery.Status.HANDLED
    asleep = feeds.asleep(found)
    heals = not problem and is_open(code=WEBHOOK_REFUSED, root_cause=connection.code)
    row = [connection.pk, delivery_id, body, status, told[:300], OTHER_BODY]
    if not (problem or asleep or heals):
        return _store(row)
    with transaction.atomic():
        taken = _store(row)
        if not taken.fresh:
            return taken
        if problem:
            _raise(connection, problem)
            return Taken(taken.delivery_id, True, problem)
        if asleep:
            feeds.make_due(asleep, trigger="hint")
        if heals:
            cases.heal(code=WEBHOOK_REFUSED, root_cause=connection.code, because="A valid webhook arrived.", by=BY)
    return taken


def _store(row: list[Any]) -> Taken:
    with database.cursor() as cursor:
        cursor.execute(_STORE, row)
        pk, times_seen, status, noted = cursor.fetchone()
    if times_seen > 1:
        return Taken(pk, False, noted if status == Delivery.Status.REFUSED else "")
    return Taken(pk, True)


def _feeds(connection: Connection, names: list[str]) -> list[Feed]:
    """The feeds the first name stands for that stands for any."""
    for name in names:
        if found := feeds.hinted(connection=connection, entity_name=name):
            return found
    return []


_SPOKEN = ("event", "event_type")


def _names(body: bytes) -> tuple[list[str], str]:
    """The entities a body may speak of, most telling first; or what is wrong with it."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        return [], f"The body is not JSON: {error}."
    if not isinstance(content, dict):
        return [], "The body is not a JSON object."
    data, payload = content.get("data"), content.get("payload")
    told = [data.get("entity") if isinstance(data, dict) else None, content.get("entity"), content.get("type")]
    names: list[str] = []
    for name in told:
        if isinstance(name, str) and name:
            names += [name, name.split(".")[0]]
    for event in (payload.get("event") if isinstance(payload, dict) else None, *map(content.get, _SPOKEN)):
        if isinstance(event, str) and event:  # workflow_completed, envelope-voided: the noun comes first
            names += [event, re.split(r"[_.-]", event)[0]]
    return list(dict.fromkeys(name[:60] for name in names)), ""


@transaction.atomic
def refuse(*, connection: Connection, reason: str) -> int:
    """Count a delivery that is not stored because its signature does not hold; the count of the day for this reason.

    The first of a day raises the case of the connection, so that a storm costs one row.
    """
    with database.cursor() as cursor:
        cursor.execute(_COUNT, [connection.pk, today(), reason[:60]])
        count = int(cursor.fetchone()[0])
    if count == 1 or count % 1000 == 0:
        _raise(connection, f"{reason} ({count} today)")
    return count


def _raise(connection: Connection, detail: str) -> None:
    cases.raise_case(
        code=WEBHOOK_REFUSED,
        root_cause=connection.code,
        title=f"{connection}: webhooks were refused",
        detail=detail,
        remedy="Compare the signing secret and the clock with the vendor's. Nothing is lost: feeds are polled as well.",
        subject=("connection", str(connection.pk), connection.code),
        by=BY,
    )
