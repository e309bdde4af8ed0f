"""Frozen selections: what a bulk decision is about is stored on the server, ids with the versions that were seen.

The page's filter is never run again when the decision is made (NetBox #16733): the token names exactly these rows.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import models
from django.shortcuts import get_object_or_404

from integration_hub.console.models import Selection
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady
from integration_hub.people.models import User

LIMIT = 1000
"""Rows one bulk decision may take."""
KEPT = timedelta(days=1)

Rows = Sequence[tuple[int, int | None]]
"""(id, version seen) of each row."""


def freeze(*, owner: User, noun: str, rows: Rows, told: str = "") -> Selection:
    """Store a selection of one person; `told` says how it was chosen ("code: RATE_MISSING"). Forgets old ones."""
    Selection.objects.filter(created_at__lt=now() - KEPT).delete()
    token = secrets.token_urlsafe(16)
    return Selection.objects.create(token=token, owner=owner, noun=noun, rows=[list(row) for row in rows], told=told)


def find(*, token: str, owner: User, noun: str) -> Selection:
    """A selection by its token; 404 for anybody else's."""
    return get_object_or_404(Selection, token=token, owner=owner, noun=noun)


def use(selection: Selection) -> None:
    """Mark a selection as decided, so that sending the form twice decides once. Raises NotReady the second time."""
    if not Selection.objects.filter(pk=selection.pk, used_at=None).update(used_at=now()):
        raise NotReady("This selection has been decided already. Choose again to see what is left.")


def versions(selection: Selection) -> dict[int, int | None]:
    """The version seen of each chosen row."""
    return {int(key): version for key, version in selection.rows}


def missing(selection: Selection, found: "models.QuerySet[models.Model]") -> int:
    """How many chosen rows are gone or out of the person's scope."""
    return len(selection.rows) - found.count()
