"""What a feed's records look like, learnt from those that were taken, and what does not look like them any more. Pure.

A field is judged once enough records are known. What single records show (another kind of value, an unknown currency, a
size or date far out of band) touches those records alone. What only many show (a field that is suddenly empty, another
unit, another sign) is judged over the last records together, and touches the ones that carry it.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import compress
from typing import Any, cast

from integration_hub.canonical import Record
from integration_hub.mapping.compile import Compiled

KNOWN = 200
"""Records before a field is judged."""
RARE = 0.005
"""Share up to which something counts as never seen."""
FEW, MANY = 5, 10
"""Records that must show an absence or sign, and a size."""
RECENT = 100
"""Records that are judged together where one proves nothing."""
SHARE = 0.2
"""Of the recent ones that must be empty or negative."""
DECADES, OUTLIER = 1.2, 2.0
"""Powers of ten a size must move by: of many together (hours for minutes are 1.8, cents for units 2.0), of one."""
FARTHEST = 2.5
"""A single record counts among many with at most so many powers of ten."""
AHEAD, BACK = timedelta(days=400), timedelta(days=5 * 366)
CLOSED = 20
"""Values are a closed set up to so many."""

_NUMBER = re.compile(r"[+-]?\d[\d\s.,']*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_LATER = re.compile(r"(_on|_at|_by)$|^(approval|status|evidence|reference|notes|paid)$")
"""Canonical fields that fill up in the life of a record: empty means "not yet"."""

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drift:
    """One field of one record that is not what it always was."""

    field: str
    what: str
    before: str
    after: str
    known: int

    @property
    def message(self) -> str:
        """As the case says it; the same for all records it touches."""
        return f"was {self.before} until now, and is {self.after}"


@dataclass(slots=True)
class Seen:
    """One record: as it came, and as it was understood, if it was."""

    raw: Mapping[str, Any]
    record: Record | None


@dataclass(slots=True)
class Shape:
    """What is known of a feed: `fields` by source field, `targets` by canonical field, `open` drifts not settled."""

    fields: dict[str, State] = field(default_factory=dict)
    targets: dict[str, State] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """As it is stored; `Shape(**data)` reads it."""
        return {"fields": self.fields, "targets": self.targets, "open": self.open}

    def forget(self, name: str) -> None:
        """Learn a field anew: somebody says that it is right as it is now."""
        self.fields.pop(name, None)
        self.targets.pop(name, None)
        self.open = [key for key in self.open if key.partition("|")[0] != name]


def judge(shape: Shape, mapping: Compiled, batch: Sequence[Seen], today: date) -> list[Drift | None]:
    """The first drift of each record, None for those that look as always; these are learnt from.

    `today` is when they came: old records may tell of any day up to then.
    """
    found: list[Drift | None] = [None] * len(batch)
    kinds: dict[str, list[str]] = {}
    raws = [seen.raw for seen in batch]
    for name, rule, strict, lasting in _sources(mapping):
        kinds[name] = _kinds(_values(raws, name), strict=strict)
        _judge_source(shape, name, rule, kinds[name], found, lasting=lasting)
    for name, values in _targets(mapping, batch).items():
        _judge_target(shape, name, values, found, today)
    taken = [drift is None and seen.record is not None for seen, drift in zip(batch, found, strict=True)]
    for name, seen_kinds in kinds.items():
        _learn_source(shape.fields[name], seen_kinds if all(taken) else list(compress(seen_kinds, taken)))
    return found


def _sources(mapping: Compiled) -> Iterator[tuple[str, str, bool, bool]]:
    """Fields the mapping reads as they are: name, its rule, whether its kind is judged, whether it stays filled."""
    for step in mapping.steps:
        rule = step.rule
        if step.find is None or rule.source not in mapping.fields:
            continue
        sign = f"{rule.kind}|{rule.date_format}|{rule.decimal_comma}|{rule.scale}"
        yield rule.source, sign, rule.kind != "text", not rule.default and not _LATER.search(rule.target)


def kind_of(value: Any, *, strict: bool = True) -> str:
    """What a value is, as people would say it.

    Kinds of text are told apart only when it is `strict`: where the mapping makes something else of it.
    """
    if value is None or value == "":
        return "nothing"
    if isinstance(value, str):
        return _written(value) if strict else "text"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float | Decimal):
        return "a number"
    return "a list" if isinstance(value, list) else "an object"


_PLAIN: dict[type, str] = {
    type(None): "nothing",
    bool: "yes or no",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    list: "a list",
    dict: "an object",
}


def _kinds(values: Sequence[Any], *, strict: bool) -> list[str]:
    """The kind of each value, as `kind_of` says it."""
    kinds = list(map(_PLAIN.get, map(type, values)))
    if None not in kinds:
        return cast(list[str], kinds)
    known: dict[Any, str] = {}  # many records say the same few words
    for index, kind in enumerate(kinds):
        if kind is None:
            value = values[index]
            kinds[index] = known.get(value) or known.setdefault(value, kind_of(value, strict=strict))
    return cast(list[str], kinds)


@lru_cache(maxsize=20_000)
def _written(text: str) -> str:
    text = text.strip()
    if _DATE.fullmatch(text):
        return "a date"
    if _NUMBER.fullmatch(text):
        return "a number as text"
    return "an instant" if _INSTANT.fullmatch(text) else "text"


def _values(raws: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The values of a field, of a parent's when dotted."""
    head, dot, rest = name.partition(".")
    values = [raw.get(name) for raw in raws]
    if not dot or any(value is not None for value in values):
        return values
    places: list[Any] = [raw.get(head) for raw in raws]
    for part in rest.split("."):
        places = [place.get(part) if isinstance(place, Mapping) else None for place in places]
    return places


