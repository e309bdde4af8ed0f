"""Failures named by who must act, and the one retry policy of each (house_style §1.14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class FailureClass(StrEnum):
    """Who must act when something did not work."""

    TRANSIENT = "transient"  # we retry
    RATE = "rate"  # we wait as long as the vendor asks
    REJECTED = "rejected"  # the vendor said no: the sender of the record corrects it
    MAPPING = "mapping"  # an administrator maps a value or field
    DATA = "data"  # PMO or the source's owner corrects the record
    UNKNOWN_OUTCOME = "unknown_outcome"  # nobody knows whether it happened: probe before anything else
    AUTH = "auth"  # an administrator renews a credential
    BUG = "bug"  # we fix the code


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when a class is tried again. The console shows this same object."""

    attempts: int
    first_delay: timedelta
    factor: int
    longest: timedelta
    who_acts: str

    def delay(self, attempt: int) -> timedelta:
        """Wait before the next try after `attempt` tries (1 for the first)."""
        seconds = self.first_delay.total_seconds() * self.factor ** max(attempt - 1, 0)
        return timedelta(seconds=min(seconds, self.longest.total_seconds()))

    @property
    def waits(self) -> list[timedelta]:
        """The wait after each try but the last."""
        return [self.delay(attempt) for attempt in range(1, self.attempts)]


def said(waits: Sequence[timedelta]) -> str:
    """Waits in words, as console and documentation show them: `1 s, 3 s, 15 min each`; empty for none."""
    shown: list[str] = []
    for wait in waits:
        words = _span(wait)
        if shown and shown[-1] == words:
            return ", ".join(shown) + " each"
        shown.append(words)
    return ", ".join(shown)


def _span(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" + (f" {seconds % 60} s" if seconds % 60 else "")


POLICIES: dict[FailureClass, RetryPolicy] = {
    FailureClass.TRANSIENT: RetryPolicy(8, timedelta(seconds=1), 3, timedelta(minutes=15), "Nobody: it is tried again"),
    FailureClass.RATE: RetryPolicy(
        50, timedelta(seconds=2), 2, timedelta(minutes=15), "Nobody: it waits as the vendor asks"
    ),
    FailureClass.REJECTED: RetryPolicy(
        1, timedelta(0), 1, timedelta(0), "Billing analyst: correct what the target refused"
    ),
    FailureClass.MAPPING: RetryPolicy(1, timedelta(0), 1, timedelta(0), "Integration admin: map the value"),
    FailureClass.DATA: RetryPolicy(1, timedelta(0), 1, timedelta(0), "PMO: correct the record in its source"),
    FailureClass.UNKNOWN_OUTCOME: RetryPolicy(
        10, timedelta(seconds=1), 3, timedelta(minutes=10), "Nobody yet: the target is asked"
    ),
    FailureClass.AUTH: RetryPolicy(1, timedelta(0), 1, timedelta(0), "Integration admin: renew the credential"),
    FailureClass.BUG: RetryPolicy(
        3, timedelta(seconds=5), 3, timedelta(minutes=5), "Developers: the trace is on the item"
    ),
}


class Failed(Exception):
    """Something did not work. `kind` says who must act; `retry_after` overrides the policy's delay."""

    def __init__(
        self,
        kind: FailureClass,
        message: str,
        *,
        field: str = "",
        remedy: str = "",
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field
        self.remedy = remedy
        self.retry_after = retry_after
        self.status = status


class Deferred(Failed):
    """Nothing was tried, because it may not be tried now: a budget, a breaker, a pause. No try counts against it."""

    def __init__(self, kind: FailureClass, message: str, *, again_in: timedelta, remedy: str = "") -> None:
        super().__init__(kind, message, remedy=remedy, retry_after=again_in)
        self.again_in = again_in
