"""Minimum increments (billing.md R5): worked minutes never change, billed minutes are rounded per entry or per pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from billing.engine.agreed import Increment
from billing.engine.values import MINUTE_PLACES, ZERO

_MODES = {"up": ROUND_CEILING, "nearest": ROUND_HALF_UP, "down": ROUND_FLOOR}
_UNIT = Decimal(1).scaleb(-MINUTE_PLACES)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Worked minutes of one entry and the pool it is rounded in: itself, a person's day, a person's day on a task."""

    id: int
    minutes: Decimal
    pool: str


def billed_minutes(
    stretches: Sequence[Stretch], rule: Increment, held: Mapping[str, tuple[Decimal, Decimal]] | None = None
) -> dict[int, Decimal]:
    """Billed minutes by entry; what a pool gains is shared by worked minutes, ties to the earlier entry.

    `held` is what of a pool is settled already, as worked and billed minutes: the rest of it gets what is left.
    """
    pools: dict[str, list[Stretch]] = {}
    for stretch in sorted(stretches, key=lambda stretch: stretch.id):
        pools.setdefault(stretch.pool, []).append(stretch)
    billed: dict[int, Decimal] = {}
    for pool, members in pools.items():
        worked = [stretch.minutes for stretch in members]
        before, settled = (held or {}).get(pool, (ZERO, ZERO))
        total = _incremented((before + sum(worked, ZERO)) * rule.factor, rule)
        shares = _shared(max(ZERO, total - settled), worked)
        billed |= {stretch.id: share for stretch, share in zip(members, shares, strict=True)}
    return billed


def _incremented(minutes: Decimal, rule: Increment) -> Decimal:
    if not minutes:
        return ZERO
    return max(rule.floor, (minutes / rule.unit).quantize(Decimal(1), _MODES[rule.mode]) * rule.unit)


def _shared(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    exact = [total * weight / whole for weight in weights]
    parts = [value.quantize(_UNIT, ROUND_DOWN) for value in exact]
    left = int((total - sum(parts, ZERO)) / _UNIT)
    for index in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[:left]:
        parts[index] += _UNIT
    return parts
