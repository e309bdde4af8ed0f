"""From a personnel system or a file: capacity, holidays, absences."""

from datetime import timedelta
from typing import cast

from django.db.backends.postgresql.psycopg_any import DateRange

from contracts.actions import capacity as actions
from contracts.models import Absence, Holiday, LegalEntity, Resource
from contracts.receivers.each import actor, each
from integration_hub import canonical
from integration_hub.intake.registry import Arrival, Receipt
from integration_hub.kernel.errors import BadInput, Problem


def _person(code: str) -> Resource:
    """A person by our code. Raises BadInput."""
    found = Resource.objects.filter(code=code.lower()).first()
    if found is None:
        said = f"{code!r} is not a person we know."
        raise BadInput(f"Capacity of {code}", [Problem("resource", said, "Use the code of one, as a rule the e-mail.")])
    return found


def _source(arrival: Arrival, entity: str) -> str:
    return f"{arrival.connection.code}:{entity}:{arrival.record.source_id}"[:250]


def _capacity(arrival: Arrival) -> Receipt | None:
    record = cast(canonical.Capacity, arrival.record)
    source = _source(arrival, "capacity")
    if record.deleted:
        actions.forget(source=source, by=actor(arrival))
        return None
    entity = LegalEntity.objects.filter(code=record.legal_entity).first()
    if entity is None:
        said = f"{record.legal_entity!r} is not a legal entity of ours."
        return Receipt.refused(Problem("legal_entity", said, "Use the code of one."))
    given = actions.CapacityIn(
        legal_entity=entity, resource=_person(record.resource), hours=record.week, calendar=record.calendar,
        valid_from=record.valid_from, valid_to=record.valid_to, source=source,
    )  # fmt: skip
    actions.record(given=given, by=actor(arrival))
    return None


def _holiday(arrival: Arrival) -> None:
    record = cast(canonical.Holiday, arrival.record)
    if record.deleted:
        for row in Holiday.objects.filter(calendar=record.calendar, day=record.day):
            actions.remove_holiday(row=row, by=actor(arrival))
        return
    actions.save_holiday(
        calendar=record.calendar, day=record.day, name=record.name, hours=record.hours, by=actor(arrival)
    )


def _absence(arrival: Arrival) -> None:
    record = cast(canonical.Absence, arrival.record)
    source = _source(arrival, "absence")
    if record.deleted:
        actions.forget(source=source, by=actor(arrival))
        return
    row = Absence.objects.filter(source=source).first() or Absence(source=source)
    row.resource, row.hours, row.kind = _person(record.resource), record.hours, record.kind
    row.days = DateRange(record.first_day, record.last_day + timedelta(days=1))
    actions.save_absence(row=row, by=actor(arrival))


capacity = each(_capacity)
holiday = each(_holiday)
absence = each(_absence)
