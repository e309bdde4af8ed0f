"""Reading: nothing lost, nothing twice, nothing made up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.connectors.registry import Counting, Page, Window
from tests.connectors.benches.bench import LETTERS, Bench
from tests.connectors.conftest import records
from tests.connectors.kit import attempt, case

pytestmark = pytest.mark.landscape
NAMES = [f"Name {n}" for n in range(9)]


def _names(bench: Bench, read: list[Page]) -> dict[str, Any]:
    made = bench.meaning(read)
    return {key: getattr(item.record, bench.name_field) for key, item in made.items() if item.record is not None}


@case("read.all")
def test_all_records(bench: Bench) -> None:
    keys = bench.make(NAMES)
    read = bench.read()
    assert read[-1].done
    assert [_names(bench, read)[key] for key in keys] == NAMES


@case("read.pages")
def test_pages(bench: Bench) -> None:
    keys = bench.make(NAMES)
    bench.small_pages()
    read = bench.read()
    found = [record.source_id for page in read for record in page.records]
    assert len(read) >= len(NAMES) // bench.page_rows
    assert len(found) == len(set(found))
    assert set(keys) <= set(found)
    assert all(len(page.records) <= bench.page_rows for page in read)


@case("read.order")
def test_order(bench: Bench) -> None:
    keys = bench.make(NAMES)
    bench.rename(keys[0], "First, changed last")
    bench.small_pages()
    moved = [record.moved_at for page in bench.read() for record in page.records]
    assert moved == sorted(moved)
    assert all(moved)


@case("read.left_off")
def test_a_reading_left_off(bench: Bench) -> None:
    keys = bench.make(NAMES)
    bench.small_pages()
    reader = bench.reader()
    first = [next(reader)]
    assert not first[0].done
    rest = bench.read(first[-1].cursor)
    assert set(keys) <= set(records(first)) | set(records(rest))
    assert rest[-1].complete, "the two readings together were whole"


@case("read.delta")
def test_only_changes(bench: Bench) -> None:
    keys = bench.make(NAMES)
    first = bench.read()
    again = bench.read(first[-1].cursor)
    assert not any(page.complete for page in again)
    fresh = bench.make(["Somebody new"])[0]
    found = {key: raw.version for key, raw in records(bench.read(again[-1].cursor)).items()}
    known = {key: raw.version for key, raw in records(first).items()}
    assert {key for key, version in found.items() if known.get(key) != version} == {fresh}
    assert set(keys) <= set(known)


@case("read.again")
def test_an_unchanged_record_has_the_same_version(bench: Bench) -> None:
    bench.make(NAMES)
    first, cursor = records(bench.read()), bench.read()[-1].cursor
    assert {key: raw.version for key, raw in records(bench.read()).items()} == {
        key: raw.version for key, raw in first.items()
    }
    overlap = records(bench.read(cursor))
    assert all(first[key].version == raw.version for key, raw in overlap.items())


@case("read.change")
def test_a_changed_record_has_a_later_version(bench: Bench) -> None:
    key = bench.make(NAMES)[3]
    first = bench.read()
    bench.rename(key, "Renamed")
    second = bench.read(first[-1].cursor)
    assert records(second)[key].version > records(first)[key].version
    assert _names(bench, second)[key] == "Renamed"


@case("read.twice_in_a_second")
def test_two_changes_within_a_second(bench: Bench) -> None:
    (key,) = bench.make(["One"])
    read = bench.read()
    versions = [records(read)[key].version]
    for name in ("Two", "Three"):
        bench.rename(key, name)
        read = bench.read(read[-1].cursor)
        versions.append(records(read)[key].version)
        assert _names(bench, read)[key] == name
    assert versions == sorted(set(versions))


@case("read.deleted")
def test_what_was_deleted(bench: Bench) -> None:
    key = bench.make(NAMES)[2]
    first = bench.read()
    bench.remove(key)
    gone = records(bench.read(first[-1].cursor))[key]
    assert gone.deleted
    assert gone.version > records(first)[key].version


@case("read.nothing")
def test_an_account_without_records(bench: Bench) -> None:
    read = bench.read()
    assert read[-1].done
    assert bench.read(read[-1].cursor)[-1].done


@case("read.empty")
def test_a_list_that_comes_back_empty(bench: Bench) -> None:
    keys = bench.make(NAMES)
    first = bench.read()
    bench.fault("empty_page", only="reads")
    empty = bench.read(first[-1].cursor)
    assert records(empty) == {}
    assert empty[-1].cursor.get("high") == first[-1].cursor["high"]
    bench.heal()
    bench.rename(keys[0], "Changed meanwhile")
    assert _names(bench, bench.read(empty[-1].cursor))[keys[0]] == "Changed meanwhile"


@case("read.short")
def test_a_page_that_loses_rows(bench: Bench) -> None:
    keys = bench.make(NAMES)
    bench.fault("short_page", only="reads", params={"rows": 1}, count=1)
    short = bench.read()
    bench.heal()
    after = bench.read(short[-1].cursor)
    assert set(keys) <= set(records(short)) | set(records(after))


@case("read.complete")
def test_only_a_whole_listing_is_complete(bench: Bench) -> None:
    bench.make(NAMES)
    bench.small_pages()
    whole = bench.read()
    assert [page.complete for page in whole] == [False] * (len(whole) - 1) + [True]
    assert not any(page.complete for page in bench.read(whole[-1].cursor))


@case("read.approval")
def test_an_approval(bench: Bench) -> None:
    entry, sheet = bench.submit_time()
    time, sheets = bench.read(entity="time_entry"), bench.read(entity="time_approval")
    waiting = bench.meaning(sheets, "time_approval")[sheet].record
    bench.approve(sheet)
    after = bench.read(sheets[-1].cursor, "time_approval")
    approved = bench.meaning(after, "time_approval")[sheet].record
    assert (waiting.state, approved.state) == ("submitted", "approved")
    assert approved.version > waiting.version
    assert entry in approved.entry_ids or not approved.entry_ids
    again = bench.meaning(bench.read(time[-1].cursor, "time_entry"), "time_entry")
    if entry in again:
        assert again[entry].record.approval == "approved"


@case("read.unicode")
def test_any_letter(bench: Bench) -> None:
    (key,) = bench.make([LETTERS])
    assert _names(bench, bench.read())[key] == LETTERS


@case("read.money")
def test_amounts(bench: Bench) -> None:
    entity, field = bench.priced
    wanted = {
        bench.price(number, currency, amount): (currency, Decimal(amount))
        for number, (currency, amount) in enumerate(bench.amounts_stated, 1)
    }
    made = bench.meaning(bench.read(entity=entity), entity)
    found = {key: made[key].record for key in wanted}
    assert {key: (record.currency, getattr(record, field)) for key, record in found.items()} == wanted


@case("read.drift")
def test_a_field_that_disappears(bench: Bench) -> None:
    keys = bench.make(NAMES)
    bench.fault("drop_field", params={"fields": bench.required})
    if attempt(bench.read):
        return
    made = bench.meaning(bench.read())
    for key in keys:
        assert made[key].record is None
        assert made[key].problems


@case("read.value")
def test_a_value_nobody_knows(bench: Bench) -> None:
    entity, field = bench.value
    key = bench.make_value()
    assert bench.meaning(bench.read(entity=entity), entity)[key].record is not None
    bench.fault("new_enum", params={"field": field, "value": "brand_new"})
    made = bench.meaning(bench.read(entity=entity), entity)[key]
    assert made.record is None
    assert made.code == "VALUE_UNMAPPED"
    assert [item.value for item in made.unmapped] == ["brand_new"]


@case("count.agrees")
def test_count_ids_and_feed_agree(bench: Bench) -> None:
    connector, connection = bench.connector, bench.connection
    assert isinstance(connector, Counting)
    bench.make(NAMES)
    for spec in bench.manifest.feeds:
        read = records(bench.read(entity=spec.entity))
        stamps = sorted(raw.moved_at for raw in read.values() if raw.moved_at)
        for window in _windows(stamps):
            control = connector.control(connection, spec.entity, window)
            inside = {
                key
                for key, raw in read.items()
                if not raw.moved_at
                or (
                    window.since <= datetime.fromisoformat(raw.moved_at) < window.until
                    and (control.deleted_too or not raw.deleted)
                )
            }
            assert control.expected == len(inside), spec.entity
            assert set(connector.roll(connection, spec.entity, window)) == inside, spec.entity


def _windows(stamps: list[str]) -> list[Window]:
    if not stamps:
        return [Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))]
    first, last = (datetime.fromisoformat(stamp).replace(microsecond=0) for stamp in (stamps[0], stamps[-1]))
    middle = (first + (last - first) / 2).replace(microsecond=0)
    edges = ((first, middle), (middle, last), (first, last + timedelta(seconds=1)))
    return [Window(since, until) for since, until in edges]


@case("count.silent")
def test_reading_writes_nothing(bench: Bench) -> None:
    writes = [bench.write(spec.effect_type) for spec in bench.writes]
    bench.connector.check(bench.connection)
    books, calls = bench.books(), bench.written()
    bench.connector.check(bench.connection)
    for feed in bench.manifest.feeds:
        bench.read(entity=feed.entity)
        if isinstance(bench.connector, Counting):
            window = _windows([])[0]
            bench.connector.control(bench.connection, feed.entity, window)
            list(bench.connector.roll(bench.connection, feed.entity, window))
    for write in writes:
        bench.connector.find(bench.connection, write)
    assert bench.books() == books
    assert bench.written() == calls
