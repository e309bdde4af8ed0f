"""A feed that is read again from a stamp on."""

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.connectors.versions import rewound
from integration_hub.sandbox import Landscape
from tests.connectors.conftest import pages, records

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]


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
