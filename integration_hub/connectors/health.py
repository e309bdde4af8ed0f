"""How a connection is doing: its circuit breaker, and what the console shows of it.

The breaker opens after `OPEN_AFTER` failures in a row. Then nothing is called for a while; after that one call, and
only one, is let through to try (half open). If the vendor answers it, be it with a refusal, the breaker closes; if not,
it stays open twice as long. Who is kept back is deferred, not failed: an outage uses up nobody's tries.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction

from integration_hub.connectors.budget import NoBudget
from integration_hub.connectors.models import Call, Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Deferred, Failed, FailureClass
from integration_hub.trail.record import event

OPEN_AFTER = 5
"""Failures in a row after which calls stop for a while."""
OPEN_FOR = timedelta(seconds=30)
LONGEST = timedelta(minutes=10)
PAUSED_LOOK = timedelta(minutes=5)
"""How often a paused connection is looked at again; resuming it does not wait for that."""
_FRESH = timedelta(seconds=60)

_BROKEN = {FailureClass.TRANSIENT, FailureClass.UNKNOWN_OUTCOME}
_STATES = {
    FailureClass.TRANSIENT: Connection.Health.DOWN,
    FailureClass.UNKNOWN_OUTCOME: Connection.Health.DOWN,
    FailureClass.RATE: Connection.Health.LIMITED,
    FailureClass.AUTH: Connection.Health.AUTH_FAILED,
}

# Asked before every call, so it is not put together anew each time.
_ADMIT = """
SELECT way.is_paused, way.paused_reason, way.open_until, account.quiet_until
  FROM hub_connectors_connection AS way LEFT JOIN hub_connectors_account AS account ON account.id = way.account_id
 WHERE way.id = %s
"""
_LOG = """
WITH logged AS (
    INSERT INTO hub_connectors_call (connection_id, at, method, path, status, outcome, milliseconds, request_hash,
                                     error, correlation_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
)
SELECT health, health_at, failures_in_row FROM hub_connectors_connection WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection is doing at one moment."""

    health: str
    health_at: datetime | None
    failures_in_row: int

    def is_well(self, moment: datetime) -> bool:
        """Whether one more good answer is no news."""
        fresh = self.health_at is not None and moment - self.health_at < _FRESH
        return self.health == Connection.Health.OK and not self.failures_in_row and fresh


def admit(connection: Connection, *, even_if_paused: bool = False) -> None:
    """Let a call through, or raise Deferred before anything is sent."""
    with database.cursor() as cursor:
        cursor.execute(_ADMIT, [connection.pk])
        row = cursor.fetchone()
    if row is None:
        raise Connection.DoesNotExist(f"{connection} is gone.")
    is_paused, reason, open_until, quiet = row
    if is_paused and not even_if_paused:
        raise Deferred(
            FailureClass.RATE,
            f"{connection} is paused: {reason}",
            remedy="Resume the connection.",
            again_in=PAUSED_LOOK,
        )
    if quiet is not None and quiet > now():
        raise NoBudget(connection, "the vendor asked us to wait", (quiet - now()).total_seconds())
    if open_until is not None:
        _try_alone(connection, open_until)


def _try_alone(connection: Connection, until: datetime) -> None:
    """Be the one call that tries a vendor that was silent; everybody else waits for what it finds.

    Whoever moves `open_until` on from the value he saw is the one: a single conditional write, so never two. Should he
    die before he knows, the next one tries after `OPEN_FOR`.
    """
    left = until - now()
    if left <= timedelta(0):
        if Connection.objects.filter(pk=connection.pk, open_until=until).update(open_until=now() + OPEN_FOR):
            return
        left = OPEN_FOR
    raise Deferred(
        FailureClass.TRANSIENT,
        f"{connection} did not answer {OPEN_AFTER} times in a row; calls go on after a pause.",
        again_in=left,
    )


def logged(call: Call) -> Standing | None:
    """Write a call down; how its connection stands at that moment, None when it is gone."""
    what = (call.method, call.path, call.status, call.outcome, call.milliseconds, call.request_hash, call.error)
    with database.cursor() as cursor:
        cursor.execute(_LOG, (call.connection_id, call.at, *what, call.correlation_id, call.connection_id))
        row = cursor.fetchone()
    return None if row is None else Standing(*row)


def answered(connection: Connection, standing: Standing | None = None) -> None:
    """The vendor answered a call in earnest, be it with a refusal of the record.

    `standing` is what was found when the call was written down; without it the row is asked.
    """
    standing = standing or _standing(connection)
    if standing is not None and not standing.is_well(now()):
        _write(connection, Connection.Health.OK, "", broken=False)


def _standing(connection: Connection) -> Standing | None:
    row = Connection.objects.filter(pk=connection.pk).values_list("health", "health_at", "failures_in_row").first()
    return None if row is None else Standing(*row)


def failed(connection: Connection, failure: Failed) -> None:
    """A call did not work: show it, count it, and open the breaker when it happens too often."""
    state = _STATES.get(failure.kind)
    if state is None:
        answered(connection)
        return
    _write(connection, state, failure.message, broken=failure.kind in _BROKEN)


def _write(connection: Connection, health: str, detail: str, *, broken: bool) -> None:
    """Note an outcome. `broken`: nobody answered; any answer, "too much" and "who are you" too, closes the breaker."""
    with transaction.atomic():
        rows = Connection.objects.select_for_update(no_key=True, of=("self",))
        row = rows.only("health", "open_until", "failures_in_row").filter(pk=connection.pk).first()
        if row is None:
            return
        count = row.failures_in_row + 1 if broken else 0
        until = row.open_until if broken else None
        if count >= OPEN_AFTER:
            until = now() + min(OPEN_FOR * 2 ** min(count - OPEN_AFTER, 10), LONGEST)
        Connection.objects.filter(pk=row.pk).update(
            health=health, health_detail=detail[:500], health_at=now(), failures_in_row=count, open_until=until
        )
        if row.health != health:
            _tell(connection, "health_changed", before=row.health, after=health, detail=detail[:500])
        if row.open_until is None and until is not None:
            _tell(connection, "circuit_opened", failures=count, detail=detail[:500], until=until)
        if row.open_until is not None and until is None:
            _tell(connection, "circuit_closed", failures=row.failures_in_row)


def _tell(connection: Connection, verb: str, **data: Any) -> None:
    event(
        f"connectors.connection.{verb}",
        by=f"system:connectors:{connection.code}",
        object_type="connection",
        object_id=connection.pk,
        label=connection.code,
        **data,
    )
