"""How a connection is doing: its circuit breaker, and what the console shows of it."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from integration_hub.connectors.budget import NoBudget
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.trail.record import event

OPEN_AFTER = 5
"""Failures in a row after which calls stop for a while."""
OPEN_FOR = timedelta(seconds=30)
LONGEST = timedelta(minutes=10)
_FRESH = timedelta(seconds=60)

_BROKEN = {FailureClass.TRANSIENT, FailureClass.UNKNOWN_OUTCOME}
_STATES = {
    FailureClass.TRANSIENT: Connection.Health.DOWN,
    FailureClass.UNKNOWN_OUTCOME: Connection.Health.DOWN,
    FailureClass.RATE: Connection.Health.LIMITED,
    FailureClass.AUTH: Connection.Health.AUTH_FAILED,
}


def admit(connection: Connection, *, even_if_paused: bool = False) -> None:
    """Let a call through, or raise Failed before anything is sent.

    After the breaker's time one call is let through to try; the others wait for what it finds.
    """
    fields = ("is_paused", "paused_reason", "open_until", "account__quiet_until")
    row = Connection.objects.values(*fields).get(pk=connection.pk)
    if row["is_paused"] and not even_if_paused:
        raise Failed(
            FailureClass.RATE,
            f"{connection} is paused: {row['paused_reason']}",
            remedy="Resume the connection.",
            retry_after=timedelta(minutes=5),
        )
    quiet = row["account__quiet_until"]
    if quiet is not None and quiet > now():
        raise NoBudget(connection, "the vendor asked us to wait", (quiet - now()).total_seconds())
    until = row["open_until"]
    if until is None:
        return
    left = until - now()
    if left <= timedelta(0):
        trial = Connection.objects.filter(pk=connection.pk, open_until=until)
        if trial.update(open_until=now() + OPEN_FOR):
            return
        left = OPEN_FOR
    raise Failed(
        FailureClass.TRANSIENT,
        f"{connection} did not answer {OPEN_AFTER} times in a row; calls go on after a pause.",
        retry_after=left,
    )


def answered(connection: Connection) -> None:
    """The vendor answered a call in earnest, be it with a refusal of the record."""
    row = Connection.objects.filter(pk=connection.pk).values("health", "health_at", "failures_in_row").first()
    if row is None:
        return
    fresh = row["health_at"] is not None and now() - row["health_at"] < _FRESH
    if row["health"] == Connection.Health.OK and not row["failures_in_row"] and fresh:
        return
    _write(connection, row["health"], Connection.Health.OK, "", failures_in_row=0, open_until=None)


def failed(connection: Connection, failure: Failed) -> None:
    """A call did not work: count it, show it, and open the breaker when it happens too often."""
    state = _STATES.get(failure.kind)
    if state is None:
        answered(connection)
        return
    row = Connection.objects.filter(pk=connection.pk).values("health", "failures_in_row").first()
    if row is None:
        return
    changes: dict[str, Any] = {}
    if failure.kind in _BROKEN:
        changes["failures_in_row"] = F("failures_in_row") + 1
        count = row["failures_in_row"] + 1
        if count >= OPEN_AFTER:
            changes["open_until"] = now() + min(OPEN_FOR * 2 ** min(count - OPEN_AFTER, 10), LONGEST)
    _write(connection, row["health"], state, failure.message, **changes)


def _write(connection: Connection, before: str, health: str, detail: str, **changes: Any) -> None:
    detail = detail[:500]
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            health=health, health_detail=detail, health_at=now(), **changes
        )
        if before != health:
            event(
                "connectors.connection.health_changed",
                by=f"system:connectors:{connection.code}",
                object_type="connection",
                object_id=connection.pk,
                label=connection.code,
                before=before,
                after=health,
                detail=detail,
            )
