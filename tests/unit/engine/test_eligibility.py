"""Which line takes the work."""

from datetime import date

from billing.engine.decide import decide
from billing.engine.values import EligibilityRow
from tests.unit.engine.build import d, line, money, only, rate, terms, time

RATES = (rate(1, "100"),)
LINES = (line(1), line(2, "included"), line(3, "milestone"), line(4, "expense"))


def rule(id, line_id=1, **kwargs):  # noqa: A002
    return EligibilityRow(id=id, line_id=line_id, **kwargs)


def under(*rules, lines=LINES, **work):
    piece = only(terms(lines=lines, rates=RATES, eligibility=rules), time(1, **work))
    return piece.codes[0] if piece.codes else (piece.state, piece.line_id)


def test_the_most_specific_rule_wins():
    rules = (rule(1), rule(2, 2, role="trainee"), rule(3, 3, role="trainee", project_id=8))
    assert under(*rules) == ("billable", 1)
    assert under(*rules, role="trainee") == ("included", 2)
    assert under(*rules, role="trainee", project_id=8) == ("included", 3)


def test_rules_look_at_the_role_of_the_person_when_the_entry_names_none():
    assert under(rule(1), rule(2, 2, role="trainee"), resource_default_role="trainee") == ("included", 2)


def test_task_and_category_match_too():
    assert under(rule(1), rule(2, 2, task_code="support"), task_code="support") == ("included", 2)
    assert under(rule(1), rule(2, 2, category="travel"), category="travel") == ("included", 2)


def test_equally_specific_rules_that_disagree_are_ambiguous():
    assert under(rule(1, 1, role="pm"), rule(2, 2, project_id=8), role="pm", project_id=8) == "MAP_AMBIGUOUS"


def test_equally_specific_rules_that_agree_are_not():
    assert under(rule(1, 1, role="pm"), rule(2, 1, project_id=8), role="pm", project_id=8) == ("billable", 1)


def test_no_rule_is_missing():
    assert under(rule(1, 1, role="pm"), role="architect") == "MAP_MISSING"


def test_rules_may_include_or_exclude_without_a_line():
    included = rule(1, None, chargeability="included")
    assert under(included) == ("included", None)
    assert under(rule(1, None, chargeability="non_chargeable")) == "NON_BILLABLE"
    assert under(rule(1, 1, chargeability="included")) == ("included", 1)


def test_a_line_that_cannot_take_the_work_does_not_fall_back_to_a_broader_rule():
    lines = (line(1), line(2, ends_on=date(2026, 1, 31)))
    assert under(rule(1), rule(2, 2, role="pm"), lines=lines, role="pm") == "MAP_MISSING"


def test_the_successor_takes_over_from_the_line_that_ended():
    lines = (line(1, ends_on=date(2026, 1, 31), status="ended"), line(2, starts_on=date(2026, 2, 1)))
    rules = (rule(1, 1, role="pm"), rule(2, 2, project_id=8))
    assert under(*rules, lines=lines, role="pm", project_id=8) == ("billable", 2)
    assert under(*rules, lines=lines, role="pm", project_id=8, on=date(2026, 1, 31)) == ("billable", 1)


def test_every_rule_seen_says_why_it_lost():
    lines = (
        line(1),
        line(2, status="suspended"),
        line(3, status="ended"),
        line(4, "expense"),
        line(5, starts_on=date(2027, 1, 1)),
    )
    rules = (
        rule(9),
        *(rule(number, number, role="pm") for number in (2, 3, 4, 5)),
        rule(6, 77, role="pm"),
        rule(7, None, role="pm"),
        rule(8, 1, category="c"),
    )
    [decision] = decide(terms(lines=lines, rates=RATES, eligibility=rules), [time(1, role="pm", category="c")])
    assert {row["id"]: row["reason"] for row in decision.trace["eligibility"]["considered"]} == {
        2: "the line is suspended",
        3: "the line has ended",
        4: "the line bills expenses, not time",
        5: "the line starts on 2027-01-01",
        6: "its line is not in this version",
        7: "names no line",
        8: "applies",
        9: "a more specific rule applies",
    }
    assert decision.pieces[0].line_id == 1


