"""What makes a table publishable, and what it really does: rules that are never reached, rules that overlap.

Conditions only compare inputs with constants they name, so the values around those constants show every answer a table
can give. They are all tried where there are few enough of them; else a fixed sample is, and the report says so.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, product
from math import prod
from typing import Any

from integration_hub.kernel.errors import Problem
from integration_hub.rules import language
from integration_hub.rules.tables import Input, Inputs, Kind, NoRule, Output, RuleSpec, Table, Value, chosen, compiled

MOST_RULES = 200
TRIES = 4000
"""Combinations of values that are tried at most."""
OTHER = "·"
"""A text no condition names."""


@dataclass(frozen=True, slots=True)
class Case:
    """Inputs with the outputs somebody expects of them."""

    inputs: Inputs
    expected: dict[str, str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: `problems` stop a table; `remarks` are to be read. `proven`: every combination was tried."""

    problems: tuple[Problem, ...]
    remarks: tuple[str, ...] = ()
    tried: int = 0
    proven: bool = False


def check(kind: Kind, rules: Sequence[RuleSpec], cases: Iterable[Case] = ()) -> Report:
    """Everything about a table; the field of a problem is the rule or the test row it is about."""
    problems = [problem for number, rule in enumerate(rules, 1) for problem in _rule_problems(kind, number, rule)]
    if not rules:
        problems.append(Problem("", "The table has no rules.", "Add one."))
    elif rules[-1].condition.strip():
        remedy = "Add a last rule without a condition, for everything else."
        problems.append(Problem(f"Rule {len(rules)}", "The last rule has a condition.", remedy))
    if kind.proved is not None:
        problems += kind.proved(rules)
    if len(rules) > MOST_RULES:
        problems.append(Problem("", f"It has {len(rules)} rules; {MOST_RULES} are the most."))
    if problems:
        return Report(tuple(problems))
    table = compiled(kind, rules)
    tries, complete = _tries(table)
    found = _reached(table, tries)
    proven = complete and all(condition.exact for condition in table.conditions)
    problems = [*found.problems, *_unreached(table, found.first, proven=proven)]
    problems += [problem for case in cases for problem in _case_problems(table, case)]
    return Report(tuple(problems), tuple(_overlaps(found.pairs)), len(tries), proven)


def _rule_problems(kind: Kind, number: int, rule: RuleSpec) -> Iterator[Problem]:
    where = f"Rule {number}"
    try:
        language.read(rule.condition, kind.names, kind.days)
    except language.BadCondition as error:
        yield Problem(where, str(error))
    for output in kind.outputs:
        if told := output_problem(output, rule.outputs.get(output.name, "")):
            yield Problem(where, f"{output.label}: {told}")
    for name in sorted(rule.outputs.keys() - {output.name for output in kind.outputs}):
        yield Problem(where, f"{name} is not something this table says.")


def output_problem(output: Output, value: str) -> str:
    """What is wrong with a value of an output; empty: nothing."""
    if not value:
        return "it says nothing." if output.required else ""
    parts = chosen({output.name: value}, output.name) if output.many else (value,)
    wrong = [part for part in parts if output.values and part not in output.values]
    return f"{wrong[0]!r} is not allowed. Use {', '.join(output.values)}." if wrong else ""


def input_problem(wanted: Input, value: Any) -> str:
    """What is wrong with a value of an input; empty: nothing."""
    types: dict[str, Any] = {"text": str, "number": (int, float), "bool": bool, "day": str}
    if not isinstance(value, types[wanted.type]) or (wanted.type == "number" and isinstance(value, bool)):
        return f"{wanted.name} is not a {wanted.type}."
    if wanted.values and value not in wanted.values:
        return f"{wanted.name} is {value!r}, which it cannot be."
    return ""


def defaults(kind: Kind) -> dict[str, Value]:
    """An input of each, which says nothing in particular."""
    return {item.name: _domain(item, frozenset(), frozenset())[0] for item in kind.inputs}


def _case_problems(table: Table, case: Case) -> Iterator[Problem]:
    where = case.name or "Test row"
    unknown = sorted(case.inputs.keys() - table.kind.names)
    wrong = [input_problem(item, case.inputs[item.name]) for item in table.kind.inputs if item.name in case.inputs]
    told = [f"{name} is not an input." for name in unknown] + [text for text in wrong if text]
    if told:
        yield from (Problem(where, text) for text in told)
        return
    try:
        answer = table.decide({**defaults(table.kind), **case.inputs})
    except NoRule as error:
        yield Problem(where, str(error))
        return
    for name, value in sorted(case.expected.items()):
        if answer.outputs.get(name, "") != value:
            said = answer.outputs.get(name, "") or "nothing"
            yield Problem(where, f"{name} should be {value or 'nothing'} and is {said}, by rule {answer.rule}.")


