"""Versions ascend whatever a vendor's stamps do."""

import pytest

from integration_hub.connectors.versions import Listing, Reading, Tail, moved, stamp_of


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T07:25:37.250+0000",
        "2026-05-01T00:25:37.250-07:00",
        "2026-05-01T07:25:37.250Z",
        "2026-05-01 07:25:37.250",
        " 2026-05-01T07:25:37.250999Z ",
    ],
)
def test_stamps_of_all_vendors_become_one_form(text: str) -> None:
    assert stamp_of(text) == "2026-05-01T07:25:37.250Z"


def test_moving_a_stamp() -> None:
    assert moved("2026-05-01T00:00:00.000Z", -0.5) == "2026-04-30T23:59:59.500Z"


def test_two_states_under_one_stamp_are_two_versions() -> None:
    stamp = "2026-05-01T07:00:00.000Z"
    tail = Tail({})
    first = tail.record("1", stamp, {"a": 1}).version
    assert tail.record("1", stamp, {"a": 1}).version == first
    kept = Tail({"tail": tail.kept(stamp, 300)})
    second = kept.record("1", stamp, {"a": 2}).version
    assert second > first
    assert kept.record("1", stamp, {"a": 2}).version == second
    deleted = kept.record("1", stamp, {"a": 2}, deleted=True).version
    assert deleted > second
    assert kept.record("1", moved(stamp, 1), {"a": 2}).version > deleted


def test_a_new_edition_of_the_mapping_is_a_later_version() -> None:
    stamp = "2026-05-01T07:00:00.000Z"
    old = Tail({}).record("1", stamp, {"a": 1}, edition=1).version
    new = Tail({}).record("1", stamp, {"a": 1, "b": 2}, edition=2).version
    assert old < new < Tail({}).record("1", moved(stamp, 1), {}, edition=1).version


def test_the_tail_keeps_what_the_next_reading_may_meet_and_no_more() -> None:
    high = "2026-05-01T07:10:00.000Z"
    tail = Tail({})
    tail.record("old", moved(high, -100), {})
    tail.record("counted", moved(high, -100), {"a": 1})
    tail.record("counted", moved(high, -100), {"a": 2})
    tail.record("new", high, {})
    assert set(tail.kept(high, 300)) == {"counted", "new"}
    for number in range(600):
        tail.record(f"n{number}", high, {})
    assert len(tail.kept(high, 300)) == 500


def test_only_a_new_reading_goes_back_by_the_overlap() -> None:
    stamp = "2026-05-01T07:10:00.000Z"
    first = Reading({}, 300)
    assert first.since == ""
    left_off = first.page([first.record("1", stamp, {})], done=False)
    assert not left_off.complete
    on = Reading(left_off.cursor, 300)
    assert on.since == moved(stamp, -1)
    finished = on.page([], done=True)
    assert finished.complete
    again = Reading(finished.cursor, 300)
    assert again.since == moved(stamp, -300)
    assert not again.page([], done=True).complete


def test_a_version_may_be_later_than_the_stamp_the_list_is_ordered_by() -> None:
    reading = Reading({}, 300)
    stamp = "2026-05-01T07:10:00.000Z"
    made = reading.record("1", moved(stamp, 90), {}, moved_at=stamp)
    assert made.version.startswith(moved(stamp, 90))
    assert reading.high == stamp


def test_a_listed_record_keeps_its_version_until_its_content_moves() -> None:
    first = Listing({}, "2026-05-01T07:00:00.000Z")
    version = first.record("1", {"closed": "F"}).version
    same = Listing({"listed": first.listed}, "2026-05-01T08:00:00.000Z")
    assert same.record("1", {"closed": "F"}).version == version
    moved_on = Listing({"listed": same.listed}, "2026-05-01T09:00:00.000Z")
    later = moved_on.record("1", {"closed": "T"}).version
    assert later > version
    at_once = Listing({"listed": moved_on.listed}, "2026-05-01T09:00:00.000Z")
    assert at_once.record("1", {"closed": "F"}).version > later


def test_a_lost_cursor_makes_listed_records_newer_never_older() -> None:
    version = Listing({}, "2026-05-01T07:00:00.000Z").record("1", {"a": 1}).version
    assert Listing({}, "2026-05-02T07:00:00.000Z").record("1", {"a": 1}).version > version
