"""Conditions: what may be written, and that anything else is refused before it can do harm."""

import pytest

from integration_hub.rules import language
from integration_hub.rules.language import BadCondition

NAMES = frozenset({"kind", "amount", "first", "day"})
VALUES = {"kind": "time", "amount": 5.5, "first": False, "day": "2026-07-01"}


def holds(source):
    return language.read(source, NAMES, frozenset({"day"})).holds(language.context(VALUES))


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("", True),
        ("kind == 'time'", True),
        ('kind in ["fee", "time"] && !first', True),
        ("amount >= 5.5 || first", True),
        ("amount > 5 ? first : true", False),
        ("kind.startsWith('ti') && size(kind) == 4", True),
        ('day >= "2026-07-01" && day < "2026-07-02"', True),
        ('"2026-07-01" < day', False),
        ("amount - 1.0 > 4.0 && amount * 2.0 == 11.0", True),
    ],
)
def test_what_conditions_say(source, answer):
    assert holds(source) is answer


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("kind = 'time'", "cannot be read"),
        ("role == 'x'", "role is not an input of this table. Inputs are: amount, day, first, kind"),
        ("kind.matches('(a+)+$')", "matches is not available"),
        ("[1, 2].all(amount, amount > 0.0)", "all is not available"),
        ("[1].map(kind, [1].map(kind, kind)).size() > 0", "map is not available"),
        ("int(kind) > 1", "int is not available"),
        ("kind[0] == 'a'", "not available"),
        ("amount / 0.0 > 1.0", "_/_ is not available"),
        ("kind == 'a\\'b'", "Escapes are not used"),
        ("kind == r'a'", "A letter stands right before a text"),
        ("kind == '''a'''", "single quotation marks"),
        ("first // and more", "into the note"),
        ("`kind` == 'a'", "without quotation marks"),
        ("(" * 21 + "first" + ")" * 21, "21 deep; 20 are the most"),
        ("first || " * 60 + "first", "500 are the most"),
        ("day > kind", "day is a day"),
        ("day.startsWith('2026')", "day is a day"),
        ('day > "July"', "'July' is not a day"),
    ],
)
def test_what_is_refused(source, told):
    with pytest.raises(BadCondition, match=told.replace("(", r"\(").replace(")", r"\)")):
        language.read(source, NAMES, frozenset({"day"}))


def test_what_answers_neither_yes_nor_no_or_compares_unlike_things_says_so():
    with pytest.raises(TypeError, match="not yes or no"):
        holds("kind")
    with pytest.raises(TypeError, match="overload"):
        holds("kind < 5")


def test_the_longest_conditions_that_are_let_through_still_end():
    """The worst of each shape that fits: the parser and the evaluation stay within their means."""
    for source in (
        "(" * 20 + "first" + ")" * 20,
        "!" * 490 + "first",
        " || ".join(["first"] * 55),
        "+".join(["amount"] * 70) + " > 1.0",
        "? false:".join(["first"] * 35) + "? true : false",
    ):
        assert holds(source) in {True, False}
