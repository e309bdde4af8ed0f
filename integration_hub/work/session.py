"""The worker's database session: what becomes of its locks when the worker freezes.

A frozen process keeps its session, and with it the row locks of an open transaction: whoever writes into that lane
would wait for ever. The server ends such a session when the lease would be over, long after any honest pause.
"""

from weakref import WeakSet

from django.conf import settings
from django.db import connection
from psycopg import Connection
from psycopg.errors import DeadlockDetected, IdleInTransactionSessionTimeout, SerializationFailure

_told: "WeakSet[Connection]" = WeakSet()


def leave_no_locks() -> None:
    """Have the server end this session when a transaction in it stands idle for longer than a lease."""
    connection.ensure_connection()
    raw = connection.connection
    if raw not in _told:
        with connection.cursor() as cursor:
            milliseconds = str(round(settings.LEASE_SECONDS * 1000))
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [milliseconds])
        _told.add(raw)


def was_ended(error: BaseException) -> bool:
    """Whether the error says that the server ended the session for that reason."""
    return isinstance(error.__cause__, IdleInTransactionSessionTimeout)


def gave_way(error: BaseException) -> bool:
    """Whether the database ended this transaction for another one, which goes on: the same again may well succeed."""
    return isinstance(error.__cause__, DeadlockDetected | SerializationFailure)
