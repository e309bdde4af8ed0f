"""Dropped files from the upload to the report: errors per row and per file, totals, reloading, companions, folders."""

import io
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.intake import exchange
from integration_hub.intake.actions import files
from integration_hub.intake.filedrop import load, report
from integration_hub.intake.models import FileDrop, Run, SourceVersion
from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.mapping.actions import mappings
from integration_hub.people.models import User
from integration_hub.work.inprocess import drain_once
from tests.integration.intake.conftest import GOOD, HEAD, MAPPING, Drop, Hours, applied
from tests.integration.intake.told import counted, open_cases, with_rule


def report_of(file: FileDrop) -> list[list[str]]:
    import csv

    return list(csv.reader(io.StringIO("".join(report.lines(file)).removeprefix("\ufeff"), newline="")))


# -- the way of a good file ------------------------------------------------------------------------------------------


def test_a_file_is_loaded_and_a_second_load_changes_nothing(drop: Drop, hours: Hours) -> None:
    file = drop(*GOOD)
    run = applied(file)
    assert (run.state, counted(run)) == ("done", {"read": 3, "applied": 3})
    assert hours.total == Decimal("3.75")
    assert file.state == "applied"
    before = list(SourceVersion.objects.order_by("pk").values())

    again = applied(drop(*GOOD))

    assert FileDrop.objects.count() == 1, "the same content is the same file"
    assert counted(again) == {"read": 3, "unchanged": 3}
    assert list(SourceVersion.objects.order_by("pk").values()) == before
    assert hours.deliveries == 3


def test_a_corrected_file_is_a_later_version_of_the_rows_it_changes(drop: Drop, hours: Hours) -> None:
    applied(drop(*GOOD))
    changed = [GOOD[0].replace("1.25", "2"), *GOOD[1:]]

    run = applied(drop(*changed))

    assert counted(run) == {"read": 3, "applied": 1, "unchanged": 2}
    assert hours.total == Decimal("4.50")
    assert SourceVersion.objects.filter(source_id="1-ann", status="applied", version="2").exists()


def test_an_old_file_dropped_again_puts_its_content_back_as_the_newest(drop: Drop, hours: Hours) -> None:
    applied(drop(*GOOD))
    applied(drop(GOOD[0].replace("1.25", "2"), *GOOD[1:]))

    applied(drop(*GOOD))

    assert hours.total == Decimal("3.75")
    assert [row.version for row in SourceVersion.objects.filter(source_id="1-ann").order_by("pk")] == ["1", "2", "3"]


def test_a_row_of_2100_hours_is_taken_as_it_is(drop: Drop, hours: Hours) -> None:
    assert counted(applied(drop(GOOD[0].replace("1.25", "2100.5")))) == {"read": 1, "applied": 1}
    assert hours.total == Decimal("2100.5")


def test_rows_outside_the_filter_are_counted(drop: Drop) -> None:
    assert counted(applied(drop(GOOD[0], GOOD[1].replace("work", "TEMPLATE")))) == {
        "read": 2,
        "applied": 1,
        "filtered": 1,
    }


def test_the_preview_shows_rows_and_problems_and_stores_nothing(drop: Drop) -> None:
    file = drop(GOOD[0], GOOD[1].replace("DONE", "MAYBE"), GOOD[2].replace("work", "TEMPLATE"), "4,ann")

    good, bad, left_out, ragged = files.preview(file=file)

    assert good.after is not None
    assert (good.number, good.after["source_id"], good.after["worked_on"]) == (2, "1-ann", "2026-03-01")
    assert good.before["Hours"] == "1.25"
    assert bad.after is None
    assert "MAYBE" in bad.problems[0].message
    assert left_out.filtered
    assert "has 2 columns" in ragged.problems[0].message
    assert SourceVersion.objects.count() == 0
    assert FileDrop.objects.get().state == "previewed"


def test_the_preview_works_with_a_draft(drop: Drop) -> None:
    file = drop(*GOOD)
    rules = [{**rule} for rule in MAPPING["entities"]["time_entry"]["rules"]]
    rules[4]["scale"] = "1"
    draft = mappings.create_draft(connection="files", entity="time_entry", rules=rules, by="system:test")

    rows = files.preview(file=file, mapping=draft, rows=1)

    assert [Decimal(row.after["minutes"]) for row in rows if row.after] == [Decimal("1.25")]


