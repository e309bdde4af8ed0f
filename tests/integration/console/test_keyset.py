"""Keyset paging: every row exactly once, in both directions, with missing keys and ties."""

import base64
import json

import pytest

from integration_hub.console import keyset
from integration_hub.trail.models import Event

pytestmark = pytest.mark.django_db
SORTS = ["caused_by", "-caused_by", "recorded_at", "-recorded_at", "object_label", "-object_label", "pk", "-pk"]
KEYS = [5, None, 1, 5, 3, None, 3, 3, None, 2, 5, 1]


@pytest.fixture
def rows():
    """Twelve rows with ties and missing keys."""
    for number, key in enumerate(KEYS):
        common = {"action": "a.b.c", "actor": "x", "actor_kind": "person", "object_type": "k"}
        Event.objects.create(object_id=number, object_label=f"L{number % 3}", caused_by=key, **common)
    return Event.objects.all()


def walk(rows, sort, size):
    """All pages forward; the rows of each."""
    pages = [keyset.page(rows, sort, size=size)]
    while pages[-1].next:
        pages.append(keyset.page(rows, sort, size=size, after=pages[-1].next))
    return pages


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("size", [1, 2, 5, 12, 50])
def test_forward_gives_every_row_once_in_order(rows, sort, size):
    seen = [row.pk for page in walk(rows, sort, size) for row in page.rows]
    assert seen == [row.pk for row in keyset.ordered(rows, sort)]
    assert len(seen) == len(KEYS)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_backward_gives_the_same_pages(rows, sort, size):
    pages = walk(rows, sort, size)
    page, back = pages[-1], [pages[-1]]
    while page.previous:
        page = keyset.page(rows, sort, size=size, before=page.previous)
        back.append(page)
        if len(back) > 20:
            break
    if len(KEYS) % size == 0:
        assert [[row.pk for row in page.rows] for page in back[::-1]] == [
            [row.pk for row in page.rows] for page in pages
        ]
    assert [row.pk for row in back[-1].rows] == [row.pk for row in pages[0].rows]


@pytest.mark.parametrize("sort", ["caused_by", "-caused_by"])
def test_rows_without_a_key_come_last_both_ways(rows, sort):
    keys = [row.caused_by for page in walk(rows, sort, 5) for row in page.rows]
    assert keys[-3:] == [None, None, None]
    assert sorted(keys[:-3], reverse=sort.startswith("-")) == keys[:-3]


def test_first_page_has_no_previous_and_last_no_next(rows):
    pages = walk(rows, "-caused_by", 5)
    assert (pages[0].previous, pages[-1].next) == ("", "")
    assert pages[1].previous


def test_one_page_is_the_only_one(rows):
    assert keyset.page(rows, "pk", size=50).only


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "WyJway", "é", "W10", "WyJwayIsbnVsbCxudWxsXQ"])
def test_unreadable_cursor_gives_the_first_page(rows, cursor):
    assert [row.pk for row in keyset.page(rows, "pk", size=3, after=cursor).rows] == [
        row.pk for row in rows.order_by("pk")[:3]
    ]


def test_cursor_of_another_order_gives_the_first_page(rows):
    cursor = keyset.page(rows, "pk", size=3).next
    assert not keyset.page(rows, "-pk", size=3, after=cursor).previous


def test_forged_cursor_value_gives_the_first_page(rows):
    forged = keyset._cursor(type("Row", (), {keyset.KEY: "no date", "pk": 1})(), "recorded_at")
    assert len(keyset.page(rows, "recorded_at", size=3, after=forged).rows) == 3


@pytest.mark.parametrize("value", ["a\0b", "[" * 6000])
def test_a_hostile_cursor_gives_the_first_page(rows, value):
    text = value if value.startswith("[") else json.dumps(["action", value, 1])
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    assert len(keyset.page(rows, "action", size=3, after=cursor).rows) == 3
    assert len(keyset.page(rows, "action", size=3, before=cursor).rows) == 3


def test_rows_inserted_before_the_mark_do_not_shift_pages(rows):
    first = keyset.page(rows, "pk", size=5)
    expected = [row.pk for row in rows.order_by("pk")[5:10]]
    Event.objects.filter(pk=0).exists()
    assert [row.pk for row in keyset.page(rows, "pk", size=5, after=first.next).rows] == expected


def test_no_offset_and_no_count(rows, django_assert_num_queries):
    cursor = keyset.page(rows, "-caused_by", size=5).next
    with django_assert_num_queries(1) as queries:
        keyset.page(rows, "-caused_by", size=5, after=cursor)
    statement = queries.captured_queries[0]["sql"].upper()
    assert "OFFSET" not in statement
    assert "COUNT(" not in statement