@dataclass(slots=True)
class _Found:
    first: dict[int, Inputs]
    pairs: dict[tuple[int, int], Inputs]
    problems: list[Problem]


def _reached(table: Table, tries: Sequence[dict[str, Value]]) -> _Found:
    """Which rules decide something, which others would have decided it otherwise, and which cannot be asked."""
    found = _Found({}, {}, [])
    broken: set[int] = set()
    for values in tries:
        asked = language.context({**values})
        holding = []
        for place, condition in enumerate(table.conditions):
            try:
                if condition.holds(asked):
                    holding.append(place)
            except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
                if place not in broken:
                    broken.add(place)
                    found.problems.append(Problem(f"Rule {place + 1}", f"It cannot be asked: {str(error)[:200]}"))
        if holding:
            found.first.setdefault(holding[0], values)
        for later in holding[1:]:
            if table.conditions[later].source and table.rules[later].outputs != table.rules[holding[0]].outputs:
                found.pairs.setdefault((holding[0], later), values)
    return found


def _unreached(table: Table, first: dict[int, Inputs], *, proven: bool) -> Iterator[Problem]:
    if not proven:
        return
    for place in range(len(table.rules)):
        if place not in first and not (place == len(table.rules) - 1 and len(table.rules) > 1):
            yield Problem(
                f"Rule {place + 1}",
                "It is never reached: rules before it take everything it would.",
                "Move it up or delete it.",
            )


def _overlaps(pairs: dict[tuple[int, int], Inputs]) -> Iterator[str]:
    for (before, after), values in sorted(pairs.items()):
        shown = ", ".join(f"{name} {value!r}" for name, value in sorted(values.items()))
        both = f"Rules {before + 1} and {after + 1} both hold and answer differently"
        yield f"{both}; {before + 1} decides. E.g. {shown}."


def _tries(table: Table) -> tuple[list[dict[str, Value]], bool]:
    """Combinations of values to try, and whether they are all that matter."""
    names = [item.name for item in table.kind.inputs]
    domains = [_matter(item, table.conditions) for item in table.kind.inputs]
    if prod(len(domain) for domain in domains) <= TRIES:
        return [dict(zip(names, values, strict=True)) for values in product(*domains)], True
    pick = random.Random(1)  # noqa: S311 - the same sample each time
    return [dict(zip(names, map(pick.choice, domains), strict=True)) for _ in range(TRIES)], False


def _matter(wanted: Input, conditions: Sequence[language.Condition]) -> Sequence[Value]:
    """The values of an input that make a difference: any one where no condition looks at it."""
    looking = [condition for condition in conditions if wanted.name in condition.names]
    texts = frozenset[str]().union(*(condition.texts for condition in looking))
    numbers = frozenset[float]().union(*(condition.numbers for condition in looking))
    domain = _domain(wanted, texts, numbers)
    return domain if looking else domain[:1]


def _domain(wanted: Input, texts: frozenset[str], numbers: frozenset[float]) -> Sequence[Value]:
    """The values of an input that matter: one for each constant and one for each side of it."""
    if wanted.type == "bool":
        return (False, True)
    if wanted.type == "number":
        return _numbers(numbers)
    if wanted.type == "day":
        return _days(texts)
    return wanted.values or ("", OTHER, *sorted(texts - {""}))


def _numbers(named: frozenset[float]) -> Sequence[float]:
    points = sorted({0.0, *named, *(-number for number in named)})
    between = [(low + high) / 2 for low, high in pairwise(points)]
    return [0.0, *(n for n in sorted({*points, *between, points[0] - 1, points[-1] + 1}) if n)]


def _days(texts: frozenset[str]) -> Sequence[str]:
    named = []
    for text in texts:
        try:
            named.append(date.fromisoformat(text))
        except ValueError:
            continue
    steps = (timedelta(days=-1), timedelta(0), timedelta(days=1))
    return sorted({(day + step).isoformat() for day in named for step in steps}) or ["2026-01-01"]
