"""The budget of an external account: one ledger in PostgreSQL for all its connections, feeds and effects.

Before a call leaves, it needs two things. A *token* for its lane: fetched in small bundles, written down in `Spent`
under the account's row lock and by the database's clock, valid until the end of the slot it was fetched in. And a
*slot* where the vendor limits calls under way: a PostgreSQL advisory lock held for the length of the call, so that the
limit holds over threads, processes and machines, and a killed worker frees its slot when its database session ends. It
needs a database session per worker, so a pooler in front of PostgreSQL must not run in transaction mode.

The rules are in `limits`, what a refusal teaches is in `learning`.
"""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection as database
from django.db import transaction

from integration_hub.connectors import limits, terms
from integration_hub.connectors.limits import Answer, Priority, Used, Window
from integration_hub.connectors.models import Account, Connection
from integration_hub.kernel.failures import Deferred, FailureClass

SPACE = 0x7E1C
"""Key space of our advisory locks: accounts above this number of slots would meet each other's."""
SLOTS = 64

_on_behalf: ContextVar[Priority] = ContextVar("priority of calls", default=Priority.CORRECTION)

_COUNTED = """
SELECT extract(epoch FROM clock_timestamp())::float8,
       (SELECT coalesce(json_agg(json_build_array(seconds, slot, priority, calls, refused)), '[]')
        FROM hub_connectors_spent WHERE account_id = %s AND over_at > clock_timestamp())
"""
_LOCK = "SELECT * FROM hub_connectors_account WHERE id = %s FOR NO KEY UPDATE"
# The account's row is locked by then: whoever waited for it sees what the one before wrote, because this is a statement
# of its own with a snapshot of its own.
_NOTE = """
INSERT INTO hub_connectors_spent AS row (account_id, seconds, slot, priority, calls, refused, over_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (account_id, seconds, slot, priority)
DO UPDATE SET calls = row.calls + excluded.calls, refused = row.refused + excluded.refused
"""
_PURGE = "DELETE FROM hub_connectors_spent WHERE over_at < clock_timestamp() - interval '1 minute'"


class NoBudget(Deferred):
    """The account's budget allows no call of this lane now. Nothing was sent; come again after `retry_after`."""

    def __init__(self, connection: Connection, reason: str, wait: float) -> None:
        super().__init__(
            FailureClass.RATE,
            f"{connection} waits for its budget: {reason}.",
            remedy="Nothing to do: it goes on when calls are free. The limits are on the page of the connection.",
            again_in=timedelta(seconds=max(wait, 0.2)),
        )


@dataclass(slots=True)
class _Bundle:
    """Tokens of one lane in this process. `until` is on the monotonic clock."""

    left: int
    until: float
    size: int
    slots: int


_bundles: dict[tuple[int, int, Priority], _Bundle] = {}
_guard = threading.Lock()


@contextmanager
def on_behalf(priority: Priority) -> Iterator[None]:
    """Calls inside are made for this lane; without it they count as corrections and other writes."""
    token = _on_behalf.set(priority)
    try:
        yield
    finally:
        _on_behalf.reset(token)


def priority() -> Priority:
    """The lane that calls are made for here."""
    return _on_behalf.get()


@contextmanager
def call(connection: Connection) -> Iterator[None]:
    """Make one call within the account's budget.

    Waits up to the connection's `budget_wait_seconds` (10) for its turn. Raises NoBudget when that is not enough.
    """
    account = account_of(connection)
    deadline = time.monotonic() + float(connection.settings.get("budget_wait_seconds") or 10)
    priority = _on_behalf.get()
    while True:
        bundle, refusal = _token(connection, account, priority)
        if bundle is not None:
            taken = _slot(account, bundle.slots)
            if taken is not None:
                break
            _give_back(account, priority)
            refusal = Answer(0, 0, 0.05, f"all {bundle.slots} calls that may be under way for it are taken")
        if time.monotonic() + refusal.wait > deadline:
            raise NoBudget(connection, refusal.reason, max(refusal.wait, 1.0))
        time.sleep(min(refusal.wait, 1.0) * random.uniform(0.8, 1.2))  # noqa: S311 - only keeps waiters apart
    try:
        yield
    finally:
        if taken:
            _ask("SELECT pg_advisory_unlock(%s, %s)", taken)


def look(connection: Connection, priority: Priority) -> NoBudget | None:
    """Whether a call of this lane would have to wait; a token that is free now stays at hand for it."""
    account = account_of(connection)
    bundle, refusal = _token(connection, account, priority)
    if bundle is None:
        return NoBudget(connection, refusal.reason, refusal.wait)
    _give_back(account, priority)
    return None


def account_of(connection: Connection) -> int:
    """The account whose budget a connection uses; one of its own is made when it has none."""
    if connection.account_id is None:
        account, _ = Account.objects.get_or_create(code=connection.code, defaults={"vendor": connection.vendor})
        Connection.objects.filter(pk=connection.pk, account=None).update(account=account)
        connection.account_id = account.pk
    return connection.account_id


