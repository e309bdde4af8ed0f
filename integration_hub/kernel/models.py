"""Base classes of our tables: optimistic versions and a money column that keeps its precision."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from django.db import models
from django.db.models import F

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Stale

Row = TypeVar("Row", bound=models.Model)


class VersionedQuerySet(models.QuerySet[Row]):
    """Rows that people decide about: a change states the version it was decided on."""

    def transition(self, pk: int, *, seen_version: int, **changes: Any) -> None:
        """Apply changes only if nobody has written the row since it was shown, else raise `Stale`."""
        if self.filter(pk=pk, version=seen_version).update(version=F("version") + 1, updated_at=now(), **changes) != 1:
            raise Stale


@overload
def locked(row: Row) -> Row: ...
@overload
def locked(row: None) -> None: ...
def locked(row: Row | None) -> Row | None:
    """The row as it is now, locked until the transaction ends; None for None.

    For whoever writes a row that was read before: it may have moved on since, and saving would put it back. Rows that
    point to it can still be written meanwhile. Raises DoesNotExist when it is gone.
    """
    if row is None:
        return None
    return type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)


class Timestamped(models.Model):
    """When we first recorded the row and when it last changed (UTC)."""

    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.updated_at = now()
        super().save(*args, **kwargs)


class Versioned(Timestamped):
    """A row with an optimistic version; decisions on it go through `objects.transition`."""

    version = models.PositiveIntegerField(default=1, editable=False)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        abstract = True


def money_field(**kwargs: Any) -> models.DecimalField[Any, Any]:
    """An amount: up to 18 digits before and 6 after the point, so that unrounded values fit (currency beside it)."""
    return models.DecimalField(max_digits=24, decimal_places=6, **kwargs)


def rate_field(**kwargs: Any) -> models.DecimalField[Any, Any]:
    """A rate: never rounded (billing.md §1.3)."""
    return models.DecimalField(max_digits=24, decimal_places=10, **kwargs)


def currency_field(**kwargs: Any) -> models.CharField[Any, Any]:
    """An ISO 4217 currency code."""
    return models.CharField(max_length=3, **kwargs)
