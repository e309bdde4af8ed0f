"""Recording how much people can work. A later capacity ends the one before; what a source sends again replaces it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from contracts import events
from contracts.models import Absence, Capacity, Holiday, LegalEntity, Resource
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityIn:
    """Hours of a person by weekday, Monday first, from a day on, to a last day or without end."""

    legal_entity: LegalEntity
    resource: Resource
    hours: tuple[Decimal, ...]
    valid_from: date
    source: str
    calendar: str = ""
    valid_to: date | None = None

    @property
    def validity(self) -> DateRange:
        """Its days as [from, to)."""
        return DateRange(self.valid_from, self.valid_to + _DAY if self.valid_to else None)


@transaction.atomic
def record(*, given: CapacityIn, by: Actor) -> Capacity:
    """Keep the capacity of a person from a day on. Raises BadInput where another source says otherwise of its days."""
    Resource.objects.select_for_update(no_key=True).get(pk=given.resource.pk)
    known = Capacity.objects.filter(resource=given.resource)
    row = known.filter(source=given.source).first() or Capacity(resource=given.resource, source=given.source)
    before = known.exclude(pk=row.pk).filter(validity__overlap=given.validity, validity__upper_inf=True)
    for earlier in before.filter(validity__startswith__lt=given.valid_from):
        earlier.validity = DateRange(earlier.validity.lower, given.valid_from)
        earlier.save(update_fields=["validity", "updated_at"])
    home = (row.pk and row.legal_entity_id, row.pk and row.validity)
    row.legal_entity, row.hours, row.calendar = given.legal_entity, list(given.hours), given.calendar
    row.validity = given.validity
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "capacity_no_overlap" not in str(error):
            raise
        said = f"{given.valid_from} is a day of another capacity of {given.resource}."
        raise BadInput(
            f"Capacity of {given.resource}", [Problem("valid_from", said, "Begin later, or end the other one.")]
        ) from error
    _told("contracts.capacity.recorded", row, by, str(given.resource), given.legal_entity.code)
    if home != (given.legal_entity.pk, given.validity):
        events.home_changed(given.resource.pk)
    return row


@transaction.atomic
def forget(*, source: str, by: Actor) -> None:
    """Remove the capacity and the absences of a record that its source has deleted."""
    for row in Capacity.objects.filter(source=source).select_related("resource", "legal_entity"):
        _told("contracts.capacity.removed", row, by, str(row.resource), row.legal_entity.code)
        row.delete()
        events.home_changed(row.resource_id)
    for absence in Absence.objects.filter(source=source).select_related("resource"):
        remove_absence(row=absence, by=by)


@transaction.atomic
def save_holiday(*, calendar: str, day: date, name: str, hours: Decimal, by: Actor) -> Holiday:
    """Keep a holiday of a calendar; of one day the one that came last."""
    row, _ = Holiday.objects.update_or_create(calendar=calendar, day=day, defaults={"name": name, "hours": hours})
    _told("contracts.holiday.recorded", row, by, str(row), "")
    return row


@transaction.atomic
def remove_holiday(*, row: Holiday, by: Actor) -> None:
    """Take a holiday away."""
    _told("contracts.holiday.removed", row, by, str(row), "")
    row.delete()


@transaction.atomic
def save_absence(*, row: Absence, by: Actor) -> Absence:
    """Keep who is away and when."""
    row.save()
    _told("contracts.absence.recorded", row, by, str(row.resource), "")
    return row


@transaction.atomic
def remove_absence(*, row: Absence, by: Actor) -> None:
    """Take an absence away."""
    _told("contracts.absence.removed", row, by, str(row.resource), "")
    row.delete()


def _told(action: str, row: Capacity | Holiday | Absence, by: Actor, label: str, entity: str) -> None:
    event(action, by=by, object_type=row._meta.label_lower, object_id=row.pk, label=label, legal_entity=entity)
