"""Measurements a person runs: `manage.py bench NAME`. Each says what it did and how long it took; none is a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured step: how many things in how many seconds."""

    step: str
    things: int
    seconds: float

    def __str__(self) -> str:
        if self.things == 1:
            return f"{self.step}: {self.seconds:,.3f} s"
        rate = f", {self.things / self.seconds:,.0f} a second" if self.seconds else ""
        return f"{self.step}: {self.things:,} in {self.seconds:,.1f} s{rate}"


@dataclass(frozen=True, slots=True)
class Bench:
    """A measurement over `size` things; it leaves nothing behind. `tell` is called with every figure as it is known."""

    title: str
    size: int
    run: Callable[[int, Callable[[Figure], None]], None]


BENCHES: Registry[Bench] = Registry("measurement")


def timed(step: str, things: int, act: Callable[[], object], tell: Callable[[Figure], None]) -> None:
    """Do it and tell how long it took."""
    started = monotonic()
    act()
    tell(Figure(step, things, monotonic() - started))


def spread(step: str, seconds: Sequence[float], shares: Sequence[int], tell: Callable[[Figure], None]) -> None:
    """Tell within how many seconds so many per cent of them were done."""
    times = sorted(seconds)
    for share in shares:
        worst = times[min(len(times) * share // 100, len(times) - 1)]
        tell(Figure(f"{step}, {share} % of {len(times):,} within", 1, worst))
