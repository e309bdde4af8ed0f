"""Faults: how a rehearsal makes a vendor misbehave, and why the same seed misbehaves the same way again.

Whether a fault fires depends on the seed, the fault and how many calls it has seen, and on nothing else: not on time,
not on other vendors, not on a restart in between.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .messages import Call, Json, Shape
from .store import Store

ENDINGS = {
    "commit_then_timeout": "writes, then never answers: holds the connection until the client gives up",
    "timeout_before": "never answers and writes nothing",
    "status": "answers params.status (500) and params.body instead of doing anything",
    "status_after_commit": "writes, then answers params.status (502)",
    "lying_200": "answers success and writes nothing",
    "rate_limit": "refuses in the vendor's own shape; params.retry_after adds the header",
    "quota_403": "refuses in the vendor's own shape because a quota is used up",
    "auth_expired": "revokes the token that was presented, so this call and later ones answer 401",
}
"""Kinds that decide how a call ends; the first that fires wins."""

BENDINGS = {
    "empty_page": "a list answers with nothing, as if nothing existed",
    "short_page": "a list page keeps only its first params.rows (1) rows",
    "latency": "params.ms (1000) pass before the call is handled",
    "duplicate_event": "changes are announced twice; params.late_ms delays them",
    "drop_field": "params.field (or params.fields) disappears from answers",
    "new_enum": "params.field carries params.value in answers",
}
"""Kinds that bend an answer; all that fire apply."""

_WRITES = {"commit_then_timeout", "status_after_commit", "lying_200", "duplicate_event"}
_READS = {"empty_page", "short_page"}


@dataclass(slots=True)
class Fault:
    """One rule: which calls it is for, and how often it strikes."""

    id: str
    vendor: str
    kind: str
    method: str = ""
    path_regex: str = ""
    only: str = ""
    """`reads` or `writes`: calls of the other sort and signing in are spared."""
    count: int | None = None
    probability: float | None = None
    after: int = 0
    params: Json = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def concerns(self, vendor: str, call: Call, *, write: bool, sign_in: bool) -> bool:
        """Whether the call is one the rule is for. Signing in is spared unless the path is named."""
        if self.vendor not in {vendor, "*"} or (self.method and self.method != call.method):
            return False
        if self.only and (sign_in or write != (self.only == "writes")):
            return False
        if self.path_regex:
            return re.search(self.path_regex, call.path) is not None
        if sign_in:
            return False
        return write if self.kind in _WRITES else not (write and self.kind in _READS)

    def strikes(self, seed: int) -> bool:
        """Count the call, and say whether it is struck."""
        self.seen += 1
        if self.seen <= self.after or (self.count is not None and self.fired >= self.count):
            return False
        if self.probability is not None:
            dice = random.Random(f"{seed}/{self.id}/{self.seen}")  # noqa: S311
            if dice.random() >= self.probability:
                return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Plan:
    """What the faults have in store for one call."""

    ending: Fault | None = None
    latency: float = 0.0
    shape: Shape = field(default_factory=Shape)

    @property
    def kind(self) -> str:
        return self.ending.kind if self.ending else ""


class Faults:
    """The rules in force; they and their counts are kept in the state file."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self.seed = seed
        self._rules = {key: Fault(**value) for key, value in store.facts("faults").items()}

    @property
    def any(self) -> bool:
        return bool(self._rules)

    def add(self, request: Json) -> Fault:
        """Register a rule; raises ValueError in words for the person who wrote it."""
        kind = request.get("kind")
        if kind not in ENDINGS | BENDINGS:
            raise ValueError(f"unknown kind {kind!r}; there are {', '.join(ENDINGS | BENDINGS)}")
        unknown = set(request) - {
            "vendor",
            "method",
            "path_regex",
            "kind",
            "only",
            "count",
            "probability",
            "after",
            "params",
        }
        if unknown:
            raise ValueError(f"unknown keys {', '.join(sorted(unknown))}")
        if request.get("only") not in {None, "", "reads", "writes"}:
            raise ValueError("only must be reads or writes")
        try:
            re.compile(request.get("path_regex") or "")
        except re.error as problem:
            raise ValueError(f"path_regex: {problem}") from None
        fault = Fault(
            id=f"f{self._store.next('fault'):05d}",
            vendor=request.get("vendor") or "*",
            kind=str(kind),
            method=str(request.get("method") or "").upper(),
            path_regex=request.get("path_regex") or "",
            only=str(request.get("only") or ""),
            count=request.get("count"),
            probability=request.get("probability"),
            after=int(request.get("after") or 0),
            params=request.get("params") or {},
        )
        self._rules[fault.id] = fault
        self._save([fault])
        return fault

    def remove(self, fault_id: str | None = None, vendor: str | None = None) -> int:
        """Withdraw one rule, those of one vendor, or all."""
        gone = [
            fault.id
            for fault in self._rules.values()
            if (fault_id is None or fault.id == fault_id) and (vendor is None or fault.vendor == vendor)
        ]
        for key in gone:
            del self._rules[key]
            self._store.forget("faults", key)
        return len(gone)

    def listed(self) -> list[Json]:
        return [asdict(fault) for fault in self._rules.values()]

    def plan(self, vendor: str, call: Call, *, write: bool, sign_in: bool) -> Plan:
        """Ask every rule about the call. Must run inside the call's transaction: counts commit with it."""
        plan = Plan()
        asked: list[Fault] = []
        for fault in self._rules.values():
            if not fault.concerns(vendor, call, write=write, sign_in=sign_in):
                continue
            if fault.kind in ENDINGS and plan.ending:
                continue
            asked.append(fault)
            if fault.strikes(self.seed):
                self._apply(plan, fault)
        self._save(asked)
        return plan

    def _save(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self._store.remember("faults", fault.id, asdict(fault))

    @staticmethod
    def _apply(plan: Plan, fault: Fault) -> None:
        params: dict[str, Any] = fault.params
        match fault.kind:
            case "latency":
                plan.latency += float(params.get("ms", 1000)) / 1000
            case "empty_page":
                plan.shape.empty = True
            case "short_page":
                plan.shape.keep = int(params.get("rows", 1))
            case "duplicate_event":
                plan.shape.duplicate_events = True
                plan.shape.late_events_ms = int(params.get("late_ms", 0))
            case "drop_field":
                fields = params.get("fields") or [params.get("field", "")]
                plan.shape.dropped += tuple(str(name) for name in fields)
            case "new_enum":
                plan.shape.replaced[str(params.get("field", "status"))] = params.get("value", "brand_new")
            case _:
                plan.ending = fault