# -- rows that are wrong ---------------------------------------------------------------------------------------------


def test_bad_rows_are_named_by_row_column_value_and_remedy_and_good_ones_go_on(drop: Drop, hours: Hours) -> None:
    file = drop(
        GOOD[0],
        "5,ann,P1,31-Feb-26,1.25,DONE,work,no such day",
        "6,ann,P1,03-Mar-26,many,DONE,work,no number",
        "7,ann,,03-Mar-26,1,DONE,work,no project",
        "8,ann,P1,03-Mar-26,1,MAYBE,work,no such status",
        "9,ann,P1,03-Mar-26,1,DONE,work",
        GOOD[1],
    )

    run = applied(file)

    assert counted(run) == {"read": 7, "applied": 2, "refused": 5}
    head, *lines = report_of(file)
    assert head[:6] == ["row", "record", "column", "value", "message", "remedy"]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("3", "Day", "31-Feb-26"),
        ("4", "Hours", "many"),
        ("5", "Project", ""),
        ("6", "Status", "MAYBE"),
        ("7", "", ""),
    ]
    assert all(line[4] and line[5] for line in lines)
    assert len(open_cases("RECORD_REFUSED")) == 4
    assert len(open_cases("VALUE_UNMAPPED")) == 1


def test_a_negative_correction_is_a_record_like_any_other(drop: Drop, hours: Hours) -> None:
    applied(drop(GOOD[0].replace("1.25", "-1.25")))

    assert hours.total == Decimal("-1.25")


def test_loading_a_bad_file_again_counts_the_same_and_reports_the_same(drop: Drop) -> None:
    bad = [GOOD[0], "5,ann,P1,31-Feb-26,1.25,DONE,work,no such day", "6,ann"]
    first = applied(drop(*bad))
    lines = report_of(FileDrop.objects.get())

    again = applied(drop(*bad))

    assert counted(first) == {"read": 3, "applied": 1, "refused": 2}
    assert counted(again) == {"read": 3, "unchanged": 1, "refused": 2}
    assert report_of(FileDrop.objects.get()) == lines
    assert SourceVersion.objects.count() == 3


def test_a_corrected_file_heals_the_cases_of_the_broken_one(drop: Drop) -> None:
    applied(drop(GOOD[0], "2,ann,P1,31-Feb-26,1.25,DONE,work,fine", "3,ann"))
    assert len(open_cases("RECORD_REFUSED")) == 2

    applied(drop(*GOOD))

    assert open_cases("RECORD_REFUSED") == []


def test_a_wrong_encoding_spoils_only_the_rows_it_touches(drop: Drop) -> None:
    file = drop(GOOD[0], GOOD[1].replace("fine", "caf\xe9"), encoding="latin-1")

    assert counted(applied(file)) == {"read": 2, "applied": 1, "refused": 1}
    (line,) = report_of(file)[1:]
    assert (line[0], line[2]) == ("3", "Text")
    assert "0xE9" in line[4]


def test_the_report_is_safe_in_a_spreadsheet(drop: Drop) -> None:
    file = drop("5,ann,P1,=cmd|calc,1.25,DONE,work,x")
    applied(file)

    assert report_of(file)[1][3] == "'=cmd|calc"


def test_one_id_twice_with_other_content_is_named_with_both_rows(drop: Drop, hours: Hours) -> None:
    file = drop(GOOD[0], GOOD[1], GOOD[0].replace("1.25", "7"), GOOD[1])

    assert counted(applied(file)) == {"read": 4, "applied": 2, "unchanged": 1, "refused": 1}
    (line,) = report_of(file)[1:]
    assert line[0] == "4"
    assert "'1-ann' was in row 2 already" in line[4]
    assert counted(applied(file)) == {"read": 4, "unchanged": 3, "refused": 1}
    assert hours.total == Decimal("2.50")


def test_a_row_without_an_id_is_named(drop: Drop) -> None:
    file = drop(",,P1,03-Mar-26,1,DONE,work,x")
    exchange.imported(
        {**MAPPING, "entities": {"time_entry": with_rule("source_id", {"source": "Task"})}},
        author="system:a",
        publisher="system:b",
    )

    assert counted(applied(file)) == {"read": 1, "refused": 1}
    assert report_of(file)[1][4] == "is empty."


