"""Marking as read what one was told. Only the person himself does, and only on his own."""

from collections.abc import Collection

from integration_hub.kernel.clock import now
from integration_hub.notices import queries
from integration_hub.people.models import User


def mark_read(*, notices: Collection[int], by: User) -> int:
    """Mark some of one's notices as read; how many were not yet."""
    return queries.unread(by).filter(pk__in=notices).update(read_at=now())


def mark_all_read(*, by: User, up_to: int) -> int:
    """Mark everything as read that was there when the person looked: what came since stays new."""
    return queries.unread(by).filter(pk__lte=up_to).update(read_at=now())
