"""Putting items into lanes, and letting their waits be over."""

from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane


def put(*args, **options) -> Item:
    item = items.enqueue(*args, **options)
    assert item is not None
    return item


def make_due(lane="L"):
    Lane.objects.filter(key=lane).update(next_at="2000-01-01T00:00Z", leased_until=None)
