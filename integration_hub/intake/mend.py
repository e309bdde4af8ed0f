"""What a field that changed would need in its mapping, where that follows from the values kept back. Pure.

Every proposal is tried first: nearly all the records at hand must be read with it, and two that read them differently
are no proposal. A person checks it, another one publishes it.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from integration_hub.canonical import Record
from integration_hub.intake.drift import Seen, Shape, judge
from integration_hub.mapping import paths
from integration_hub.mapping.apply import translate
from integration_hub.mapping.checks import DATES, NUMBERS
from integration_hub.mapping.compile import MappingSpec, RuleSpec, ValueTable, compile_mapping

FORMATS = ("", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y")
KEYS = ("id", "value", "key", "code", "number", "name")
"""Where a value lies when it became an object, the surest first."""
FACTORS = tuple(Decimal(text) for text in ("10", "100", "1000", "60", "3600", "0.1", "0.01", "0.001"))
INEXACT = (Decimal(1) / 60, Decimal(1) / 3600)
"""Factors no scale can say exactly."""
WRONG = 10
"""One record in so many may be wrong for another reason."""
NAME = "Is it another name of a value known until now? Say of which; no amount is converted."
MEANINGS = 5
"""New values that are offered to be given a meaning at once."""

Changes = Mapping[str, Mapping[str, Any]]
Payloads = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Mend:
    """A change of rules, `{target: {field of the rule: value}}`; for new values, the map that says their meaning."""

    sentence: str
    changes: Changes = field(default_factory=dict)
    value_map: str = ""
    """The map the values go into, read by the rules of `changes`."""
    in_use: bool = False
    """Whether they read that map already: giving the values a meaning is all there is to do."""
    theirs: tuple[str, ...] = ()

    def applied(self, spec: MappingSpec, meanings: Mapping[str, str] | None = None) -> MappingSpec:
        """The mapping with the change; `meanings` says ours by theirs for new values."""

        def changed(rule: RuleSpec) -> RuleSpec:
            if rule.target not in self.changes:
                return rule
            if not self.value_map:
                return replace(rule, **self.changes[rule.target])
            known = rule.values or ValueTable(self.value_map, {}, refuse=False)
            return replace(rule, values=replace(known, rows={**known.rows, **(meanings or {})}))

        return replace(spec, rules=tuple(changed(rule) for rule in spec.rules))


def find(what: str, name: str, spec: MappingSpec, payloads: Payloads, shape: Shape) -> Mend | None:
    """The change that fits a drift (`what` and `name` as its root cause has them); None where none follows.

    Raises paths.BadPath when the mapping itself cannot be read.
    """
    if not payloads:
        return None
    if what == "kind":
        return _another_notation(name, spec, payloads)
    if what == "unit":
        return _another_scale(name, spec, payloads, shape)
    return _another_value(name, spec, payloads) if what == "value" else None


def passing(spec: MappingSpec, payloads: Payloads, shape: Shape, today: date) -> int:
    """How many of these records a mapping would let through: read, and as the feed's records always were.

    Nothing is learnt from them. Raises paths.BadPath.
    """
    mapping = compile_mapping(spec)
    batch = [Seen(payload, translate(mapping, payload, source_id="sample", version="1").record) for payload in payloads]
    found = judge(deepcopy(shape), mapping, batch, today)
    return sum(drift is None and seen.record is not None for drift, seen in zip(found, batch, strict=True))


def reads(spec: MappingSpec, payloads: Payloads) -> bool:
    """Whether a mapping understands all of these records, whatever they mean. Raises paths.BadPath."""
    return None not in (_read(spec, payloads) or [None])


def _read(spec: MappingSpec, payloads: Payloads) -> list[Record | None] | None:
    """Each record as a mapping understands it; None unless it understands nearly all."""
    mapping, found, wrong = compile_mapping(spec), [], len(payloads) // WRONG
    for payload in payloads:
        record = translate(mapping, payload, source_id="sample", version="1").record
        wrong -= record is None
        if wrong < 0:
            return None
        found.append(record)
    return found


# -- another notation -----------------------------------------------------------------------------------------------


def _another_notation(name: str, spec: MappingSpec, payloads: Payloads) -> Mend | None:
    rules = [rule for rule in spec.rules if rule.source == name and not rule.constant]
    if not rules or _read(spec, payloads) is not None:
        return None
    fitting: list[tuple[int, tuple[Any, ...], Mend]] = []
    for change, sentence in _notations(name, rules, payloads):
        found = Mend(sentence, {rule.target: change for rule in rules if _takes(rule, change)})
        records = _read(found.applied(spec), payloads)
        if records is None:
            continue
        read = tuple(getattr(record, rule.target, None) for record in records for rule in rules)
        if understood := sum(value is not None for value in read):
            fitting.append((understood, read, found))
    most = max((understood for understood, _, _ in fitting), default=0)
    best = [(read, found) for understood, read, found in fitting if understood == most]
    return best[0][1] if len({read for read, _ in best}) == 1 else None


def _notations(name: str, rules: Sequence[RuleSpec], payloads: Payloads) -> Iterator[tuple[dict[str, Any], str]]:
    """Changes of a rule that another kind of value may need, with what each says."""
    values = [paths.finder(name)(payload) for payload in payloads]
    path = json.dumps(name) if paths.is_column(name) else name
    if all(isinstance(value, Mapping) for value in values):
        key = next((key for key in KEYS if all(key in value for value in values)), "")
        if key:
            yield {"source": f"{path}.{key}"}, f"It is an object now that holds the value under {key}."
        return
    if all(isinstance(value, list) and len(value) == 1 for value in values):
        yield {"source": f"{path}[0]"}, "It is a list now that holds one value."
        return
    kinds = {rule.kind for rule in rules}
    if kinds & DATES:
        for date_format in FORMATS:
            yield {"date_format": date_format}, f"It is written as {date_format or 'an ISO 8601 date'} now."
    if "integer" in kinds:
        yield {"kind": "decimal"}, "It has decimals now."
    if kinds & NUMBERS:
        comma = not any(rule.decimal_comma for rule in rules)
        yield {"decimal_comma": comma}, f"Its decimals follow a {'comma' if comma else 'point'} now."


def _takes(rule: RuleSpec, change: Mapping[str, Any]) -> bool:
    """Whether a rule of this kind can be changed so."""
    if "date_format" in change:
        return rule.kind in DATES
    if "kind" in change:
        return rule.kind == "integer"
    return "decimal_comma" not in change or rule.kind in NUMBERS


# -- another unit, another value --------------------------------------------------------------------------------------


def _rule(spec: MappingSpec, target: str) -> RuleSpec | None:
    return next((rule for rule in spec.rules if rule.target == target and rule.source and not rule.constant), None)


def _another_scale(name: str, spec: MappingSpec, payloads: Payloads, shape: Shape) -> Mend | None:
    rule, known, records = _rule(spec, name), shape.targets.get(name, {}), _read(spec, payloads)
    if rule is None or rule.kind not in NUMBERS or not records or not known.get("n"):
        return None
    sizes = [math.log10(abs(value)) for record in records if (value := getattr(record, name, None))]
    factor = _factor(sizes, known) if sizes else None
    if factor is None:
        return None
    scale = (Decimal(1) if rule.scale is None else rule.scale) * factor
    if scale != round(scale, 6):
        return None
    way, times = ("larger", 1 / factor) if factor < 1 else ("smaller", factor)
    sentence = f"The values are about {_plain(times)} times {way}; multiplied by {_plain(factor)} they are as always."
    return Mend(sentence, {name: {"scale": None if scale == 1 else Decimal(_plain(scale))}})


def _factor(sizes: Sequence[float], known: Mapping[str, Any]) -> Decimal | None:
    """The one factor that brings nearly all of these sizes to where the known ones are; None where two might.

    `sizes` are powers of ten. Of two that might, one must be clearly nearer to the usual size.
    """
    low, high = known.get("proven") or known["edges"]
    wanted = known["sum"] / known["n"] - sum(sizes) / len(sizes)
    far: dict[Decimal, float] = {}
    for factor in (*FACTORS, *INEXACT):
        moved = math.log10(factor)
        outside = sum(not low <= size + moved <= high for size in sizes)
        if outside <= len(sizes) // WRONG:
            far[factor] = abs(moved - wanted)
    near = sorted(far, key=lambda factor: far[factor])[:2]
    if not near or (len(near) == 2 and 2 * far[near[0]] > far[near[1]]):
        return None
    return near[0] if near[0] not in INEXACT else None


def _another_value(name: str, spec: MappingSpec, payloads: Payloads) -> Mend | None:
    rule = _rule(spec, name)
    if rule is None:
        return None
    values = [paths.finder(rule.source)(payload) for payload in payloads]
    found = {str(value).strip() for value in values if not isinstance(value, Mapping | list)} - {"", "None"}
    if not found:
        return None
    theirs = tuple(sorted(found)[:MEANINGS])
    if rule.values is not None:
        sentence = f"{NAME} The value map {rule.values.name} is in use."
        return Mend(sentence, {name: {}}, rule.values.name, in_use=True, theirs=theirs)
    sentence = f"{NAME} A value map translates it, all other values stay as they are."
    return Mend(sentence, {name: {}}, f"{spec.entity}_{name}", theirs=theirs)


# -- in words ---------------------------------------------------------------------------------------------------------


def differences(before: MappingSpec, after: MappingSpec) -> list[tuple[str, str]]:
    """(canonical field, what is different) between two versions of a mapping."""
    old, new = ({rule.target: rule for rule in spec.rules} for spec in (before, after))
    found = [(target, "has no rule any more") for target in old if target not in new]
    found += [(target, f"new rule: {rule.source or rule.constant or rule.default}")
              for target, rule in new.items() if target not in old]  # fmt: skip
    for target, rule in new.items():
        if target in old and (told := _changes(old[target], rule)):
            found.append((target, "; ".join(told)))
    if before.row_filter != after.row_filter:
        found.append(("row filter", f"{_said(before.row_filter)} → {_said(after.row_filter)}"))
    return found


def _changes(old: RuleSpec, new: RuleSpec) -> list[str]:
    pairs = [(one.name.replace("_", " "), getattr(old, one.name), getattr(new, one.name)) for one in fields(RuleSpec)]
    return [
        f"{'value map' if name == 'values' else name}: {_said(before)} → {_said(after)}"
        for name, before, after in pairs
        if before != after
    ]


def _said(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, ValueTable):
        rows = [f"{theirs} is {ours}" for theirs, ours in value.rows.items()]
        return f"{value.name} ({', '.join(rows)})" if 0 < len(rows) <= MEANINGS else value.name
    return str(value)


def _plain(value: Decimal) -> str:
    """A number as people write it: no exponent, no zeros behind.

    >>> _plain(Decimal("0.010000")), _plain(Decimal("6E+1"))
    ('0.01', '60')
    """
    return f"{value.normalize():f}"