def test_rows_without_an_id_column_are_identified_by_file_and_row(drop: Drop, hours: Hours) -> None:
    by_row = "join('/', [_file, to_string(_row)])"
    exchange.imported(
        {
            **MAPPING,
            "entities": {"time_entry": with_rule("source_id", {"source": by_row})},
        },
        author="system:a",
        publisher="system:b",
    )

    assert counted(applied(drop(*GOOD))) == {"read": 3, "applied": 3}
    assert sorted(hours.entries) == ["hours.csv/1", "hours.csv/2", "hours.csv/3"]


def test_a_version_column_orders_what_files_say(drop: Drop, hours: Hours) -> None:
    entity = MAPPING["entities"]["time_entry"]
    rules = [*entity["rules"], {"target": "version", "source": "Kind"}]
    exchange.imported(
        {**MAPPING, "entities": {"time_entry": {**entity, "rules": rules}}}, author="system:a", publisher="system:b"
    )
    applied(drop(GOOD[0].replace("work", "2")))

    assert counted(applied(drop(GOOD[0].replace("work", "1").replace("1.25", "9")))) == {"read": 1, "stale": 1}
    assert counted(applied(drop(GOOD[0].replace("work", "2").replace("1.25", "9")))) == {"read": 1, "conflicts": 1}
    assert hours.total == Decimal("1.25")


# -- files that are wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD.replace("Hours", "Hrs"), "has no column 'Hours'"),
        (HEAD.replace(",", ";"), "the delimiter is not ','"),
        (HEAD.replace("Who", "Task"), "names Task more than once"),
    ],
)
def test_a_file_that_does_not_fit_its_mapping_is_refused_as_a_whole(drop: Drop, head: str, said: str) -> None:
    file = drop(*GOOD, head=head)

    run = applied(file)

    assert (run.state, file.state) == ("failed", "refused")
    assert said in file.problem
    assert said in open_cases("FILE_REFUSED")[0].detail
    assert SourceVersion.objects.count() == 0

    applied(drop(*GOOD))
    assert open_cases("FILE_REFUSED") == [], "a readable file of the same name heals it"


def test_a_refused_file_is_applied_after_its_mapping_was_corrected(drop: Drop, hours: Hours) -> None:
    file = drop(*GOOD, head=HEAD.replace("Hours", "Hrs"))
    assert applied(file).state == "failed"
    exchange.imported(
        {**MAPPING, "entities": {"time_entry": with_rule("minutes", {"source": "Hrs"})}},
        author="system:a",
        publisher="system:b",
    )

    assert applied(file).applied == 3
    assert file.state == "applied"


def test_a_file_for_an_unknown_entity_is_refused(folder_connection: Connection) -> None:
    with pytest.raises(NotReady, match="'expense'"):
        files.drop(connection=folder_connection, entity="expense", name="a", stream=io.BytesIO(b"x"), by="system:test")


def test_a_path_in_the_name_is_only_a_name(drop: Drop) -> None:
    assert drop(*GOOD, name="..\\..\\etc/passwd.csv").name == "passwd.csv"


def test_only_who_may_drops(drop: Drop, folder_connection: Connection) -> None:
    nobody = User.objects.create_user("nobody", "n@example.org", "x")

    with pytest.raises(Denied):
        drop(*GOOD, by=nobody)
    with pytest.raises(Denied):
        files.apply(file=drop(*GOOD), by=nobody)


# -- control totals --------------------------------------------------------------------------------------------------


def test_totals_that_agree(drop: Drop) -> None:
    run = applied(drop(*GOOD, totals={"records": 3, "sums": {"Hours": "3.75"}}))

    assert run.control_totals == {"sums": {"Hours": "3.75"}, "problems": []}
    assert run.error == ""


def test_totals_that_differ_are_a_case_and_no_silence(drop: Drop) -> None:
    run = applied(drop(*GOOD, totals={"records": 4, "sums": {"Hours": "4", "Miles": "1"}}))

    assert run.state == "done"
    assert [problem["field"] for problem in run.control_totals["problems"]] == ["records", "Hours", "Miles"]
    assert "the manifest says 4, 3 were read." in run.error
    assert len(open_cases("CONTROL_TOTAL")) == 1

    applied(drop(*GOOD, totals={"records": 3, "control_totals": {"Hours": "3.75"}}))
    assert open_cases("CONTROL_TOTAL") == []


