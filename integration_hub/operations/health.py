"""Is the machine working? Judged by what it finished lately, not by which processes exist."""

from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection

from integration_hub.work import queries
from integration_hub.work.models import Stage

TICKER_SECONDS = 30.0
"""It ticks every second; one tick may take a while."""
TICKER_HANGS_SECONDS = 120.0
CANARY_SECONDS = 90.0
"""The canary flies every 15 s; a worker may be busy with one item for up to 60 s."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part and whether it works, with what speaks for it."""

    part: str
    ok: bool
    detail: str


def checks() -> list[Check]:
    """Database, ticker and the canary of every stage. Never raises."""
    try:
        beats = queries.beats()
    except (DatabaseError, InterfaceError) as error:
        return [Check("database", False, type(error).__name__)]
    return [
        Check("database", True, "answers"),
        _fresh("ticker", beats.get("ticker"), TICKER_SECONDS),
        *(_fresh(f"canary:{stage}", beats.get(f"canary:{stage}"), CANARY_SECONDS) for stage in Stage.values),
    ]


def _fresh(part: str, seconds: float | None, limit: float) -> Check:
    if seconds is None:
        return Check(part, False, "never seen")
    return Check(part, seconds <= limit, f"{seconds:.0f} s ago")


def sick_ticker() -> str:
    """Why the ticker should be restarted, or an empty string. Silent while the database does not answer."""
    try:
        seconds = queries.beats().get("ticker")
    except (DatabaseError, InterfaceError):
        connection.close()
        return ""
    if seconds is None:
        return "it has never ticked"
    return f"its last tick is {seconds:.0f} s old" if seconds > TICKER_HANGS_SECONDS else ""


def sick_cluster(stage: str) -> str:
    """Why the cluster of a stage should be restarted, or an empty string.

    Silent while the ticker is late (nobody sends canaries then) or the database does not answer.
    """
    try:
        beats = queries.beats()
    except (DatabaseError, InterfaceError):
        connection.close()
        return ""
    if beats.get("ticker", 1e9) > TICKER_SECONDS:
        return ""
    seconds = beats.get(f"canary:{stage}")
    if seconds is None:
        return "it has never completed a canary"
    return f"its last canary is {seconds:.0f} s old" if seconds > CANARY_SECONDS else ""
