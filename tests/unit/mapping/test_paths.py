"""Where a value is found: JMESPath, plain columns, and columns that look like expressions."""

import pytest

from integration_hub.mapping import paths


@pytest.mark.parametrize(
    ("source", "raw", "expected"),
    [
        ("name", {"name": "x"}, "x"),
        ("a.b", {"a": {"b": 1}}, 1),
        ("Start Date", {"Start Date": "2026"}, "2026"),
        ("Hours (decimal)", {"Hours (decimal)": 7}, 7),
        ("Invoice No.", {"Invoice No.": "7"}, "7"),
        ("Type-Code", {"Type-Code": "T"}, "T"),
        ("PO.Number", {"PO.Number": "77", "PO": {"Number": "88"}}, "77"),
        ("PO.Number", {"PO": {"Number": "88"}}, "88"),
        ('"Cost [EUR]"', {"Cost [EUR]": 3}, 3),
        ("a || b", {"b": 2}, 2),
        ("join('-', [a, b])", {"a": "1", "b": "2"}, "1-2"),
        ("refs[?kind=='x'] | [0].id", {"refs": [{"kind": "y", "id": 1}, {"kind": "x", "id": 2}]}, 2),
        ("missing", {}, None),
        ("Not There", {}, None),
    ],
)
def test_finds(source: str, raw: dict[str, object], expected: object) -> None:
    assert paths.finder(source)(raw) == expected


@pytest.mark.parametrize("source", ["a[", "a..b", ".a", "refs[?kind=]", "Cost [EUR]", "a ||", "glue('-', [a])"])
def test_expressions_with_mistakes_are_refused(source: str) -> None:
    with pytest.raises(paths.BadPath, match="JMESPath"):
        paths.finder(source)


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("Hours (decimal)", {"Hours (decimal)"}),
        ("Name", {"Name"}),
        ("Name || ContractNumber", {"Name", "ContractNumber"}),
        ("Account.Name", {"Account.Name"}),
        ("Contract__c || Contract_Line__r.Contract__c", {"Contract__c", "Contract_Line__r.Contract__c"}),
        ("join('-', [a, b.c])", {"a", "b.c"}),
        ("refs[?kind=='x'] | [0].id", {"refs"}),
        ("refs[0].id", {"refs"}),
        ("refs[].id", {"refs"}),
        ("(approved && 'yes') || submission.status", {"approved", "submission.status"}),
        ("{a: b, c: d.e}", {"b", "d.e"}),
        ("!disabled", {"disabled"}),
        ("arlocked == 'T'", {"arlocked"}),
        ("Start Date", {"Start Date"}),
        ("'constant'", set()),
        ("@", set()),
    ],
)
def test_fields_are_what_a_vendor_must_be_asked_for(source: str, fields: set[str]) -> None:
    assert paths.fields_of(source) == fields


@pytest.mark.parametrize(
    ("source", "raw", "passes"),
    [
        ("kind == 'hour'", {"kind": "hour"}, True),
        ("kind == 'hour'", {"kind": "day"}, False),
        ("amount", {"amount": 0}, True),
        ("amount", {"amount": ""}, False),
        ("amount", {}, False),
        ("flag", {"flag": False}, False),
        ("\"Row Type\" != 'total'", {"Row Type": "line"}, True),
    ],
)
def test_a_row_filter_knows_what_is_true(source: str, raw: dict[str, object], passes: bool) -> None:
    assert paths.condition(source)(raw) is passes
