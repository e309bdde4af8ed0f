"""Standard prices of a legal entity: what its work sells for where nothing else is agreed, and what realisation is
measured against. A price is never changed: another one follows it from a later day.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from contracts import events, policies
from contracts.models import LegalEntity, RateCard, RateRow
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.money import is_currency
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, event

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardPriceIn:
    """The price of a person, else of a role, else of everybody, from a day on."""

    currency: str
    rate: Decimal
    valid_from: date
    source: str
    resource: str = ""
    role: str = ""
    unit: str = "hour"
    hours_per_day: Decimal = Decimal(8)
    valid_to: date | None = None

    @property
    def validity(self) -> DateRange:
        """Its days as [from, to)."""
        return DateRange(self.valid_from, self.valid_to + _DAY if self.valid_to else None)


def card_of(legal_entity: LegalEntity) -> RateCard:
    """The standard card of a legal entity, made on first use."""
    card, _ = RateCard.objects.get_or_create(
        scope=RateCard.Scope.LEGAL_ENTITY,
        legal_entity=legal_entity,
        defaults={"name": f"Standard of {legal_entity.code}"},
    )
    return card


@transaction.atomic
def record(*, legal_entity: LegalEntity, given: StandardPriceIn, by: Actor) -> RateRow:
    """Keep a standard price; an open one before it ends the day before. Work that waits for a price is decided again.

    What is known already is not recorded again. Raises BadInput where a price begins on one of its days.
    """
    LegalEntity.objects.select_for_update(no_key=True).get(pk=legal_entity.pk)
    card = card_of(legal_entity)
    same = {"resource": given.resource, "role": given.role, "item": "", "currency": given.currency, "unit": given.unit}
    held = RateRow.objects.filter(card=card, **same, withdrawn_in__isnull=True, validity__overlap=given.validity)
    for row in held:
        known = (row.rate, row.hours_per_day, row.validity.lower, row.validity.upper)
        if known == (given.rate, given.hours_per_day, given.validity.lower, given.validity.upper):
            return row
        if row.validity.upper is None and row.validity.lower < given.valid_from:
            row.validity = DateRange(row.validity.lower, given.valid_from)
            row.save(update_fields=["validity", "updated_at"])
    row = RateRow(
        card=card, **same, rate=given.rate, hours_per_day=given.hours_per_day, validity=given.validity,
        source=given.source[:120],
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "rate_row_no_overlap" not in str(error):
            raise
        said = f"{given.valid_from} is a day of another standard price for the same work."
        raise BadInput(f"Standard price of {_whose(given)}", [Problem("valid_from", said, "Begin later.")]) from error
    event(
        "contracts.standard_price.recorded",
        by=by,
        object_type="contracts.raterow",
        object_id=row.pk,
        label=f"{_whose(given)} in {legal_entity.code}",
        legal_entity=legal_entity.code,
        rate=row.rate,
    )
    events.standard_prices_changed(legal_entity.pk)
    return row


def enter(*, legal_entity: str, given: StandardPriceIn, by: User) -> RateRow:
    """Record a standard price a person entered. Raises Denied, or BadInput that names every field that cannot be."""
    policies.can_enter_standard_prices(by, legal_entity).or_raise()
    entity = LegalEntity.objects.filter(code=legal_entity, is_active=True).first()
    problems = [] if entity else [Problem("legal_entity", f"{legal_entity!r} is not known.", "Use the code of one.")]
    if given.resource and given.role:
        problems.append(Problem("role", "either a person or a role, not both.", "Leave one of the two empty."))
    if not is_currency(given.currency):
        problems.append(Problem("currency", f"{given.currency!r} is not a currency.", "Use a code such as EUR."))
    if given.rate <= 0:
        problems.append(Problem("rate", f"{given.rate} is not above nought.", "Say what an hour or day sells for."))
    if given.valid_to is not None and given.valid_to < given.valid_from:
        problems.append(Problem("valid_to", f"{given.valid_to} is before {given.valid_from}.", "Name the last day."))
    if entity is None or problems:
        raise BadInput(f"Standard price of {_whose(given)}", problems)
    return record(legal_entity=entity, given=given, by=by)


def _whose(given: StandardPriceIn) -> str:
    return given.resource or given.role or "everybody"
