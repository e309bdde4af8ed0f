"""What holds for an account at an instant: declared by the connector, set by an administrator, learnt from refusals."""

from dataclasses import dataclass
from datetime import datetime

from integration_hub.connectors.limits import DAY, LEARNT_SECONDS, Learnt, Limits, Window
from integration_hub.connectors.models import Account
from integration_hub.connectors.registry import CONNECTORS

UNLIMITED = 10**9
"""Calls of a window that only counts."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What answers say about the rolling day: calls of all users of the account, and our part of the limit."""

    used: int
    limit: int
    at: float


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits in force. The first window is that of the rate, be it one that only counts; concurrency 0: none."""

    declared: Limits
    windows: tuple[Window, ...]
    concurrency: int
    quota: Quota | None


def declared(account: Account, vendor: str) -> Limits:
    """What the vendor allows, as an administrator or else the manifest says it."""
    connector = CONNECTORS.find(vendor)
    base = connector.manifest.budget if connector is not None else Limits()
    outside = sum(int(one["percent"]) for one in account.outside) if account.outside else base.outside
    return Limits(
        calls=account.calls if account.calls is not None else base.calls,
        seconds=account.seconds if account.seconds is not None else base.seconds,
        daily=account.daily if account.daily is not None else base.daily,
        concurrency=account.concurrency if account.concurrency is not None else base.concurrency,
        outside=min(outside, 95),
    )


def of(account: Account, vendor: str, at: float) -> Terms:
    """The limits in force at an instant (seconds since 1970)."""
    limits = declared(account, vendor)
    windows = list(limits.windows)
    rate = next((window for window in windows if window.seconds != DAY), None)
    most = rate.calls if rate else 0
    calls = _lowered(account.learnt_calls, account.learnt_at, most, limits.seconds, at) or most or UNLIMITED
    windows = [Window(calls, limits.seconds), *(window for window in windows if window is not rate)]
    under_way = limits.ours(limits.concurrency)
    fewer = _lowered(account.learnt_concurrency, account.learnt_concurrency_at, under_way, LEARNT_SECONDS, at)
    return Terms(limits, tuple(windows), fewer or under_way, _quota(account, limits))


def _lowered(calls: int | None, since: datetime | None, most: int, seconds: int, at: float) -> int:
    """What a refusal lowered a limit to, as far as it has not risen again; 0 when nothing of it is left."""
    if calls is None or since is None:
        return 0
    return Learnt(calls, most, since.timestamp(), seconds).now(at)


def _quota(account: Account, limits: Limits) -> Quota | None:
    if account.quota_limit is None or account.quota_used is None or account.quota_at is None:
        return None
    return Quota(account.quota_used, limits.ours(account.quota_limit), account.quota_at.timestamp())
