"""Steps in lanes: one row per place, in a fixed order, one column per step. Drawn by the server, also as a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT, GAP_X, GAP_Y, HEAD, EDGE = 150, 60, 26, 14, 118, 10
_FITS, _FITS_BELOW = 22, 25


@dataclass(frozen=True, slots=True)
class Stop:
    """One step: what it is called, in which lane it stands, how it stands (a word of `badges`) and in which tone.

    `note` is a short second line ("due Tue", "3 processes"); `current` marks where it stands now.
    """

    label: str
    lane: str
    state: str
    tone: str = "neutral"
    note: str = ""
    url: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A step in the picture."""

    stop: Stop
    x: int
    y: int

    @property
    def label(self) -> str:
        """The label as far as it fits."""
        return _fit(self.stop.label, _FITS)

    @property
    def state(self) -> str:
        """How it stands, as far as it fits."""
        return _fit(self.stop.state, _FITS_BELOW)

    @property
    def note(self) -> str:
        """The second line, as far as it fits."""
        return _fit(self.stop.note, _FITS_BELOW)

    @property
    def words(self) -> str:
        """Everything about it in one sentence."""
        return ", ".join(part for part in (self.stop.label, self.stop.state, self.stop.note) if part)


@dataclass(frozen=True, slots=True)
class Row:
    """A lane with its heading."""

    name: str
    y: int
    middle: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws."""

    width: int
    height: int
    rows: tuple[Row, ...]
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def draw(stops: Sequence[Stop], lanes: Mapping[str, str]) -> Picture:
    """Lay steps out in order. `lanes` names every lane in its fixed order; those without a step are left out."""
    used = [code for code in lanes if any(stop.lane == code for stop in stops)]
    tops = {code: EDGE + index * (HEIGHT + GAP_Y) for index, code in enumerate(used)}
    boxes = tuple(Box(stop, HEAD + index * (WIDTH + GAP_X), tops[stop.lane]) for index, stop in enumerate(stops))
    return Picture(
        width=HEAD + len(boxes) * (WIDTH + GAP_X) - GAP_X + EDGE,
        height=2 * EDGE + len(used) * (HEIGHT + GAP_Y) - GAP_Y,
        rows=tuple(Row(lanes[code], tops[code], tops[code] + HEIGHT // 2) for code in used),
        boxes=boxes,
        lines=tuple(_line(left, right) for left, right in pairwise(boxes)),
    )


def _line(left: Box, right: Box) -> str:
    """From the right edge of one box to the left edge of the next, with one turn in the gap."""
    start, end, turn = left.x + WIDTH, right.x, left.x + WIDTH + GAP_X // 2
    return f"M{start} {left.y + HEIGHT // 2}H{turn}V{right.y + HEIGHT // 2}H{end - 2}"


def _fit(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
