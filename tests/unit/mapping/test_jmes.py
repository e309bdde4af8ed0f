"""Compiled expressions find what the library's own interpreter finds, whatever the record holds."""

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.mapping import jmes

EXPRESSIONS = [
    "a",
    "a.b.c",
    '"a b"',
    "a || b",
    "a && b || c",
    "(a && 'yes') || (a.b == 'x' && 'x') || 'none'",
    "!a",
    "!a.b && b",
    "a == b",
    "a != `0`",
    "a.b == `true`",
    "a > `1`",
    "a == `1` || a < b",
    "@",
    "a | b",
    "a[0].b",
    "a[].b",
    "a[?b == 'x'] | [0].c",
    "a[*].b",
    "a.*",
    "[a, b]",
    "{x: a, y: a.b}",
    "a[1:]",
    "length(a)",
    "join('-', [a, b])",
    "sort_by(a, &b)",
    "`[1, 2]`",
]
ENDS: st.SearchStrategy[object] = st.sampled_from([None, True, False, 0, 1, 0.0, 2.5, "", "x", " ", "yes", [], {}])
NAMES = st.sampled_from(["a", "b", "c", "a b"])
VALUES = st.recursive(ENDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@pytest.mark.parametrize("text", EXPRESSIONS)
@given(value=st.dictionaries(NAMES, VALUES, max_size=4))
def test_finds_what_the_library_finds(text: str, value: dict[str, object]) -> None:
    compiled = jmespath.compile(text)
    find = jmes.function(compiled.parsed)
    try:
        expected = compiled.search(value)
    except Exception as error:  # noqa: BLE001 - whatever the library raises
        with pytest.raises(type(error)):
            find(value)
        return
    found = find(value)
    assert found == expected
    assert type(found) is type(expected)
