"""The plan of one seed: what comes in, and which fault strikes when. Pure: the same seed and size make the same plan.

How the workers interleave is not planned and differs from run to run; that is what a rehearsal is for.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integration_hub.operations.rehearsal.faults import Fault
from integration_hub.operations.rehearsal.payloads import ENTITIES, customer_code

REFERENCE_ITEMS = 10_000
"""The size of a seed that the counts of the faults are made for."""
CUSTOMERS = 4
STAGES = ("ingest", "ingest", "ingest", "bulk")
"""Where lanes go: most are worked by plain workers, some by a real queue cluster."""


EFFECTS = ("invoice", "project")
IN_ITEMS = ("poison", "bad", "flaky", "wait")
"""Faults that are what an item does."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much comes in: items in all, effects among them, records of a feed, and the seconds it takes to come."""

    items: int
    effects: int
    records: int
    seconds: float

    @classmethod
    def of(cls, items: int, seconds: float | None = None) -> "Size":
        """The usual mix."""
        share = items // 100
        return cls(items, max(share, 1), max(share, 1), seconds or max(6.0, items / 1500))


@dataclass(frozen=True, slots=True)
class Act:
    """One fault at one moment, `at` seconds after the items begin to come in. `dice` is the act's own seed."""

    at: float
    fault: str
    dice: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One accepted source event, and the item it becomes."""

    lane: str
    stage: str
    n: int
    does: str
    legal_entity: str
    amount: Decimal = Decimal(0)
    currency: str = ""
    business_key: str = ""
    customer: str = ""

    def payload(self, seed: int) -> dict[str, Any]:
        """What the item carries."""
        told: dict[str, Any] = {"seed": seed, "n": self.n, "does": self.does}
        if self.business_key:
            told |= {"amount": str(self.amount), "currency": self.currency, "business_key": self.business_key}
            told |= {"legal_entity": self.legal_entity, "customer": self.customer}
        return told


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a seed decides."""

    seed: int
    size: Size
    rows: tuple[SourceRow, ...]
    acts: tuple[Act, ...]
    odds: dict[str, float]
    rules: dict[str, dict[str, Any]]
    hints: bool


def make(seed: int, size: Size, faults: Sequence[Fault]) -> Plan:
    """The plan of a seed."""
    planned = {fault.name: _times(fault, seed, size) for fault in faults}
    return Plan(
        seed=seed,
        size=size,
        rows=tuple(_rows(seed, size, planned)),
        acts=tuple(sorted(_acts(seed, size, planned), key=lambda act: (act.at, act.fault, act.dice))),
        odds={point: share for fault in faults for point, share in fault.odds.items()},
        rules={fault.name: fault.rule for fault in faults if fault.rule},
        hints=any(fault.name == "hints" for fault in faults),
    )


def _times(fault: Fault, seed: int, size: Size) -> int:
    if not fault.per_seed or seed % fault.every:
        return 0
    return max(1, round(fault.per_seed * size.items / REFERENCE_ITEMS))


def _acts(seed: int, size: Size, planned: dict[str, int]) -> list[Act]:
    dice = random.Random(f"{seed}/acts")  # noqa: S311 - not a secret
    return [
        Act(round(dice.uniform(0.05, 0.95) * size.seconds, 3), name, dice.randrange(2**31))
        for name, times in planned.items()
        if name not in IN_ITEMS
        for _ in range(times)
    ]


def _rows(seed: int, size: Size, planned: dict[str, int]) -> list[SourceRow]:
    dice = random.Random(f"{seed}/rows")  # noqa: S311 - not a secret
    deeds = [name for name in IN_ITEMS for _ in range(planned.get(name, 0))]
    deeds += ["invoice" if number % 5 < 3 else "project" for number in range(size.effects)]
    deeds += ["note"] * max(size.items - len(deeds), 0)
    dice.shuffle(deeds)
    lanes = max(4, min(1000, size.items // 100))
    entities = list(ENTITIES)
    counts: dict[int, int] = {}
    rows = []
    for number, does in enumerate(deeds):
        # Effects come from a few lanes only, so that they stand behind each other.
        lane = dice.randrange(max(4, size.effects // 6) if does in EFFECTS else lanes)
        n = counts[lane] = counts.get(lane, 0) + 1
        entity = entities[lane % len(entities)]
        rows.append(_row(seed, number, lane, n, does, entity, dice))
    return rows


def _row(seed: int, number: int, lane: int, n: int, does: str, entity: str, dice: random.Random) -> SourceRow:
    key, stage = f"rehearsal:{seed}:{lane:04d}", STAGES[lane % len(STAGES)]
    if does not in EFFECTS:
        return SourceRow(key, stage, n, does, entity)
    return SourceRow(
        key,
        stage,
        n,
        does,
        entity,
        amount=Decimal(dice.randrange(100, 1_000_000)) / 100 if does == "invoice" else Decimal(0),
        currency=ENTITIES[entity][1],
        business_key=f"R{seed}-{number:06d}",
        customer=customer_code(seed, entity, dice.randrange(CUSTOMERS)),
    )


def is_strict(row: SourceRow) -> bool:
    """Whether the item blocks its lane when it is parked: every second of those that will be does."""
    return row.does in ("bad", "poison") and row.n % 2 == 0
