"""From a source record to its meaning: rules, value maps, filters, and problems in words."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_hub import canonical
from integration_hub.connectors.registry import DEFAULT_MAPPINGS
from integration_hub.mapping.apply import translate
from integration_hub.mapping.checks import problems_of
from integration_hub.mapping.compile import Compiled, MappingSpec, RuleSpec, ValueTable, compile_mapping, spec_from_data

HOURS = (
    RuleSpec("source_id", "join('-', [Employee, Date])"),
    RuleSpec("version", constant="1"),
    RuleSpec("project_id", "Project Code", required=True),
    RuleSpec("resource_id", "Employee", required=True),
    RuleSpec("worked_on", "Date", kind="date", date_format="%d-%b-%y", required=True),
    RuleSpec("minutes", "Hours (decimal)", kind="decimal", decimal_comma=True, scale=Decimal(60), required=True),
    RuleSpec("billable", "Billable", kind="boolean", default="yes"),
    RuleSpec("approval", "State", values=ValueTable("state", {"OK": "approved", "NEW": "submitted"})),
    RuleSpec("category", "Type", values=ValueTable("category", {"x": "Travel"}, refuse=False)),
)


def _compiled(*rules: RuleSpec, row_filter: str = "") -> Compiled:
    return compile_mapping(MappingSpec("legacy", "time_entry", 3, rules or HOURS, row_filter))


def _row(**more: Any) -> dict[str, Any]:
    row = {
        "Employee": "E7",
        "Project Code": "P-1",
        "Date": "13-Aug-15",
        "Hours (decimal)": "7,75",
        "Billable": "",
        "State": "OK",
        "Type": "consulting",
    }
    return row | {name.replace("_", " "): value for name, value in more.items()}


def test_a_row_becomes_a_time_entry() -> None:
    made = translate(_compiled(), _row())
    assert made.problems == ()
    record = made.record
    assert isinstance(record, canonical.TimeEntry)
    assert record.source_id == "E7-13-Aug-15"
    assert record.worked_on == date(2015, 8, 13)
    assert record.minutes == Decimal(465)
    assert record.billable is True, "empty takes the default"
    assert record.approval == "approved"
    assert record.category == "consulting", "a map that keeps leaves unknown values alone"


def test_rules_for_id_and_version_win_over_the_connectors() -> None:
    made = translate(_compiled(), _row(), source_id="other", version="9")
    assert made.record is not None
    assert (made.record.source_id, made.record.version) == ("E7-13-Aug-15", "1")


def test_deleted_is_passed_on() -> None:
    made = translate(_compiled(), _row(), deleted=True)
    assert made.record is not None
    assert made.record.deleted


def test_unknown_value_names_field_value_and_remedy() -> None:
    made = translate(_compiled(), _row(State="WEIRD"))
    assert made.code == "VALUE_UNMAPPED"
    (problem,) = made.problems
    assert problem.field == "approval"
    assert "'WEIRD' (State)" in problem.message
    assert "value map 'state' of legacy" in problem.remedy
    assert made.unmapped[0].root_cause == "legacy:state:WEIRD"


def test_all_problems_of_a_row_are_told_at_once() -> None:
    made = translate(_compiled(), _row(Date="2015-08-13", State="", **{"Project Code": " "}))
    told = {problem.field: problem for problem in made.problems}
    assert set(told) == {"worked_on", "project_id"}
    assert "%d-%b-%y" in told["worked_on"].message
    assert "Date" in told["worked_on"].remedy
    assert "Project Code" in told["project_id"].remedy
    assert made.code == "RECORD_REFUSED"


def test_what_the_canonical_model_refuses_names_the_source() -> None:
    made = translate(_compiled(), _row(State=""))
    (problem,) = made.problems
    assert (problem.field, problem.message) == ("approval", "is missing.")
    assert "State" in problem.remedy
    assert made.record is None


def test_a_field_without_a_rule_says_so() -> None:
    made = translate(_compiled(*(rule for rule in HOURS if rule.target != "minutes")), _row())
    assert "Add a rule for minutes" in made.problems[0].remedy


def test_rules_between_fields_are_told_about_the_record() -> None:
    rules = (
        RuleSpec("contract_id", "c"),
        RuleSpec("rate", "r", kind="decimal"),
        RuleSpec("currency", constant="EUR"),
        RuleSpec("valid_from", "f", kind="date"),
        RuleSpec("valid_to", "t", kind="date"),
    )
    mapping = compile_mapping(MappingSpec("legacy", "rate_item", 1, rules))
    made = translate(mapping, {"c": "1", "r": "5", "f": "2026-02-01", "t": "2026-01-01"}, source_id="1", version="1")
    assert "valid_to is before valid_from" in made.problems[0].message
    assert made.problems[0].remedy == "Correct the record in its source."
    made = translate(mapping, {"c": "1", "r": "-5", "f": "2026-02-01"}, source_id="1", version="1")
    assert "greater than 0" in made.problems[0].message


def test_a_filtered_row_is_left_out_not_refused() -> None:
    made = translate(_compiled(row_filter="Billable != 'never'"), _row(Billable="never", State="WEIRD"))
    assert made.filtered
    assert made.problems == ()
    assert made.record is None


def test_a_value_mapped_to_nothing_is_empty() -> None:
    table = ValueTable("state", {"OK": "approved", "-": ""})
    rules = tuple(rule for rule in HOURS if rule.target != "approval")
    mapping = _compiled(*rules, RuleSpec("approval", "State", values=table, default="draft"))
    record = translate(mapping, _row(State="-")).record
    assert isinstance(record, canonical.TimeEntry)
    assert record.approval == "draft"


def test_booleans_are_mapped_by_their_json_words() -> None:
    table = ValueTable("state", {"true": "approved", "false": "draft"})
    rules = tuple(rule for rule in HOURS if rule.target != "approval")
    record = translate(_compiled(*rules, RuleSpec("approval", "ok", values=table)), {**_row(), "ok": False}).record
    assert isinstance(record, canonical.TimeEntry)
    assert record.approval == "draft"


def test_lists_go_through_as_they_are() -> None:
    rules = (RuleSpec("state", constant="approved"), RuleSpec("entry_ids", "lines[].id", kind="as_is"))
    mapping = compile_mapping(MappingSpec("psa", "time_approval", 1, rules))
    record = translate(mapping, {"lines": [{"id": "1"}, {"id": "2"}]}, source_id="s", version="1").record
    assert isinstance(record, canonical.TimeApproval)
    assert record.entry_ids == ("1", "2")
    broken = translate(mapping, {"lines": [{"id": 1}]}, source_id="s", version="1")
    assert broken.problems[0].field == "entry_ids.0"


def test_an_expression_that_does_not_fit_a_record_is_a_problem_of_that_record() -> None:
    made = translate(_compiled(), {**_row(), "Date": None})
    told = {problem.field: problem for problem in made.problems}
    assert "cannot be read" in told["source_id"].message
    assert "legacy time_entry v3" in told["source_id"].remedy
    filtered = translate(_compiled(row_filter="contains(Type, 'x')"), _row(Type=None))
    assert (filtered.code, filtered.problems[0].field) == ("RECORD_REFUSED", "row_filter")


def test_the_mapping_knows_which_fields_it_reads() -> None:
    fields = _compiled(row_filter="Kind == 'T'").fields
    assert fields == ("Billable", "Date", "Employee", "Hours (decimal)", "Kind", "Project Code", "State", "Type")


@pytest.mark.parametrize("vendor", ["salesforce", "kantata", "netsuite"])
def test_every_default_mapping_could_be_published(vendor: str) -> None:
    default = DEFAULT_MAPPINGS.get(vendor)
    for entity in default["entities"]:
        spec = spec_from_data(vendor, entity, default)
        assert problems_of(entity, spec.row_filter, spec.rules) == [], f"{vendor} {entity}"
        compile_mapping(spec)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (RuleSpec("hours", "h"), "is not a field of time_entry"),
        (RuleSpec("minutes", "a["), "not a JMESPath"),
        (RuleSpec("minutes"), "no source, no constant and no default"),
        (RuleSpec("notes", "n", scale=Decimal(2)), "is not a number"),
        (RuleSpec("notes", "n", decimal_comma=True), "is not a number"),
        (RuleSpec("notes", "n", date_format="%d"), "is not a date"),
        (RuleSpec("worked_on", "d", kind="date", date_format="%d"), "is not a date format"),
        (RuleSpec("minutes", "m", kind="decimal", default="many"), "the default 'many' is not a number"),
        (RuleSpec("worked_on", constant="today", kind="date"), "the constant 'today' is not an ISO"),
    ],
)
def test_a_rule_that_cannot_work_is_told_before_publishing(rule: RuleSpec, says: str) -> None:
    found = [problem for problem in problems_of("time_entry", "", (rule,)) if "no rule fills" not in problem.message]
    assert any(says in problem.message for problem in found), found


def test_missing_fields_unknown_entities_and_bad_filters_are_told() -> None:
    told = {problem.field for problem in problems_of("time_entry", "", (RuleSpec("minutes", "m"),))}
    assert told == {"project_id", "resource_id", "worked_on", "approval"}
    assert problems_of("nonsense", "", ())[0].field == "entity"
    assert problems_of("time_entry", "a ==", HOURS)[0].field == "row_filter"
