"""Conditions: a plain part of the Common Expression Language, which always ends and changes nothing.

Comparisons, `&&`, `||`, `!`, `in`, `? :`, sums and four functions on text. What could make an evaluation long (macros
that walk lists, regular expressions), deep or ambiguous (escapes, comments) is refused before the parser sees it, so
that an evaluation costs at most a step for each sign of a condition.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import ModuleType

# The package imports its own command line, and with it a terminal: 20 MB and a fifth of a second in every process.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402 - after what it must not load

LONGEST = 500
"""Characters of a condition."""
DEEPEST = 20
"""Brackets within brackets; the parser itself gives up at about a hundred."""
FUNCTIONS = frozenset({"size", "contains", "startsWith", "endsWith"})
OPERATORS = frozenset({"_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_?_:_",
                       "_+_", "_-_", "_*_", "-_"})  # fmt: skip
_TEXT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_COMPARED = r"(?:==|!=|<=|>=|<|>)"
_FORBIDDEN = {
    "\\": "Escapes are not used.",
    "`": "Names are written without quotation marks.",
    "//": "Write remarks into the note of the rule.",
    '"""': "Text stands between single quotation marks.",
    "'''": "Text stands between single quotation marks.",
}


class BadCondition(ValueError):
    """A condition that cannot be used; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition ready to be asked: which inputs it looks at, and what it compares them with."""

    source: str
    program: cel.Program | None
    names: frozenset[str]
    texts: frozenset[str]
    numbers: frozenset[float]

    @property
    def exact(self) -> bool:
        """Whether it only compares: then the values around its own constants show everything it can answer."""
        functions = self.program.functions() if self.program else []
        if (FUNCTIONS | {"_+_", "_-_", "_*_"}) & set(functions) or self._between_inputs():
            return False
        ordered = re.findall(r"[<>]=?\s*['\"]([^'\"]*)|['\"]([^'\"]*)['\"]\s*[<>]", self.source)
        return all(_DAY.fullmatch(left or right) for left, right in ordered)

    def _between_inputs(self) -> bool:
        bare = _TEXT.sub("''", self.source)
        return any(
            left in self.names and right in self.names
            for left, right in re.findall(rf"(\w+)\s*{_COMPARED}\s*(\w+)", bare)
        )

    def holds(self, context: cel.Context) -> bool:
        """Whether it is true. Raises TypeError where it compares what cannot be compared."""
        if self.program is None:
            return True
        found = self.program.execute(context)
        if not isinstance(found, bool):
            raise TypeError(f"It answers {found!r}, not yes or no.")
        return found


@lru_cache(maxsize=2048)
def read(source: str, names: frozenset[str], dates: frozenset[str] = frozenset()) -> Condition:
    """A condition over the inputs `names`; an empty one always holds. Raises BadCondition.

    `dates` are those of the inputs that are days: they are only compared, with days written like "2026-07-01".
    """
    source = source.strip()
    if not source:
        return Condition("", None, frozenset(), frozenset(), frozenset())
    bare = _bare(source)
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise BadCondition(f"It cannot be read: {_first_line(error)}") from None
    used = program.references()
    _check_names(used["variables"], names)
    _check_functions(used["functions"])
    _check_days(source, dates & set(used["variables"]))
    texts = frozenset(text[1:-1] for text in _TEXT.findall(source))
    numbers = frozenset(float(number) for number in _NUMBER.findall(bare))
    return Condition(source, program, frozenset(used["variables"]), texts, numbers)


def context(values: dict[str, object]) -> cel.Context:
    """The inputs of one decision, to ask any number of conditions about."""
    return cel.Context(variables=values)


def _bare(source: str) -> str:
    """The condition without its texts, after what nobody may write is refused."""
    if len(source) > LONGEST:
        raise BadCondition(f"It has {len(source)} characters; {LONGEST} are the most. Make two rules of it.")
    for sign, remedy in _FORBIDDEN.items():
        if sign in source:
            raise BadCondition(f"It contains {sign}. {remedy}")
    bare = _TEXT.sub("''", source)
    if re.search(r"[A-Za-z]['\"]", bare.replace("in'", "in '")):
        raise BadCondition("A letter stands right before a text. Put a space between them.")
    if unknown := sorted({name for name in _CALL.findall(bare) if name != "in"} - FUNCTIONS):
        raise BadCondition(f"{unknown[0]} is not available. Use {', '.join(sorted(FUNCTIONS))}.")
    depth = deepest = 0
    for sign in bare:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise BadCondition(f"Its brackets are {deepest} deep; {DEEPEST} are the most.")
    return bare


def _check_names(used: Iterable[str], names: frozenset[str]) -> None:
    if unknown := sorted(set(used) - names):
        raise BadCondition(f"{unknown[0]} is not an input of this table. Inputs are: {', '.join(sorted(names))}.")


def _check_functions(used: Iterable[str]) -> None:
    if unknown := sorted(set(used) - OPERATORS - FUNCTIONS):
        raise BadCondition(f"The operation {unknown[0]} is not available.")


def _check_days(source: str, dates: Iterable[str]) -> None:
    """Days are text, so that only a comparison with a whole day means anything."""
    for name in sorted(dates):
        compared = re.findall(rf"\b{name}\s*{_COMPARED}\s*[\"']([^\"']*)[\"']", source)
        compared += re.findall(rf"[\"']([^\"']*)[\"']\s*{_COMPARED}\s*{name}\b", source)
        if len(compared) != len(re.findall(rf"\b{name}\b", _TEXT.sub("''", source))):
            raise BadCondition(f'{name} is a day: compare it with one, like {name} >= "2026-07-01".')
        for day in compared:
            try:
                date.fromisoformat(day)
            except ValueError:
                raise BadCondition(f'{day!r} is not a day. Write it like "2026-07-01".') from None


def _first_line(error: Exception) -> str:
    text = str(error).replace("\n", " ")
    _, _, told = text.partition("ERROR: <input>:")
    return (told.partition("|")[0] or text).strip()[:160]
