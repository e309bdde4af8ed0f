"""Prices that fall with volume (billing.md R1): hours are charged in their order, each at the tier it falls in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.engine.notation import plain
from billing.engine.values import ZERO, Line


@dataclass(frozen=True, slots=True)
class Slice:
    """Minutes of one entry at one price per hour."""

    minutes: Decimal
    hourly: Decimal


class TierBook:
    """How far each line with tiers is used while its work is decided in order."""

    def __init__(self, lines: Iterable[Line], use: Mapping[int, Decimal]) -> None:
        self._used = {line.id: use.get(line.id, ZERO) for line in lines if line.tiers}

    def give_back(self, line: Line, minutes: Decimal) -> None:
        """Posted time is credited: it counts no more."""
        self._used[line.id] -= minutes

    def split(self, line: Line, minutes: Decimal, base: Decimal, factor: Decimal) -> tuple[Slice, ...]:
        """An entry's minutes by price: `base` before the first tier; a premium's `factor` holds in every tier."""
        left, at = minutes, self._used[line.id]
        slices: list[Slice] = []
        for until, hourly in _steps(line, base * factor, factor):
            inside = left if until is None else min(left, max(ZERO, until - at))
            if inside:
                slices.append(Slice(inside, hourly))
            left, at = left - inside, at + inside
        return tuple(slices)

    def position(self, line: Line) -> dict[str, Any]:
        """How far a line is used, for the trace."""
        tiers = [{"beyond": plain(tier.beyond), "hourly": plain(tier.hourly)} for tier in line.tiers]
        return {"line": line.id, "before": plain(self._used[line.id]), "tiers": tiers}

    def take(self, line: Line, minutes: Decimal) -> dict[str, Any]:
        """Use minutes of a line; how it stood before and stands now, for the trace."""
        stood = self.position(line)
        self._used[line.id] += minutes
        return {**stood, "after": plain(self._used[line.id])}


def prices(line: Line, base: Decimal, factor: Decimal) -> frozenset[Decimal]:
    """Every price an hour of the line may have."""
    return frozenset([base * factor, *(tier.hourly * factor for tier in line.tiers)])


def _steps(line: Line, base: Decimal, factor: Decimal) -> Iterable[tuple[Decimal | None, Decimal]]:
    """Up to how many minutes each price holds; the last without an end."""
    hourly = base
    for tier in sorted(line.tiers, key=lambda tier: tier.beyond):
        yield tier.beyond, hourly
        hourly = tier.hourly * factor
    yield None, hourly
