"""Every malformed, unsigned, oversized, replayed, late or contradictory input ends as a named refusal or case.

One table for each door: what comes, and the name under which somebody finds it. Nothing of it becomes applied, and the
good record beside it does.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration_hub.cases.models import Case
from integration_hub.connectors.registry import Page, RawRecord
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed, SourceVersion
from integration_hub.kernel.errors import BadInput
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.work.inprocess import drain_once
from tests.integration.intake.conftest import HEAD, Drop, FakeVendor, Hours, World, applied, gone, task


def names() -> set[str]:
    return set(Case.objects.exclude(status="resolved").values_list("code", flat=True))


def read(world: World) -> None:
    feeds.run_now(feed_id=world.feed.pk, by="system:test")
    drain_once()


RECORDS: dict[str, tuple[list[RawRecord], str, str]] = {
    "no id": ([task("")], "refused", "RECORD_REFUSED"),
    "an id no database takes": ([task("a\0b")], "refused", "RECORD_REFUSED"),
    "an id of 300 characters": ([task("x" * 300)], "refused", "RECORD_REFUSED"),
    "a version of 300 characters": ([task("1", "9" * 300)], "refused", "RECORD_REFUSED"),
    "a NUL in a text": ([task("1", code="T\0")], "refused", "RECORD_REFUSED"),
    "half a character": ([task("1", code="\ud83d")], "refused", "RECORD_REFUSED"),
    "not a number": ([task("1", points=float("nan"))], "refused", "RECORD_REFUSED"),
    "infinite": ([task("1", points=float("inf"))], "refused", "RECORD_REFUSED"),
    "a field too long": ([task("1", code="x" * 500)], "refused", "RECORD_REFUSED"),
    "a required field missing": ([task("1", code=None)], "refused", "RECORD_REFUSED"),
    "an object where a text is expected": ([task("1", code={"a": 1})], "refused", "RECORD_REFUSED"),
    "a value nobody mapped": ([task("1", name="Paint")], "refused", "VALUE_UNMAPPED"),
    "a parent that has not come": ([task("1", project="P9")], "parked", ""),
    "two contents of one version": ([task("1"), task("1", code="other")], "conflict", "SOURCE_CONFLICT"),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_that_cannot_be_taken_has_a_name_and_its_neighbour_is_taken(
    world: World, vendor: FakeVendor, what: str
) -> None:
    records, status, code = RECORDS[what]
    vendor.script = [Page([*records, task("good", "1")], {"after": 1}, True)]

    read(world)

    assert [entry[0] for entry in world.receiver.applied] == ["good"]
    rows = SourceVersion.objects.exclude(source_id="good")
    assert {row.status for row in rows} == {status}
    assert rows.count() == len(records), "it is kept as it came"
    assert names() == ({code} if code else set())


def test_late_replayed_and_contradictory_records_change_nothing(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1", "2"), gone("2", "3")], {"after": 1}, True)]
    read(world)
    before = list(world.receiver.applied)
    late, replayed, buried = task("1", "1", code="old"), task("1", "2"), task("2", "2")
    vendor.script = [Page([late, replayed, buried], {"after": 2}, True)]

    read(world)

    assert world.receiver.applied == before
    assert world.status("1") == [("2", "applied"), ("1", "stale")]
    assert world.status("2") == [("3", "applied"), ("2", "stale")], "a deletion that came before its record"


POLLS: dict[str, tuple[Exception, str, str]] = {
    "signed out": (Failed(FailureClass.AUTH, "401"), "auth", "FEED_FAILED"),
    "forbidden field": (Failed(FailureClass.REJECTED, "INVALID_FIELD"), "rejected", "FEED_FAILED"),
    "asked too often": (Failed(FailureClass.RATE, "429", retry_after=timedelta(seconds=30)), "rate", ""),
    "a page of HTML": (Failed(FailureClass.TRANSIENT, "not JSON"), "transient", ""),
    "another shape": (Failed(FailureClass.TRANSIENT, "unexpected shape: results"), "transient", ""),
    "a bug of ours": (KeyError("Id"), "bug", "FEED_FAILED"),
    "a stamp that is none": (ValueError("Invalid isoformat string: 'soon'"), "bug", "FEED_FAILED"),
}


@pytest.mark.parametrize("what", POLLS)
def test_a_reading_that_fails_has_a_class_and_keeps_its_place(world: World, vendor: FakeVendor, what: str) -> None:
    error, kind, code = POLLS[what]
    vendor.script = [Page([task("1")], {"after": 1}, False), error]

    read(world)

    feed = Feed.objects.get()
    assert (feed.last_error_class, feed.cursor, feed.failures_in_row) == (kind, {"after": 1}, 1)
    assert names() == ({code} if code else set())
    assert world.receiver.applied == [("1", "1", False)]


ROW = "1,ann,P1,01-Mar-26,1.25,DONE,work,fine"
FILES: dict[str, tuple[Callable[[Drop], Any], str]] = {
    "a row with too many cells": (lambda drop: drop(f"{ROW},more,more"), "RECORD_REFUSED"),
    "a row with too few cells": (lambda drop: drop("1,ann"), "RECORD_REFUSED"),
    "a day that does not exist": (lambda drop: drop(ROW.replace("01-Mar", "31-Feb")), "RECORD_REFUSED"),
    "a number with two commas": (lambda drop: drop(ROW.replace("1.25", '"1,2,5"')), "RECORD_REFUSED"),
    "no number at all": (lambda drop: drop(ROW.replace("1.25", "lots")), "RECORD_REFUSED"),
    "a value nobody mapped": (lambda drop: drop(ROW.replace("DONE", "MAYBE")), "VALUE_UNMAPPED"),
    "fewer rows than its manifest says": (lambda drop: drop(ROW, totals={"records": 5}), "CONTROL_TOTAL"),
    "another sum than its manifest says": (lambda drop: drop(ROW, totals={"sums": {"Hours": "9"}}), "CONTROL_TOTAL"),
    "a column that is mapped and missing": (
        lambda drop: drop("1,ann,P1", head="Task,Who,Project", name="short.csv"),
        "FILE_REFUSED",
    ),
    "a heading twice": (lambda drop: drop(f"{ROW},x", head=f"{HEAD},Who"), "FILE_REFUSED"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_with_something_wrong_has_a_name(drop: Drop, hours: Hours, what: str) -> None:
    make, code = FILES[what]

    applied(make(drop))

    assert names() == {code}


def test_a_file_that_is_not_the_one_its_manifest_describes_is_not_kept(drop: Drop) -> None:
    for totals in ({"sha256": "0" * 64}, {"bytes": 3}, {"records": -1}, {"records": "many"}):
        with pytest.raises(BadInput):
            drop(ROW, totals=totals)
    assert not SourceVersion.objects.exists()