def forget(account: int) -> None:
    """Throw away the tokens this process holds: limits have changed."""
    with _guard:
        for key in [key for key in _bundles if key[1] == account]:
            del _bundles[key]


# -- tokens -----------------------------------------------------------------------------------------------------------


def _token(connection: Connection, account: int, priority: Priority) -> tuple[_Bundle | None, Answer]:
    """Take one token: from the bundle at hand, or from the ledger."""
    key = (os.getpid(), account, priority)
    with _guard:
        bundle = _bundles.get(key)
        if bundle is not None and bundle.left and time.monotonic() < bundle.until:
            bundle.left -= 1
            return bundle, Answer(1, 0)
    fetched, answer = _fetch(connection, account, priority, bundle)
    if fetched is not None:
        with _guard:
            _bundles[key] = fetched
    return fetched, answer


def _give_back(account: int, priority: Priority) -> None:
    with _guard:
        bundle = _bundles.get((os.getpid(), account, priority))
        if bundle is not None:
            bundle.left += 1


def _fetch(
    connection: Connection, account: int, priority: Priority, last: _Bundle | None
) -> tuple[_Bundle | None, Answer]:
    started = time.monotonic()
    with transaction.atomic():
        row = _locked(account)
        at, used = counted(account)
        here = terms.of(row, connection.vendor, at)
        size = limits.bundle((window.calls for window in here.windows), last.size if last else 1, _used_up(last))
        answer = _allowed(row, here, priority, used, at, size)
        for window in here.windows:
            _note(account, window, priority, at, answer)
        if answer.calls and row.quota_limit:
            looked = datetime.fromtimestamp(at, UTC)
            Account.objects.filter(pk=account).update(quota_used=(row.quota_used or 0) + answer.calls, quota_at=looked)
    if not answer.calls:
        return None, answer
    wanted = limits.wanted(here.windows[0], used.get(here.windows[0].seconds, []), at)
    slots = limits.ceiling(here.concurrency, priority, wanted) if here.concurrency else 0
    return _Bundle(answer.calls - 1, started + answer.until - at, answer.calls, min(slots, SLOTS)), answer


def _locked(account: int) -> Account:
    return Account.objects.raw(_LOCK, [account])[0]


def _used_up(last: _Bundle | None) -> bool:
    return last is not None and not last.left


def counted(account: int) -> tuple[float, dict[int, list[Used]]]:
    """The database's clock (seconds since 1970), and what counts at that instant, by length of window."""
    with database.cursor() as cursor:
        cursor.execute(_COUNTED, [account])
        at, rows = cursor.fetchone()
    used: dict[int, list[Used]] = {}
    for seconds, slot, name, calls, refused in rows:
        used.setdefault(seconds, []).append(Used(slot, Priority(name), calls, refused))
    return float(at), used


def _allowed(
    row: Account, here: terms.Terms, priority: Priority, used: dict[int, list[Used]], at: float, ask: int
) -> Answer:
    """What all the account's limits together allow."""
    if row.quiet_until is not None and row.quiet_until.timestamp() > at:
        return Answer(0, at, row.quiet_until.timestamp() - at, "the vendor asked us to wait")
    given = [limits.answer(window, priority, used.get(window.seconds, []), at, ask) for window in here.windows]
    if refusals := [one for one in given if not one.calls]:
        return max(refusals, key=lambda one: one.wait)
    best = Answer(min(one.calls for one in given), min(one.until for one in given))
    if here.quota is None or priority in (Priority.POSTING, Priority.CORRECTION):
        return best
    allowed = limits.ceiling(here.quota.limit, priority, limits.ORDER)
    if here.quota.used < allowed:
        return best
    left = here.quota.at + limits.LOOK_AGAIN - at
    if left <= 0:  # Only an answer tells whether the rolling day has moved on: one call goes to look.
        return Answer(1, best.until)
    return Answer(0, at, left, f"{here.quota.used:,} calls of today's {row.quota_limit:,} are used by all its users")


def _note(account: int, window: Window, priority: Priority, at: float, answer: Answer) -> None:
    slot = window.slot(at)
    over = datetime.fromtimestamp(window.ends(slot + window.depth), UTC)
    refused = 0 if answer.calls else 1
    with database.cursor() as cursor:
        cursor.execute(_NOTE, [account, window.seconds, slot, priority, answer.calls, refused, over])


def purge() -> int:
    """The tick: drop what no window looks at any more; how many rows."""
    with database.cursor() as cursor:
        cursor.execute(_PURGE)
        return int(cursor.rowcount)


# -- slots ------------------------------------------------------------------------------------------------------------


def _slot(account: int, limit: int) -> int | None:
    """The key of a slot now held, 0 where calls under way are not limited, None when all are taken."""
    if limit <= 0:
        return 0
    for number in range(limit):
        key = account * SLOTS + number
        if _ask("SELECT pg_try_advisory_lock(%s, %s)", key):
            return key
    return None


def _ask(sql: str, key: int) -> bool:
    with database.cursor() as cursor:
        cursor.execute(sql, [SPACE, key])
        row = cursor.fetchone()
    return bool(row and row[0])
