"""Reading ahead: nothing is lost, doubled or put in another order, and nobody reads further than is wanted."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from integration_hub.connectors.registry import Page, RawRecord
from integration_hub.intake import ahead
from tests.races import until


def page(*ids: int, done: bool = False, whole: bool = False, complete: bool = False) -> Page:
    records = [RawRecord(str(key), "1", {"id": key}) for key in ids]
    return Page(records, {"high": ids[-1] if ids else 0}, done, complete=complete, whole=whole)


def ids(found: Page) -> list[int]:
    return [record.payload["id"] for record in found.records]


class Vendor:
    """Pages, and how far they were read."""

    def __init__(self, *pages: Page, error: Exception | None = None) -> None:
        self.pages, self.error = pages, error
        self.read = 0
        self.threads: set[threading.Thread] = set()

    def __iter__(self) -> Iterator[Page]:
        for one in self.pages:
            self.read += 1
            self.threads.add(threading.current_thread())
            yield one
        if self.error is not None:
            raise self.error


def nobody_reads() -> bool:
    return not any(thread.name == "reading ahead" for thread in threading.enumerate())


def test_what_came_meanwhile_is_taken_as_one_page() -> None:
    vendor = Vendor(page(1), page(2, 3), page(4), page(5, done=True, complete=True))
    found = ahead.together(iter(vendor))
    assert ids(next(found)) == [1]
    assert until(lambda: vendor.read == 4)
    assert until(nobody_reads)
    joined = next(found)
    assert (ids(joined), joined.cursor, joined.done, joined.complete) == ([2, 3, 4, 5], {"high": 5}, True, True)
    assert list(found) == []


def test_a_slow_vendor_has_each_page_taken_at_once() -> None:
    turn = threading.Semaphore(0)

    def slowly() -> Iterator[Page]:
        yield page(1)
        for number in (2, 3):
            assert turn.acquire(timeout=30)
            yield page(number, done=number == 3)

    found = ahead.together(slowly())
    taken = [ids(next(found))]
    for _ in range(2):
        turn.release()
        taken.append(ids(next(found)))
    assert taken == [[1], [2], [3]]
    assert list(found) == []


def test_what_reading_raises_comes_after_what_was_read() -> None:
    vendor = Vendor(page(1), page(2), page(3), error=ValueError("the vendor is gone"))
    found = ahead.together(iter(vendor))
    assert ids(next(found)) == [1]
    assert until(nobody_reads)
    assert ids(next(found)) == [2, 3]
    with pytest.raises(ValueError, match="the vendor is gone"):
        next(found)


def test_nobody_reads_further_ahead_than_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST", 3)
    vendor = Vendor(*(page(number, number) for number in range(10)), page(done=True))
    found = ahead.together(iter(vendor))
    next(found)
    assert until(lambda: vendor.read == 3), "one page and what exceeds the bound"
    taken = list(found)
    assert [key for one in taken for key in ids(one)] == [number for number in range(1, 10) for _ in range(2)]
    assert max(len(one.records) for one in taken) == 2
    assert taken[-1].done


def test_pages_of_a_whole_listing_are_kept_apart_from_others() -> None:
    vendor = Vendor(page(1), page(2, whole=True), page(3, whole=True), page(4, done=True))
    found = ahead.together(iter(vendor))
    next(found)
    assert until(nobody_reads)
    assert [(ids(one), one.whole) for one in found] == [([2, 3], True), ([4], False)]


def test_who_leaves_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST", 1)
    vendor = Vendor(*(page(number) for number in range(10)))
    found = ahead.together(iter(vendor))
    next(found)
    found.close()
    assert nobody_reads()
    assert vendor.read <= 3


@pytest.mark.parametrize("pages", [(), (page(1, done=True),)], ids=["nothing", "a single page"])
def test_one_page_needs_no_thread(pages: tuple[Page, ...]) -> None:
    vendor = Vendor(*pages)
    assert list(ahead.together(iter(vendor))) == list(pages)
    assert vendor.threads <= {threading.current_thread()}


@pytest.mark.django_db
def test_inside_a_transaction_pages_come_as_they_are() -> None:
    assert connection.in_atomic_block
    vendor = Vendor(page(1), page(2), page(3, done=True))
    assert [ids(one) for one in ahead.together(iter(vendor))] == [[1], [2], [3]]
    assert vendor.threads == {threading.current_thread()}