def _judge_source(
    shape: Shape, name: str, rule: str, kinds: Sequence[str], found: list[Drift | None], *, lasting: bool
) -> None:
    state = shape.fields.get(name)
    if state is None or state["rule"] != rule:  # or the mapping was changed for it: what it means is learnt anew
        shape.forget(name)
        state = shape.fields[name] = {"rule": rule, "n": 0, "kinds": {}, "recent": [0, 0]}
    known = int(state["n"])
    if known < KNOWN:
        return
    usual = _usual(state["kinds"])
    if usual is not None and set(kinds) - {"nothing", usual}:
        for index, kind in enumerate(kinds):
            if kind not in ("nothing", usual) and _share(state, kind) <= RARE and found[index] is None:
                found[index] = Drift(name, "kind", usual, kind, known)
    if not lasting or _share(state, "nothing") > RARE:
        return
    if _many(shape, f"{name}|empty", state["recent"], len(kinds), kinds.count("nothing")):
        empty = [kind == "nothing" for kind in kinds]
        _mark(found, empty, Drift(name, "empty", "filled", "empty", known))


def _usual(kinds: Mapping[str, int]) -> str | None:
    """The one kind a field has besides nothing; None when it has several."""
    counts = {kind: count for kind, count in kinds.items() if kind != "nothing"}
    if not counts:
        return None
    best = max(counts, key=lambda kind: counts[kind])
    return best if counts[best] >= (1 - RARE) * sum(counts.values()) else None


def _share(state: State, kind: str) -> float:
    kinds: dict[str, int] = state["kinds"]
    return kinds.get(kind, 0) / max(1, int(state["n"]))


def _many(shape: Shape, key: str, recent: list[int], more: int, marks: int) -> bool:
    """Whether too many of the recent records carry a mark that was never there; once open, each of them counts.

    `more` records came, of which `marks` carry it.
    """
    if key in shape.open:
        return True
    total, marked = recent[0] + more, recent[1] + marks
    if marked >= FEW and marked >= SHARE * total:
        shape.open.append(key)
        recent[:] = [0, 0]
        return True
    recent[:] = [0, 0] if total >= RECENT else [total, marked]
    return False


def _mark(found: list[Drift | None], marks: Sequence[bool], drift: Drift) -> None:
    for index, marked in enumerate(marks):
        if marked and found[index] is None:
            found[index] = drift


def _learn_source(state: State, kinds: Sequence[str]) -> None:
    """Learn from the records that were understood and look as always."""
    counts: dict[str, int] = state["kinds"]
    for kind, count in Counter(kinds).items():
        counts[kind] = counts.get(kind, 0) + count
    state["n"] += len(kinds)


# -- what values mean ------------------------------------------------------------------------------------------------


def _targets(mapping: Compiled, batch: Sequence[Seen]) -> dict[str, list[Any]]:
    """Values of the canonical fields whose sense is judged: amounts, dates, currencies.

    A value map says itself what becomes of a value it does not know: the record is refused, or the value kept.
    """
    names = {
        name
        for name, spec in mapping.model.model_fields.items()
        if name == "currency" or _is(spec.annotation, Decimal) or _is(spec.annotation, date)
    }
    return {name: [getattr(seen.record, name, None) for seen in batch] for name in sorted(names)}


