"""The order of versions, and what an arriving version means beside those we have (billing.md R21). Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from integration_hub.kernel.errors import Problem

Order = tuple[int, Decimal, str]

_NUMBER = re.compile(r"\d{1,40}(\.\d{1,20})?")
_ZERO = Decimal(0)
SETTLED = frozenset({"applied", "filtered"})
UNSETTLED = frozenset({"received", "parked", "refused"})


def order(version: str) -> Order:
    """Sort key of a version: numbers by value (9 before 10), stamps as text, numbers before stamps."""
    return (0, Decimal(version), "") if _NUMBER.fullmatch(version) else (1, _ZERO, version)


_TURN = re.compile(r"(.*)~(\d{3})", re.DOTALL)


def turned(version: str) -> str:
    """The version of the same state after a complete listing stopped naming the record, or named it again.

    >>> turned("2026-05-01T08:00:00.000Z.00"), turned("2026-05-01T08:00:00.000Z.00~001")
    ('2026-05-01T08:00:00.000Z.00~001', '2026-05-01T08:00:00.000Z.00~002')
    """
    found = _TURN.fullmatch(version)
    return f"{found[1]}~{int(found[2]) + 1:03d}" if found else f"{version}~001"


class Known(NamedTuple):
    """A stored version, without its payload."""

    id: int
    source_id: str
    version: str
    hash: str
    status: str
    deleted: bool
    mapping_version: int | None
    case_code: str
    root_cause: str

    @property
    def rank(self) -> tuple[Order, bool]:
        """A deletion of the same version comes after it."""
        return (order(self.version), self.deleted)


@dataclass(slots=True)
class Incoming:
    """One arriving version. An empty `version` means the source has none: it is numbered by content (1, 2, …)."""

    source_id: str
    version: str
    hash: str
    payload: Mapping[str, Any]
    text: str
    """The payload as canonical JSON, ready to be stored."""
    deleted: bool = False
    row: int | None = None
    problems: tuple[Problem, ...] = ()
    """Found before translation (a broken row): the version is refused as it is."""
    moved_at: str = ""
    """The vendor's stamp its list is ordered by."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What no two stored versions of a feed have in common: source id, version, hash."""
        return (self.source_id, self.version, self.hash)

    @property
    def rank(self) -> tuple[Order, bool]:
        return (order(self.version), self.deleted)


class Verdict(StrEnum):
    """What is done with an arriving version."""

    UNCHANGED = "unchanged"
    AGAIN = "again"
    APPLY = "apply"
    STALE = "stale"
    CONFLICT = "conflict"


@dataclass(slots=True)
class Judged:
    """An arriving version with its verdict; `known` is the stored row of an exact duplicate."""

    incoming: Incoming
    verdict: Verdict
    known: Known | None = None


@dataclass(slots=True)
class Plan:
    """Verdicts in the order of work: per record ascending by version. `contested` are stored rivals of conflicts."""

    judged: list[Judged] = field(default_factory=list)
    contested: list[Known] = field(default_factory=list)


def classify(
    incoming: Sequence[Incoming], known: Mapping[str, Sequence[Known]], again: Callable[[Known], bool]
) -> Plan:
    """Judge a page. `again` tells of a stored, unsettled duplicate whether it is to be tried once more."""
    groups: dict[str, list[Incoming]] = {}
    for item in incoming:
        groups.setdefault(item.source_id, []).append(item)
    plan = Plan()
    for source_id, members in groups.items():
        _judge_record(members, known.get(source_id, ()), again, plan)
    return plan


def _judge_record(members: list[Incoming], stored: Sequence[Known], again: Callable[[Known], bool], plan: Plan) -> None:
    _number(members, stored)
    if len(members) == 1 and (verdict := _plain(members[0], stored)) is not None:
        plan.judged.append(verdict)
        return
    current = max((item.rank for item in stored if item.status in SETTLED), default=None)
    if len(members) > 1:
        members.sort(key=lambda item: item.rank)
    disputed = _disputed(members)
    seen: set[tuple[str, str]] = set()
    for item in members:
        identity = (item.version, item.hash)
        if identity in seen:
            plan.judged.append(Judged(item, Verdict.UNCHANGED))
            continue
        seen.add(identity)
        plan.judged.append(_judge(item, stored, current, again, plan, disputed=item.rank in disputed))


def _plain(item: Incoming, stored: Sequence[Known]) -> Judged | None:
    """The verdict on a record that is new, or that is exactly the one version here, applied: nothing is to compare."""
    if not stored:
        return Judged(item, Verdict.APPLY)
    known = stored[0]
    same = known.version == item.version and known.hash == item.hash and known.status == "applied"
    return Judged(item, Verdict.UNCHANGED, known) if same and len(stored) == 1 else None


def _disputed(members: Sequence[Incoming]) -> set[tuple[Order, bool]]:
    """Ranks that several contents of this page claim."""
    if len(members) == 1:
        return set()
    claims: dict[tuple[Order, bool], set[str]] = {}
    for item in members:
        claims.setdefault(item.rank, set()).add(item.hash)
    return {rank for rank, hashes in claims.items() if len(hashes) > 1}


def _judge(
    item: Incoming,
    stored: Sequence[Known],
    current: tuple[Order, bool] | None,
    again: Callable[[Known], bool],
    plan: Plan,
    *,
    disputed: bool,
) -> Judged:
    for known in stored:
        if known.version == item.version and known.hash == item.hash:
            if (back := _back(item.version, stored, current)) is not None:
                item.version = back
                return Judged(item, Verdict.APPLY)
            retry = (current is None or known.rank >= current) and again(known)
            return Judged(item, Verdict.AGAIN if retry else Verdict.UNCHANGED, known)
    rank = item.rank
    if current is not None and rank < current:
        return Judged(item, Verdict.STALE)
    rivals = [known for known in stored if known.rank == rank and known.status != "stale"]
    if rivals or disputed:
        plan.contested.extend(known for known in rivals if known.status in UNSETTLED)
        return Judged(item, Verdict.CONFLICT)
    return Judged(item, Verdict.APPLY)


def _back(version: str, stored: Sequence[Known], current: tuple[Order, bool] | None) -> str | None:
    """The version of a record that is named again after it was closed for not being named; else None."""
    closed = next((known for known in stored if known.deleted and known.rank == current), None)
    if closed is None or (found := _TURN.fullmatch(closed.version)) is None or found[1] != version:
        return None
    return turned(closed.version)


def _number(members: Sequence[Incoming], stored: Sequence[Known]) -> None:
    """Give versions to records of a source that has none: the same content keeps its number, another one counts on."""
    latest: Known | Incoming | None = None
    for item in members:
        if item.version:
            continue
        if latest is None:
            settled = [known for known in stored if known.status != "conflict"]
            latest = max(settled, key=lambda known: known.rank, default=None)
        if latest is not None and latest.hash == item.hash:
            item.version = latest.version
            continue
        item.version = _next(latest.version if latest is not None else "0")
        latest = item


def _next(version: str) -> str:
    rank = order(version)
    # A source that had stamps before: "~" sorts after every stamp.
    return str(int(rank[1]) + 1) if rank[0] == 0 else f"{version}~1"
