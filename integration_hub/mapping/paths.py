"""Where a value is found in a source record: JMESPath, or the plain name of a column."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import methodcaller
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from integration_hub.mapping import jmes

Raw = Mapping[str, Any]
Finder = Callable[[Raw], Any]

_NAME = re.compile(r"[A-Za-z_]\w*")
_SYNTAX = re.compile(r"[\[\]{}|@`\"'*<>=!&]")
_FUNCTIONS = set(Functions.FUNCTION_TABLE)
_FIRST_CHILD = {"index_expression", "projection", "filter_projection", "flatten", "value_projection", "slice"}
_OPAQUE = {"literal", "current", "identity", "expref", "index"}


Unfit = JMESPathError
"""What a finder or condition raises when a record does not fit the expression, e.g. `join` over a missing field."""


class BadPath(ValueError):
    """A source that is neither a JMESPath expression nor the name of a column; the text says why."""


def is_column(source: str) -> bool:
    """Whether `source` can only be meant as the name of a column, e.g. `Hours (decimal)` or `Invoice No.`."""
    if _SYNTAX.search(source) or source.startswith(".") or ".." in source:
        return False
    try:
        return bool(_unknown_functions(jmespath.compile(source).parsed))
    except JMESPathError:
        return True


@lru_cache(maxsize=4096)
def finder(source: str) -> Finder:
    """A function that finds `source` in a record; a key of exactly this name wins over the expression.

    Raises BadPath with the position of the mistake.
    """
    if _NAME.fullmatch(source) or is_column(source):
        return methodcaller("get", source)
    search = jmes.function(expression(source).parsed)
    return lambda raw: raw[source] if source in raw else search(raw)


@lru_cache(maxsize=4096)
def condition(source: str) -> Callable[[Raw], bool]:
    """A function that tells whether a record passes a row filter. Raises BadPath."""
    search = jmes.function(expression(source).parsed)

    def passes(raw: Raw) -> bool:
        # JMESPath's own truth: nothing, "", [] and {} are false, the number 0 is true.
        found = search(raw)
        return bool(found) or (isinstance(found, int | float) and found is not False)

    return passes


def expression(source: str) -> Any:
    """The compiled JMESPath expression. Raises BadPath."""
    try:
        compiled = jmespath.compile(source)
    except JMESPathError as error:
        why = str(error).splitlines()[0]
        raise BadPath(f'{source!r} is not a JMESPath expression ({why}). Quote column names: "…".') from None
    if unknown := _unknown_functions(compiled.parsed):
        raise BadPath(f"{source!r} is not a JMESPath expression (there is no function {unknown[0]}).")
    return compiled


def fields_of(source: str) -> set[str]:
    """The fields an expression reads from the record itself, parents dotted (`Account.Name`). Raises BadPath."""
    if is_column(source):
        return {source}
    return _fields(expression(source).parsed)


def _unknown_functions(node: Any) -> list[str]:
    """Functions the expression calls and JMESPath does not have: it would complain only when a record comes."""
    found = [node["value"]] if node["type"] == "function_expression" and node["value"] not in _FUNCTIONS else []
    for child in node.get("children", []):
        if isinstance(child, dict):
            found += _unknown_functions(child)
    return found


def _fields(node: Any) -> set[str]:
    kind, children = node["type"], node.get("children", [])
    if kind == "field":
        return {str(node["value"])}
    if kind in _OPAQUE:
        return set()
    if kind == "subexpression":
        chain = _chain(node)
        return {chain} if chain else _fields(children[0])
    if kind in _FIRST_CHILD or kind == "pipe":
        return _fields(children[0])
    found: set[str] = set()
    for child in children:
        if isinstance(child, dict):
            found |= _fields(child)
    return found


def _chain(node: Any) -> str:
    """`A.B.c` for a chain of plain fields, else an empty string."""
    parts = []
    for child in node["children"]:
        if child["type"] == "field":
            parts.append(str(child["value"]))
        elif child["type"] == "subexpression" and (inner := _chain(child)):
            parts.append(inner)
        else:
            return ""
    return ".".join(parts)