def _is(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or wanted in getattr(annotation, "__args__", ())


def _judge_target(shape: Shape, name: str, values: Sequence[Any], found: list[Drift | None], today: date) -> None:
    values = [value if drift is None else None for value, drift in zip(values, found, strict=True)]
    sample = next((value for value in values if value is not None), None)
    if sample is None:
        return
    state = shape.targets.setdefault(name, {"n": 0})
    if isinstance(sample, Decimal):
        _judge_sizes(shape, name, state, values, found)
    elif isinstance(sample, date):
        _judge_dates(name, state, values, found, today)
    elif isinstance(sample, str):
        _judge_words(name, state, values, found)


def _judge_words(name: str, state: State, values: Sequence[Any], found: list[Drift | None]) -> None:
    counts: dict[str, int] = state.setdefault("values", {})
    closed = state["n"] >= KNOWN and len(counts) <= CLOSED
    for index, value in enumerate(values):
        if not value:
            continue
        if closed and value not in counts:
            found[index] = Drift(name, "value", _list(counts), value, state["n"])
        elif len(counts) <= CLOSED:
            counts[value] = counts.get(value, 0) + 1
            state["n"] += 1


def _list(counts: Mapping[str, int]) -> str:
    names = sorted(counts, key=lambda name: -counts[name])
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")


def _judge_dates(name: str, state: State, values: Sequence[Any], found: list[Drift | None], today: date) -> None:
    first = date.fromisoformat(state.get("first", "9999-12-31"))
    last = date.fromisoformat(state.get("last", "0001-01-01"))
    known = int(state["n"])
    for index, value in enumerate(values):
        if value is None:
            continue
        day = value.date() if isinstance(value, datetime) else value
        if known >= KNOWN and not first - BACK <= day <= max(last, today) + AHEAD:
            after = "a day far before" if day < first else "a day far after"
            found[index] = Drift(name, "date", f"between {first} and {last}", after, known)
            continue
        first, last = min(first, day), max(last, day)
        known += 1
    state.update(n=known, first=first.isoformat(), last=last.isoformat())


def _judge_sizes(shape: Shape, name: str, state: State, values: Sequence[Any], found: list[Drift | None]) -> None:
    sizes = {index: math.log10(abs(value)) for index, value in enumerate(values) if value}
    state.setdefault("sum", 0.0)
    state.setdefault("square", 0.0)
    state.setdefault("negatives", 0)
    recent = state.setdefault("recent", [0, 0.0])
    if state["n"] >= KNOWN:
        _judge_signs(shape, name, state, values, found)
        _judge_band(shape, name, state, sizes, recent, found)
    taken = {index: size for index, size in sizes.items() if found[index] is None}
    _learn_sizes(state, taken.values(), sum(values[index] < 0 for index in taken))
    if recent == [0, 0.0]:  # none of the last records is under suspicion any more
        state["proven"] = list(state.get("edges") or [0.0, 0.0])


def _learn_sizes(state: State, sizes: Collection[float], negatives: int) -> None:
    if not sizes:
        return
    total, square = state["sum"], state["square"]
    for size in sizes:  # one after the other: the sums are the same to the last bit however many come at once
        total += size
        square += size * size
    state["n"] += len(sizes)
    state["sum"], state["square"] = total, square
    state["negatives"] += negatives
    low, high = state.get("edges") or (math.inf, -math.inf)
    state["edges"] = [min(low, *sizes), max(high, *sizes)]


def _judge_signs(shape: Shape, name: str, state: State, values: Sequence[Any], found: list[Drift | None]) -> None:
    if state["negatives"] > RARE * state["n"]:
        return
    marks = [value is not None and value < 0 for value in values]
    if _many(shape, f"{name}|sign", state.setdefault("signs", [0, 0]), len(marks), sum(marks)):
        _mark(found, marks, Drift(name, "sign", "positive", "negative", state["n"]))


def _judge_band(
    shape: Shape, name: str, state: State, sizes: Mapping[int, float], recent: list[float], found: list[Drift | None]
) -> None:
    """Many that moved together: another unit, another scale. Then one far out of band."""
    mean = state["sum"] / state["n"]
    spread = math.sqrt(max(0.0, state["square"] / state["n"] - mean * mean))
    off = {index: size - mean for index, size in sizes.items() if found[index] is None}
    total = recent[0] + len(off)
    moved = recent[1] + sum(max(-FARTHEST, min(FARTHEST, distance)) for distance in off.values())
    recent[:] = [0, 0.0] if total >= RECENT else [total, moved]
    for side, way in (("larger", 1), ("smaller", -1)):
        key = f"{name}|{side}"
        if key not in shape.open and total >= MANY and way * moved / total > max(DECADES, 4 * spread / total**0.5):
            shape.open.append(key)
            state["edges"] = list(state["proven"])
        if key in shape.open:
            drift = Drift(name, "unit", _about(mean), f"{side} by powers of ten", state["n"])
            edge = state["proven"][1 if way > 0 else 0]
            marks = [index in off and way * (sizes[index] - edge) > 0 for index in range(len(found))]
            _mark(found, marks, drift)
    for index, distance in off.items():
        if abs(distance) > max(OUTLIER, 6 * spread) and found[index] is None:
            found[index] = Drift(name, "size", _about(mean), _about(sizes[index]), state["n"])


def _about(size: float) -> str:
    """A size in words.

    >>> _about(2.05), _about(-0.3)
    ('about 110', 'about 0.5')
    """
    value = Decimal(10.0**size)
    return f"about {value:.2g}" if value < 1 else f"about {float(f'{value:.2g}'):,.0f}"
