"""The faults a rehearsal knows, by name: what they do, and how many a seed of 10,000 items gets."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    `per_seed` is how often it is planned in the time in which items come in; `every` plans it in each so-many-th seed
    only. A fault with `odds` strikes by chance at each passing of a fail point; one with a `rule` is a simulator's
    fault with that probability per call.
    """

    name: str
    group: str
    does: str
    per_seed: int = 0
    every: int = 1
    odds: dict[str, float] = field(default_factory=dict)
    rule: dict[str, Any] = field(default_factory=dict)


def _rule(vendor: str, kind: str, probability: float, **more: Any) -> dict[str, Any]:
    return {"vendor": vendor, "kind": kind, "probability": probability, **more}


_WRITES = r"/record/v1/invoice|/api/v1/workspaces"
_USERS = r"^/api/v1/users"

ALL = (
    Fault(
        "crash",
        "workers",
        "a worker dies by SIGKILL at a step of claim, plan, send, record, or of taking a page",
        odds={
            **dict.fromkeys(("claimed", "worked", "settled"), 0.002),
            **dict.fromkeys(("planned", "before_send", "after_send", "before_record", "after_record"), 0.01),
            **dict.fromkeys(("before_confirm", "in_confirm"), 0.01),
            **dict.fromkeys(("page_read", "page_stored", "page_taken"), 0.03),
        },
    ),
    Fault("kill", "workers", "a worker is killed wherever it is", per_seed=10),
    Fault("kill_ticker", "workers", "the ticker is killed", per_seed=2),
    Fault("kill_cluster", "workers", "a whole queue cluster is killed, sentinel first", per_seed=1, every=4),
    Fault("freeze", "workers", "a worker is stopped beyond its lease and comes back as a zombie", per_seed=3),
    Fault("poison", "items", "an item kills whoever works it", per_seed=2),
    Fault("bad", "items", "an item is refused for its content", per_seed=6),
    Fault("flaky", "items", "an item fails once and is tried again", per_seed=12),
    Fault("wait", "items", "an item cannot be worked yet", per_seed=6),
    Fault("queue_purge", "queue", "the queue table is emptied", per_seed=3),
    Fault("queue_double", "queue", "every queued ring is doubled", per_seed=3),
    Fault("queue_shuffle", "queue", "the queued rings change places", per_seed=3),
    Fault("backend", "database", "a database session is terminated", per_seed=24),
    Fault("restart", "database", "PostgreSQL is stopped in immediate mode and started", per_seed=1, every=2),
    Fault(
        "commit_then_timeout",
        "vendors",
        "a write is done and the line goes dead",
        rule=_rule("*", "commit_then_timeout", 0.06, path_regex=_WRITES, params={"close": True}),
    ),
    Fault(
        "commit_then_silence",
        "vendors",
        "a write is done and no answer comes until we give up",
        rule=_rule("*", "commit_then_timeout", 0.02, path_regex=_WRITES),
    ),
    Fault(
        "timeout_before",
        "vendors",
        "a call is never answered and nothing was done",
        rule=_rule("*", "timeout_before", 0.02, params={"close": True}),
    ),
    Fault(
        "error_after_commit",
        "vendors",
        "a write is done and answered 502",
        rule=_rule("*", "status_after_commit", 0.05, path_regex=_WRITES),
    ),
    Fault("error", "vendors", "a call is answered 503 and nothing was done", rule=_rule("*", "status", 0.02)),
    Fault(
        "lying_yes",
        "vendors",
        "a write is answered with success and was not done",
        rule=_rule("*", "lying_200", 0.04, path_regex=_WRITES),
    ),
    Fault(
        "rate_limit",
        "vendors",
        "429 with Retry-After",
        rule=_rule("*", "rate_limit", 0.03, params={"retry_after": 1}),
    ),
    Fault("rate_limit_bare", "vendors", "429 without a word when to come back", rule=_rule("*", "rate_limit", 0.02)),
    Fault("auth_expired", "vendors", "the session ends early", rule=_rule("netsuite", "auth_expired", 0.01)),
    Fault("latency", "vendors", "an answer takes its time", rule=_rule("*", "latency", 0.05, params={"ms": 120})),
    Fault(
        "empty_page",
        "vendors",
        "a list comes back empty with 200",
        rule=_rule("kantata", "empty_page", 0.08, path_regex=_USERS, method="GET"),
    ),
    Fault(
        "short_page",
        "vendors",
        "a page comes back in part with 200",
        rule=_rule("kantata", "short_page", 0.08, path_regex=_USERS, method="GET", params={"rows": 3}),
    ),
    Fault("period_close", "vendors", "the accounting period is closed under load and opened later", per_seed=1),
    Fault("hints", "webhooks", "hints come twice, out of order and late"),
    Fault("forged_signature", "webhooks", "a webhook signed with another secret", per_seed=4),
    Fault("mutated_body", "webhooks", "a webhook whose body was changed after signing", per_seed=4),
    Fault("old_timestamp", "webhooks", "a signed webhook replayed after ten minutes", per_seed=4),
    Fault("early_timestamp", "webhooks", "a signed webhook of a clock ten minutes ahead", per_seed=4),
)
BY_NAME = {fault.name: fault for fault in ALL}
GROUPS = tuple(dict.fromkeys(fault.group for fault in ALL))


def chosen(text: str) -> tuple[Fault, ...]:
    """Faults by a list of names and groups, or `all`, or `none`. Raises ValueError that names what is not known."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["all"]:
        return ALL
    if words == ["none"]:
        return ()
    unknown = [word for word in words if word not in BY_NAME and word not in GROUPS]
    if unknown or not words:
        known = ", ".join([*GROUPS, *BY_NAME])
        raise ValueError(f"No fault {', '.join(unknown) or 'named'}. Known: all, none, {known}.")
    return tuple(fault for fault in ALL if fault.name in words or fault.group in words)
