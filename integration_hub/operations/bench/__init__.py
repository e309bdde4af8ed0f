"""Measurements a person runs: `manage.py bench NAME`. Each says what it did and how long it took; none is a test."""

from collections.abc import Callable
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
        rate = f", {self.things / self.seconds:,.0f} a second" if self.seconds and self.things > 1 else ""
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
