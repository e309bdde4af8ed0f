"""Recording cost rates. What was known stays known: a row is never changed, it is withdrawn and followed by others."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from contracts import events, policies
from contracts.models import CostRate, LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import is_currency
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRateIn:
    """What one `unit` of work costs a legal entity (by its code) from a day on, to a last day or without end.

    Either of a person, by `resource`, or of a `role`. `vendor` is the subcontractor whose people are meant.
    """

    legal_entity: str
    currency: str
    rate: Decimal
    valid_from: date
    source: str
    resource: str = ""
    role: str = ""
    vendor: str = ""
    unit: str = "hour"
    valid_to: date | None = None

    @property
    def validity(self) -> DateRange:
        """Its days as [from, to)."""
        return DateRange(self.valid_from, self.valid_to + _DAY if self.valid_to else None)


@transaction.atomic
def record(*, rates: Sequence[CostRateIn], by: Actor) -> int:
    """Keep rates that differ from what holds; of what held on their days, only other days are kept.

    Returns how many were new. Later ones in one call follow the earlier. Costs that depend on them are counted again.
    Raises LookupError for a legal entity that does not exist.
    """
    entities = _locked(rates)
    fresh = [rate for rate in rates if _follow(rate, entities[rate.legal_entity])]
    _tell(fresh, entities, by)
    return len(fresh)


def _tell(fresh: Sequence[CostRateIn], entities: dict[str, LegalEntity], by: Actor) -> None:
    told: dict[str, list[CostRateIn]] = defaultdict(list)
    for rate in fresh:
        told[rate.legal_entity].append(rate)
    for code, some in told.items():
        event(
            "contracts.cost_rate.recorded",
            by=by,
            object_type="contracts.legalentity",
            object_id=entities[code].pk,
            label=_subject(some[0]) if len(some) == 1 else f"{len(some):,} people and roles",
            legal_entity=code,
            rates=[f"{_subject(rate)} from {rate.valid_from}" for rate in some[:50]],
            count=len(some),
        )
    events.cost_rates_changed([entities[code].pk for code in told])


@transaction.atomic
def withdraw(*, rate: CostRate, reason: str, by: User) -> None:
    """Take back a rate that was wrong: none holds on its days until another one is recorded.

    Raises Denied, or Stale when somebody else did so first.
    """
    policies.can_withdraw_cost_rate(rate, by, reason).or_raise()
    if not _withdraw(rate.pk, reason=reason, by=by):
        raise Stale


@transaction.atomic
def take_back(*, source: str, by: Actor) -> int:
    """Withdraw what came from a record that its source has deleted. Returns how many rates."""
    held = CostRate.objects.filter(source=source, withdrawn_at__isnull=True).order_by("pk")
    return sum(_withdraw(pk, reason="Deleted in its source", by=by) for pk in held.values_list("pk", flat=True))


def _withdraw(pk: int, *, reason: str, by: Actor) -> bool:
    row = CostRate.objects.select_related("legal_entity").get(pk=pk)
    LegalEntity.objects.select_for_update(no_key=True).get(pk=row.legal_entity_id)
    if not CostRate.objects.filter(pk=pk, withdrawn_at__isnull=True).update(withdrawn_at=now()):
        return False
    event(
        "contracts.cost_rate.withdrawn",
        by=by,
        object_type="contracts.legalentity",
        object_id=row.legal_entity_id,
        label=str(row),
        legal_entity=row.legal_entity.code,
        reason=reason,
    )
    events.cost_rates_changed([row.legal_entity_id])
    return True


def _locked(rates: Sequence[CostRateIn]) -> dict[str, LegalEntity]:
    """The legal entities by code; whoever else records rates of one of them waits."""
    codes = {rate.legal_entity for rate in rates}
    rows = LegalEntity.objects.select_for_update(no_key=True).filter(code__in=codes).order_by("pk")
    found = {row.code: row for row in rows}
    if missing := sorted(codes - found.keys()):
        raise LookupError(f"There is no legal entity {', '.join(missing)}.")
    return found


def _follow(rate: CostRateIn, entity: LegalEntity) -> bool:
    """Put a rate in the place of those that held on its days; False where nothing changes."""
    same = {"legal_entity": entity, "resource": rate.resource, "role": rate.role}
    if not rate.resource:
        same["vendor"] = rate.vendor
    held = list(CostRate.objects.filter(**same, withdrawn_at__isnull=True, validity__overlap=rate.validity))
    if len(held) == 1 and _is_known(held[0], rate):
        return False
    moment = now()
    CostRate.objects.filter(pk__in=[row.pk for row in held]).update(withdrawn_at=moment)
    kept = [(row, days) for row in held for days in _left(row.validity, rate.validity)]
    CostRate.objects.bulk_create(
        [
            *(_again(row, days, moment) for row, days in kept),
            CostRate(
                **{**same, "vendor": rate.vendor},
                currency=rate.currency,
                unit=rate.unit,
                rate=rate.rate,
                validity=rate.validity,
                source=rate.source,
                recorded_at=moment,
            ),
        ]
    )
    return True


def _is_known(row: CostRate, rate: CostRateIn) -> bool:
    known = (row.vendor, row.currency, row.unit, row.rate, row.validity.lower, row.validity.upper)
    return known == (rate.vendor, rate.currency, rate.unit, rate.rate, rate.validity.lower, rate.validity.upper)


def _left(old: DateRange, new: DateRange) -> Iterator[DateRange]:
    """The days of the old range before and after the new one."""
    if old.lower is None or old.lower < new.lower:
        yield DateRange(old.lower, new.lower)
    if new.upper is not None and (old.upper is None or new.upper < old.upper):
        yield DateRange(new.upper, old.upper)


def _again(row: CostRate, validity: DateRange, recorded_at: datetime) -> CostRate:
    fields = ("legal_entity_id", "resource", "role", "vendor", "currency", "unit", "rate", "source")
    return CostRate(**{name: getattr(row, name) for name in fields}, validity=validity, recorded_at=recorded_at)


def _subject(rate: CostRateIn) -> str:
    return rate.resource or f"{rate.role}{f' of {rate.vendor}' if rate.vendor else ''}"


# -- by people ---------------------------------------------------------------------------------------------------------


def enter(*, rates: Sequence[CostRateIn], by: User) -> int:
    """Record rates a person entered, all or none; how many were new.

    Raises Denied, or BadInput that names every field of every rate that cannot be.
    """
    for code in sorted({rate.legal_entity for rate in rates}):
        policies.can_enter_cost_rates(by, code).or_raise()
    known = set(LegalEntity.objects.filter(is_active=True).values_list("code", flat=True))
    problems = []
    for place, rate in enumerate(rates):
        where = f"rates.{place}." if len(rates) > 1 else ""
        problems += [Problem(where + name, said, remedy) for name, said, remedy in wrong(rate, known)]
    if problems:
        raise BadInput("Cost rates" if len(rates) > 1 else f"Cost rate of {_subject(rates[0])}".strip(), problems)
    return record(rates=rates, by=by)


def source_of(by: User, note: str = "") -> str:
    """Where a rate is from that a person entered."""
    return (f"{actor_name(by)}: {note}" if note else actor_name(by))[:250]


def wrong(rate: CostRateIn, known: set[str]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a rate, as (field, what, remedy); `known` are the codes of legal entities."""
    if rate.legal_entity not in known:
        yield "legal_entity", f"{rate.legal_entity!r} is not known.", "Use the code of an active legal entity."
    if bool(rate.resource) == bool(rate.role):
        yield "role", "either a person or a role is needed.", "Fill in one of the two."
    if not is_currency(rate.currency):
        yield "currency", f"{rate.currency!r} is not a currency.", "Use an ISO 4217 code such as EUR."
    if rate.unit not in CostRate.Unit.values:
        yield "unit", f"{rate.unit!r} is not known.", "Use hour or day."
    if rate.rate <= 0:
        yield "rate", f"{rate.rate} is not above nought.", "Say what one unit of work costs."
    if rate.valid_to is not None and rate.valid_to < rate.valid_from:
        yield "valid_to", f"{rate.valid_to} is before {rate.valid_from}.", "Name the last day, or leave it out."
