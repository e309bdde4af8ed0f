"""Measurements a person runs: `manage.py bench NAME`. Each says what it did and how long it took; none is a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured step: how many things in how many seconds, and the processor time of each where it was measured."""

    step: str
    things: int
    seconds: float
    verdict: str = ""
    """Of a figure that is held against an aim: what it is, what was wanted, and whether that is met."""
    cpu_micros: float | None = None

    def __str__(self) -> str:
        if self.verdict:
            return f"{self.step}: {self.verdict}"
        if self.things == 1:
            return f"{self.step}: {self.seconds:,.3f} s"
        rate = f", {self.things / self.seconds:,.0f} a second" if self.seconds else ""
        spent = f", {self.cpu_micros:,.1f} µs of processor time each" if self.cpu_micros is not None else ""
        return f"{self.step}: {self.things:,} in {self.seconds:,.1f} s{rate}{spent}"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should be: at least `floor` and, aimed for, `target`; at most where `most` is set."""

    says: str
    floor: float
    target: float
    most: bool = False

    def verdict(self, value: float) -> str:
        """The value beside floor and target, each met or not."""
        told = [f"{name} {self._told(wanted)} {self._met(value, wanted)}" for name, wanted in self._wanted()]
        return f"{_short(value)} {self.says} ({', '.join(told)})"

    def _wanted(self) -> list[tuple[str, float]]:
        return [("floor", self.floor), ("target", self.target)]

    def _told(self, wanted: float) -> str:
        return f"{'at most' if self.most else 'at least'} {_short(wanted)}:"

    def _met(self, value: float, wanted: float) -> str:
        return "met" if (value <= wanted if self.most else value >= wanted) else "not met"


def held(step: str, value: float, aim: Aim) -> Figure:
    """What was measured, held against its aim."""
    return Figure(step, 1, value, aim.verdict(value))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Bench:
    """A measurement over `size` things; it leaves nothing behind.

    The last argument of `run` is called with every figure as it is known.
    """

    title: str
    size: int
    run: Callable[[int, Callable[[Figure], None]], None]


BENCHES: Registry[Bench] = Registry("measurement")


def timed(step: str, things: int, act: Callable[[], object], tell: Callable[[Figure], None]) -> None:
    """Do it and tell how long it took."""
    started = monotonic()
    act()
    tell(Figure(step, things, monotonic() - started))


def judged(aim: Aim, value: float, tell: Callable[[Figure], None]) -> None:
    """Tell whether a value meets its aim."""
    tell(held("aim", value, aim))


def spread(step: str, seconds: Sequence[float], shares: Sequence[int], tell: Callable[[Figure], None]) -> None:
    """Tell within how many seconds so many per cent of them were done."""
    times = sorted(seconds)
    for share in shares:
        worst = times[min(len(times) * share // 100, len(times) - 1)]
        tell(Figure(f"{step}, {share} % of {len(times):,} within", 1, worst))
