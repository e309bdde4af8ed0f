"""What a vendor says it has is what its feed brings: counts and ids of every feed, over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Counting, Window
from integration_hub.connectors.versions import rewound
from integration_hub.sandbox import Landscape
from tests.connectors.conftest import pages, records

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

FEEDS = [(name, spec.entity) for name in ("salesforce", "kantata", "netsuite")
         for spec in CONNECTORS.get(name).manifest.feeds]  # fmt: skip


@pytest.fixture
def account(request: pytest.FixtureRequest, vendor: str) -> Connection:
    found: Connection = request.getfixturevalue(vendor)
    return found


@pytest.mark.parametrize(("vendor", "entity"), FEEDS)
def test_count_ids_and_feed_agree_in_every_window(account: Connection, vendor: str, entity: str) -> None:
    connector = CONNECTORS.get(vendor)
    assert isinstance(connector, Counting)
    read = records(pages(account, entity))
    stamps = sorted(record.moved_at for record in read.values() if record.moved_at)
    if not stamps:  # a list that is read whole, or one nobody has anything in
        window = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        control = connector.control(account, entity, window)
        assert control.expected == len(read)
        assert sorted(connector.roll(account, entity, window)) == sorted(read)
        return
    first, last = datetime.fromisoformat(stamps[0]), datetime.fromisoformat(stamps[-1])
    middle = (first + (last - first) / 2).replace(microsecond=0)
    for since, until in ((first, middle), (middle, last), (first, last), (first, last + timedelta(seconds=1))):
        window = Window(since.replace(microsecond=0), until.replace(microsecond=0))
        control = connector.control(account, entity, window)
        inside = {
            key
            for key, record in read.items()
            if window.since <= datetime.fromisoformat(record.moved_at) < window.until
            and (control.deleted_too or not record.deleted)
        }
        assert control.expected == len(inside)
        assert set(connector.roll(account, entity, window)) == inside


def test_a_rewound_cursor_reads_the_window_again(kantata: Connection, landscape: Landscape) -> None:
    first = pages(kantata, "resource")
    stamps = sorted(record.moved_at for record in records(first).values())
    again = records(pages(kantata, "resource", rewound(first[-1].cursor, stamps[0])))
    assert set(again) == set(records(first))


def test_only_a_cursor_by_stamp_is_rewound() -> None:
    assert rewound({}, "2026-01-01T00:00:00.000Z") == {}
    assert rewound({"listed": {}}, "2026-01-01T00:00:00.000Z") == {"listed": {}}
    early = {"high": "2025-01-01T00:00:00.000Z"}
    assert rewound(early, "2026-01-01T00:00:00.000Z") == early
    late = {"high": "2027-01-01T00:00:00.000Z", "whole": True, "tail": {}}
    assert rewound(late, "2026-01-01T00:00:00.000Z") == {"high": "2026-01-01T00:00:00.000Z", "open": True, "tail": {}}
