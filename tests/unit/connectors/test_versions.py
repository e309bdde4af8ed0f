"""Versions ascend whatever a vendor's stamps do."""

import pytest

from integration_hub.connectors.versions import Listing, Reading, Tail, Walk, moved, rewound, stamp_of


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


def test_a_list_in_no_order_moves_its_mark_when_it_is_over() -> None:
    early, late = "2026-05-01T07:00:00.000Z", "2026-05-01T07:10:00.000Z"
    first = Walk({}, 300)
    page = first.page([first.record("2", late, {})], "page 2")
    assert (page.done, page.complete, page.whole, "high" in page.cursor) == (False, False, True, False)
    on = Walk(page.cursor, 300)
    assert (on.onward, on.since) == ("page 2", "")
    end = on.over([on.record("1", early, {})], read_at=late)
    assert (end.done, end.complete, end.cursor["high"], end.cursor["read_at"]) == (True, True, late, late)
    changes = Walk(end.cursor, 300)
    assert (changes.since, changes.onward, changes.whole) == (moved(late, -300), "", False)
    later = moved(late, 60)
    left_off = changes.page([changes.record("3", later, {})], "page 2")
    assert left_off.cursor["high"] == late, "what the rest of the list holds may have changed before"
    assert not left_off.whole
    again = Walk(left_off.cursor, 300).over([])
    assert (again.cursor["high"], again.cursor["read_at"], again.complete) == (later, late, False)


def test_a_cursor_may_have_everything_read_once_more() -> None:
    late = "2026-05-01T07:10:00.000Z"
    walk = Walk({"high": late, "whole": True}, 300)
    page = walk.page([], "page 2")
    assert (walk.since, page.whole) == ("", True)
    end = Walk(page.cursor, 300).over([])
    assert (end.complete, end.cursor["high"]) == (True, late), "what came back empty moves no mark"
    assert not Walk(end.cursor, 300).whole
    assert rewound(page.cursor, "2026-04-01T00:00:00.000Z").keys() == {"high", "open", "tail"}


def test_a_mark_does_not_move_beyond_the_beginning_of_its_reading() -> None:
    began, late = "2026-05-01T07:10:00.000Z", "2026-05-01T08:00:00.000Z"
    walk = Walk({}, 300)
    walk.answered(began)
    page = walk.page([walk.record("1", "2026-04-01T00:00:00.000Z", {})], "page 2")
    on = Walk(page.cursor, 300)
    on.answered(late)
    end = on.over([on.record("2", late, {})])
    assert end.cursor["high"] == began, "what changed meanwhile may lie on a page that was passed before"
    again = Walk(end.cursor, 300)
    again.answered("2026-05-01T07:00:00.000Z")
    assert again.over([]).cursor["high"] == began, "a mark never goes back"


def test_a_list_tells_two_states_under_one_stamp_apart() -> None:
    stamp = "2026-05-01T07:10:00.000Z"
    first = Walk({}, 300)
    end = first.over([first.record("1", stamp, {"a": 1})])
    second = Walk(end.cursor, 300).record("1", stamp, {"a": 2})
    assert second.version > end.records[0].version
    assert Walk(end.cursor, 300).record("1", stamp, {"a": 1}).version == end.records[0].version
    assert Walk({}, 300).numbered("1", stamp, {"a": 1}).version == "", "its content counts"


def test_a_list_without_records_leaves_no_cursor() -> None:
    assert Walk({}, 300).over([], read_at="2026-05-01T07:10:00.000Z").cursor == {}


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
