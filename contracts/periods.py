"""Accounting periods: which day a document is accounted for, by what the ERP says and what is signed as closed here."""

from collections.abc import Callable
from datetime import date, timedelta

from django.db.models import QuerySet

from contracts.models import AccountingPeriod, LegalEntity
from integration_hub.kernel.registry import Registry

CLOSED_HERE: Registry[Callable[[str, date], date | None]] = Registry("close of periods")
"""Rooms in which people close periods, whatever the ERP still lets in: by legal entity's code and day, the last day of
the closed period that it is in, or None."""


def period_of(legal_entity: LegalEntity, on: date) -> AccountingPeriod | None:
    """The accounting period of a day, where the ERP told us of one."""
    return _told(legal_entity).filter(starts_on__lte=on, ends_on__gte=on).first()


def open_period(legal_entity: LegalEntity, on: date) -> date | None:
    """The accounting date for work of a day: the day itself, or the first day after it that is open to documents.

    A day is open when the ERP's period is and nobody closed it here; where the ERP told us of no periods, that alone.
    None when the ERP told us of periods and none is open from that day on.
    """
    day = _open_in_erp(legal_entity, on)
    while day is not None and (last := closed_here(legal_entity, day)) is not None:
        day = _open_in_erp(legal_entity, last + timedelta(days=1))
    return day


def next_period(legal_entity: LegalEntity, after: date) -> date | None:
    """The first open day of a period that begins after a day; of the next months where the ERP told of none."""
    told = _told(legal_entity)
    if not told.exists():
        return open_period(legal_entity, date(after.year + after.month // 12, after.month % 12 + 1, 1))
    later = told.filter(starts_on__gt=after).order_by("starts_on").first()
    return open_period(legal_entity, later.starts_on) if later else None


def closed_here(legal_entity: LegalEntity, on: date) -> date | None:
    """The last day of the period that people closed and a day is in, or None."""
    return max((last for _, close in CLOSED_HERE if (last := close(legal_entity.code, on)) is not None), default=None)


def _told(legal_entity: LegalEntity) -> QuerySet[AccountingPeriod]:
    return AccountingPeriod.objects.filter(legal_entity=legal_entity, module="ar")


def _open_in_erp(legal_entity: LegalEntity, on: date) -> date | None:
    told = _told(legal_entity)
    covering = period_of(legal_entity, on)
    if covering is None and not told.filter(ends_on__gte=on).exists():
        return on if not told.exists() else None
    if covering is not None and covering.status == AccountingPeriod.Status.OPEN:
        return on
    later = told.filter(starts_on__gt=on, status=AccountingPeriod.Status.OPEN).order_by("starts_on").first()
    return later.starts_on if later else None