def test_ambiguous_rules_are_named_in_the_trace():
    rules = (rule(1, 1, role="pm"), rule(2, 2, project_id=8))
    [decision] = decide(terms(lines=LINES, eligibility=rules), [time(1, role="pm", project_id=8)])
    reasons = {row["reason"] for row in decision.trace["eligibility"]["considered"]}
    assert reasons == {"another rule, as specific, answers differently"}


def test_without_rules_the_only_line_for_time_takes_it():
    assert under(lines=(line(1), line(3, "milestone"), line(4, "expense"))) == ("billable", 1)
    assert under(lines=(line(2, "included"),)) == ("included", 2)
    bucket = line(5, "retainer_hours", included_minutes=d(600))
    assert under(lines=(bucket, line(3, "milestone"))) == ("included", 5)


def test_without_rules_two_lines_are_ambiguous_and_none_is_missing():
    assert under() == "MAP_AMBIGUOUS"
    assert under(lines=(line(3, "milestone"), line(4, "expense"))) == "MAP_MISSING"


def test_expenses_have_their_own_rules():
    agreed = terms(lines=LINES, rates=RATES, eligibility=(rule(1, 1),))
    assert only(agreed, money(1, "expense", "20")).line_id == 4


def test_a_line_the_work_names_decides():
    assert under(rule(1, 1), line_id=2) == ("included", 2)
    assert under(rule(1, 1), line_id=4) == "MAP_MISSING"
    assert under(rule(1, 1), line_id=99) == "MAP_MISSING"
    assert under(rule(1, 2, project_id=8, chargeability="included"), line_id=1, project_id=8) == ("billable", 1)


def test_a_named_line_does_not_overrule_what_the_contract_gives_away():
    free = rule(1, None, category="travel", chargeability="non_chargeable")
    assert under(free, line_id=1, category="travel") == "NON_BILLABLE"
    assert under(free, line_id=1) == ("billable", 1)
    trainee = rule(2, 1, role="trainee", chargeability="included")
    assert under(trainee, line_id=1, role="trainee") == ("included", 1)
    assert under(free, trainee, line_id=1, role="trainee", category="travel") == "MAP_AMBIGUOUS"
    paid = rule(3, 1, role="trainee", category="travel")
    assert under(free, trainee, paid, line_id=1, role="trainee", category="travel") == ("billable", 1)


def test_an_expense_follows_its_task_only_to_a_line_for_expenses():
    taxi = money(1, "expense", "50", line_id=1)
    assert only(terms(lines=LINES), taxi).line_id == 4
    assert only(terms(lines=(line(1, expense_rule="at_cost"), line(4, "expense"))), taxi).line_id == 1
    assert only(terms(lines=(line(1),)), taxi).codes == ("MAP_MISSING",)
    assert only(terms(lines=LINES), money(1, "expense", "50", line_id=99)).line_id == 4


def test_time_under_a_fixed_price_is_included():
    assert under(rule(1, 3)) == ("included", 3)
    assert under(rule(1, 5), lines=(line(5, "fixed_schedule"),)) == ("included", 5)


def test_the_trace_lists_rules_by_id_whatever_their_order():
    rules = (rule(1, 1, role="pm"), rule(2, 1, project_id=8), rule(3, 2))
    agreed = [terms(lines=LINES, rates=RATES, eligibility=order) for order in (rules, rules[::-1])]
    assert decide(agreed[0], [time(1, role="pm", project_id=8)]) == decide(
        agreed[1], [time(1, role="pm", project_id=8)]
    )


def test_a_line_takes_its_last_day_and_not_the_next_within_one_decision():
    lines = (line(1, ends_on=date(2026, 3, 31)),)
    works = [time(1, on=date(2026, 3, 31)), time(2, on=date(2026, 4, 1))]
    found = decide(terms(lines=lines, rates=RATES), works)
    assert [decision.pieces[0].state for decision in found] == ["billable", "blocked"]