def test_refused_rows_count_into_the_totals_of_what_was_read(drop: Drop) -> None:
    run = applied(drop(GOOD[0], GOOD[1].replace("P1", ""), totals={"records": 2, "sums": {"Hours": "2.50"}}))

    assert (run.refused, run.error) == (1, "")


@pytest.mark.parametrize("totals", [{"bytes": 1}, {"sha256": "0" * 64}])
def test_a_file_damaged_on_its_way_is_not_kept(drop: Drop, totals: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="Send the file again"):
        drop(*GOOD, totals=totals)
    assert FileDrop.objects.count() == 0


@pytest.mark.parametrize("totals", [{"records": "many"}, {"sums": {"Hours": "x"}}, {"sums": [1]}])
def test_a_manifest_that_cannot_be_read_is_refused(drop: Drop, totals: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="Manifest of hours"):
        drop(*GOOD, totals=totals)


# -- companions ------------------------------------------------------------------------------------------------------


def test_a_companion_is_part_of_the_file(drop: Drop, hours: Hours) -> None:
    head = HEAD.replace("Day,", "")
    lines = [line.replace(f"0{number}-Mar-26,", "") for number, line in enumerate(GOOD, start=1)]

    def with_days(days: str) -> FileDrop:
        other = files.Companion("days.csv", io.BytesIO(days.encode()), "Task")
        return drop(*lines, head=head, companion=other)

    days = "Task,Day\n3,03-Mar-26\n1,01-Mar-26\n2,02-Mar-26\n"
    first = with_days(days)
    assert counted(applied(first)) == {"read": 3, "applied": 3}
    assert with_days(days) == first
    other = with_days(days.replace("03-Mar", "04-Mar"))
    assert other != first
    assert counted(applied(other)) == {"read": 3, "applied": 1, "unchanged": 2}


# -- in the background -----------------------------------------------------------------------------------------------


def test_the_bulk_stage_loads_in_slices_and_counts_once(
    drop: Drop, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "PAGE", 1)
    monkeypatch.setattr(load, "BUDGET_SECONDS", -1.0)

    run = files.apply(file=drop(*GOOD, totals={"records": 3, "sums": {"Hours": "3.75"}}), by="system:test")
    drain_once()

    run.refresh_from_db()
    assert (run.state, counted(run), run.error) == ("done", {"read": 3, "applied": 3}, "")
    assert hours.deliveries == 3


def test_a_long_file_is_loaded_to_its_end_before_the_next_one(
    drop: Drop, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later file may point to rows that are still to come from an earlier one."""
    monkeypatch.setattr(load, "PAGE", 1)
    monkeypatch.setattr(load, "BUDGET_SECONDS", -1.0)
    later = [line.replace("ann", "bob") for line in GOOD]

    for name, lines in (("march.csv", GOOD), ("april.csv", later)):
        files.apply(file=drop(*lines, name=name), by="system:test")
    drain_once()

    assert [source_id.partition("-")[2] for source_id in hours.entries] == ["ann"] * 3 + ["bob"] * 3


def test_a_crash_between_pages_goes_on_after_the_last_one(
    drop: Drop, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    monkeypatch.setattr(load, "PAGE", 1)
    file = drop(*GOOD, totals={"records": 3, "sums": {"Hours": "3.75"}})
    pages = iter([None, OperationalError("gone")])

    def crash(done: int) -> None:
        if error := next(pages):
            raise error

    with pytest.raises(OperationalError):
        files.apply_now(file=file, by="system:test", progress=crash)
    left = Run.objects.get()
    assert (left.state, left.read, left.control_totals["sums"]) == ("running", 2, {"Hours": "2.50"})

    run = files.apply_now(file=file, by="system:test")

    assert run.pk == left.pk
    assert (counted(run), run.control_totals["sums"], run.error) == ({"read": 3, "applied": 3}, {"Hours": "3.75"}, "")
    assert hours.deliveries == 3


def test_two_loads_of_one_run_do_not_count_twice(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PAGE", 1)
    file = drop(*GOOD)
    others = iter([True])

    def meanwhile(done: int) -> None:
        if next(others, False):
            files.apply_now(file=file, by="system:test")

    with pytest.raises(load.Overtaken):
        files.apply_now(file=file, by="system:test", progress=meanwhile)

    assert counted(Run.objects.get()) == {"read": 3, "applied": 3}
