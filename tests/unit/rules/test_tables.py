"""Tables: the first rule that holds decides; the checks find what nobody would see by reading."""

import pytest

from integration_hub.rules import checks, tables
from integration_hub.rules.checks import Case
from integration_hub.rules.tables import Input, Kind, NoRule, Output, RuleSpec, Value


def says(answer, *roles):
    return {"answer": answer, "roles": ",".join(roles)}


KIND = Kind(
    name="test.kind",
    title="Test",
    about="For tests.",
    inputs=(
        Input("kind", "Kind", values=("time", "expense")),
        Input("amount", "Amount", "number"),
        Input("day", "Day", "day"),
        Input("task", "Task"),
    ),
    outputs=(
        Output("answer", "Answer", ("yes", "no")),
        Output("roles", "Roles", ("a", "b"), many=True, required=False),
    ),
    delivered=(RuleSpec("kind == 'time'", says("yes")), RuleSpec("", says("no"), "All else")),
)
ALL: dict[str, Value] = {"kind": "time", "amount": 5.0, "day": "2026-07-01", "task": ""}


def report(*rules, cases=()):
    return checks.check(KIND, [RuleSpec(condition, outputs) for condition, outputs in rules], cases)


def told(found):
    return [str(problem) for problem in found.problems]


def test_the_first_rule_that_holds_decides_and_says_which_it_was():
    answer = tables.delivered(KIND).decide({**ALL, "kind": "expense"})
    assert (answer["answer"], answer.rule, answer.version, answer.note) == ("no", 2, 0, "All else")
    assert answer.facts() == {
        "answer": "no", "roles": "", "table": "test.kind", "version": 0, "rule": 2, "note": "All else",
    }  # fmt: skip
    own = tables.compiled(KIND, KIND.delivered, legal_entity="US01", version=3).decide(ALL)
    assert own.told() == "rule 1 of test.kind:US01, version 3"


def test_a_table_that_does_not_decide_says_so_instead_of_guessing():
    table = tables.compiled(KIND, [RuleSpec("kind == 'expense'", says("no"))])
    with pytest.raises(NoRule, match="No rule of test.kind"):
        table.decide(ALL)
    broken = tables.compiled(KIND, [RuleSpec("task < 5", says("no"))])
    with pytest.raises(NoRule, match="Rule 1 of test.kind cannot be asked"):
        broken.decide(ALL)


def test_a_table_without_mistakes():
    found = report(("amount > 100.0 && kind == 'time'", says("yes", "a", "b")), ("", says("no")))
    assert (found.problems, found.remarks, found.proven) == ((), (), True)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([], "The table has no rules"),
        ([("kind == 'time'", says("yes"))], "The last rule has a condition"),
        ([("", says("maybe"))], "'maybe' is not allowed. Use yes, no"),
        ([("", says("yes", "c"))], "'c' is not allowed"),
        ([("", {"roles": ""})], "Answer: it says nothing"),
        ([("", {**says("yes"), "more": "x"})], "more is not something this table says"),
        ([("nobody == 1", says("yes")), ("", says("no"))], "nobody is not an input"),
        ([("task < 5", says("yes")), ("", says("no"))], "Rule 1: It cannot be asked"),
        ([("kind == 'expense' && task < 5", says("yes")), ("", says("no"))], "Rule 1: It cannot be asked"),
        (
            [("amount > 5.0", says("yes")), ("amount > 7.0", says("no")), ("", says("no"))],
            "Rule 2: It is never reached",
        ),
        ([("kind == 'fee'", says("yes")), ("", says("no"))], "Rule 1: It is never reached"),
        ([("", says("yes")), ("kind == 'time'", says("no")), ("", says("no"))], "Rule 2: It is never reached"),
        (
            [('day >= "2026-07-01"', says("yes")), ('day > "2026-07-01"', says("no")), ("", says("no"))],
            "Rule 2: It is never reached",
        ),
    ],
)
def test_mistakes_that_stop_a_table(rules, problem):
    assert any(problem in text for text in told(report(*rules))), told(report(*rules))


@pytest.mark.parametrize("beyond", ["amount > 7.0", "amount < 5.0001", "amount == 5.5", "-amount > 1.0"])
def test_a_rule_that_some_amount_reaches_is_not_called_unreachable(beyond):
    assert told(report(("amount == 5.0 || amount > 9.0", says("yes")), (beyond, says("no")), ("", says("yes")))) == []


def test_rules_that_overlap_with_another_answer_are_shown_with_an_example():
    found = report(("kind == 'time'", says("yes")), ("amount > 9.0", says("no")), ("", says("yes")))
    (remark,) = found.remarks
    assert remark.startswith("Rules 1 and 2 both hold and answer differently; 1 decides. E.g. amount 10.0")
    assert report(("kind == 'time'", says("yes")), ("amount > 9.0", says("yes")), ("", says("no"))).remarks == ()


def test_what_cannot_be_tried_in_full_is_said_and_stops_nothing():
    loose = report(("task.startsWith('x')", says("yes")), ("task.startsWith('xy')", says("no")), ("", says("no")))
    assert (loose.problems, loose.proven) == ((), False)


def test_test_rows_state_what_they_care_about():
    rules = (("amount > 100.0", says("yes")), ("", says("no")))
    good = Case({"amount": 101}, {"answer": "yes"}, "large")
    assert told(report(*rules, cases=[good])) == []
    for case, problem in (
        (Case({"amount": 1.0}, {"answer": "yes"}, "small"), "small: answer should be yes and is no, by rule 2"),
        (Case({"amount": "1"}, {"answer": "yes"}, "text"), "text: amount is not a number"),
        (Case({"kind": "fee"}, {"answer": "yes"}, "fee"), "fee: kind is 'fee', which it cannot be"),
        (Case({"size": 1}, {"answer": "yes"}, "size"), "size: size is not an input"),
    ):
        assert any(problem in text for text in told(report(*rules, cases=[case])))


def test_days_that_conditions_name_are_known():
    table = tables.compiled(KIND, [RuleSpec('day >= "2026-07-01" && task == "2025-01-01"', says("yes"))])
    assert {day.isoformat() for day in table.days} >= {"2026-07-01"}
    assert tables.delivered(KIND).days == frozenset()
