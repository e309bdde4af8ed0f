"""What answers teach about an account's limits: less after a refusal, slowly more without one, the day's quota."""

import os
import time
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from integration_hub.connectors import budget, limits, terms
from integration_hub.connectors.answers import Gauge, Throttle
from integration_hub.connectors.models import Account, Connection
from integration_hub.trail.record import event

_GUESS = 8
"""Calls under way that a refusal is taken to be about where the vendor does not publish its limit."""
_LEAST = 10
"""Calls in a window below which nothing is learnt: a refusal of the first calls of the day is about others."""
_QUOTA_QUIET = 60.0
_NOTE_EVERY = 2.0

_noted: dict[tuple[int, int], float] = {}


@transaction.atomic
def refused(connection: Connection, throttle: Throttle, retry_after: timedelta | None) -> None:
    """The vendor said that it was too much: be quiet as long as it asks, and ask less from then on.

    Additive increase, multiplicative decrease: the limit falls to 0.7 of what was under way, at most once per window
    (calls that left together are refused together), and rises by 0.05 of the declared limit for each window without a
    refusal. Where nothing is declared, what is learnt is forgotten after an hour without a refusal.
    """
    if throttle is Throttle.BUSY:
        return
    row = Account.objects.select_for_update(no_key=True).get(pk=budget.account_of(connection))
    at, used = budget.counted(row.pk)
    moment = datetime.fromtimestamp(at, UTC)
    here = terms.of(row, connection.vendor, at)
    usual = _QUOTA_QUIET if throttle is Throttle.QUOTA else limits.QUIET
    quiet = retry_after.total_seconds() if retry_after else usual
    until = moment + timedelta(seconds=quiet)
    changes: dict[str, object] = {"quiet_until": max(row.quiet_until or until, until)}
    if throttle is Throttle.RATE and _is_news(row.learnt_at, here.declared.seconds, at):
        window = here.windows[0]
        in_use = sum(one.calls for one in used.get(window.seconds, []))
        effective = 0 if window.calls == terms.UNLIMITED else window.calls
        least = max(1, here.declared.ours(here.declared.calls) // 10) if here.declared.calls else _LEAST
        fewer = limits.after_refusal(in_use=in_use, effective=effective, least=least)
        changes |= {"learnt_calls": fewer, "learnt_at": moment}
    if throttle is Throttle.CONCURRENCY and _is_news(row.learnt_concurrency_at, limits.LEARNT_SECONDS, at):
        under_way = here.concurrency or _GUESS
        fewer = limits.after_refusal(in_use=under_way, effective=here.concurrency)
        changes |= {"learnt_concurrency": fewer, "learnt_concurrency_at": moment}
    if throttle is Throttle.QUOTA and row.quota_limit:
        changes |= {"quota_used": row.quota_limit, "quota_at": moment}
    Account.objects.filter(pk=row.pk).update(**changes)
    budget.forget(row.pk)
    if len(changes) > 1:
        _tell(row, connection, throttle, changes)


def _is_news(before: datetime | None, seconds: int, at: float) -> bool:
    return before is None or at - before.timestamp() >= seconds


def _tell(row: Account, connection: Connection, throttle: Throttle, changes: dict[str, object]) -> None:
    event(
        "connectors.account.limited",
        by=f"system:connectors:{connection.code}",
        object_type="connection",
        object_id=connection.pk,
        label=row.code,
        throttle=throttle,
        calls=changes.get("learnt_calls"),
        concurrency=changes.get("learnt_concurrency"),
        until=changes["quiet_until"],
    )


def noted(connection: Connection, gauge: Gauge) -> None:
    """What an answer says about the day's quota; written down every few seconds, for every answer says it."""
    account = budget.account_of(connection)
    key = (os.getpid(), account)
    if time.monotonic() - _noted.get(key, -_NOTE_EVERY) < _NOTE_EVERY:
        return
    _noted[key] = time.monotonic()
    Account.objects.filter(pk=account).update(quota_used=gauge.used, quota_limit=gauge.limit, quota_at=Now())
