"""Recording exchange rates. What was known stays known: nothing is changed, a correction is another row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction

from contracts import events, policies
from contracts.models import ExchangeRate
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.money import is_currency
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

CORPORATE = "corporate"


@dataclass(frozen=True, slots=True)
class RateIn:
    """One unit of `base` is `rate` of `quote` from `day` on; `source` says where it was read."""

    base: str
    quote: str
    day: date
    rate: Decimal
    source: str
    rate_type: str = CORPORATE

    @property
    def key(self) -> tuple[str, str, str, date]:
        """What a later row with another rate corrects."""
        return self.rate_type, self.base, self.quote, self.day


@transaction.atomic
def record(*, rates: Sequence[RateIn], by: Actor) -> int:
    """Keep rates that differ from what is known of their day; work that waits for them is decided again.

    Returns how many were new. Later ones of the same day in one call count as corrections of the earlier.
    """
    known = _known(rates)
    fresh = []
    for rate in rates:
        if known.get(rate.key) != rate.rate:
            known[rate.key] = rate.rate
            fresh.append(rate)
    if not fresh:
        return 0
    ExchangeRate.objects.bulk_create(
        ExchangeRate(
            rate_type=rate.rate_type,
            base=rate.base,
            quote=rate.quote,
            day=rate.day,
            rate=rate.rate,
            source=rate.source,
        )
        for rate in fresh
    )
    currencies = sorted({code for rate in fresh for code in (rate.base, rate.quote)})
    event(
        "contracts.exchange_rate.recorded",
        by=by,
        object_type="contracts.exchangerate",
        object_id=fresh[-1].source,
        label=f"{fresh[-1].base}/{fresh[-1].quote}" if len(fresh) == 1 else f"{len(fresh):,} exchange rates",
        rates=[f"{rate.base}/{rate.quote} {rate.day}: {rate.rate:f}" for rate in fresh[:50]],
        count=len(fresh),
    )
    events.exchange_rates_arrived(currencies)
    return len(fresh)


def _known(rates: Sequence[RateIn]) -> dict[tuple[str, str, str, date], Decimal]:
    """The rate that counts, of every pair and day asked for."""
    rows = ExchangeRate.objects.filter(
        base__in={rate.base for rate in rates},
        quote__in={rate.quote for rate in rates},
        day__in={rate.day for rate in rates},
    )
    return {(row.rate_type, row.base, row.quote, row.day): row.rate for row in rows.order_by("pk")}


def enter(*, rates: Sequence[RateIn], by: User) -> int:
    """Record corporate rates a person entered, all or none; how many were new.

    Raises Denied, or BadInput that names every field of every rate that cannot be.
    """
    policies.can_enter_rates(by).or_raise()
    problems = []
    for place, rate in enumerate(rates):
        where = f"rates.{place}." if len(rates) > 1 else ""
        problems += [Problem(where + name, said, remedy) for name, said, remedy in _wrong(rate)]
    if problems:
        raise BadInput(
            "Exchange rates" if len(rates) > 1 else f"Exchange rate {rates[0].base}/{rates[0].quote}", problems
        )
    return record(rates=rates, by=by)


def entered(*, base: str, quote: str, day: date, rate: Decimal, by: User, note: str = "") -> RateIn:
    """A rate as a person entered it, with where it is from."""
    source = f"{actor_name(by)}: {note}" if note else actor_name(by)
    return RateIn(base, quote, day, rate, source[:250])


def _wrong(rate: RateIn) -> Iterator[tuple[str, str, str]]:
    for name, code in (("base", rate.base), ("quote", rate.quote)):
        if not is_currency(code):
            yield name, f"{code!r} is not a currency.", "Use an ISO 4217 code such as EUR."
    if rate.base == rate.quote:
        yield "quote", "is the same currency.", "A rate is between two currencies."
    if rate.rate <= 0:
        yield "rate", f"{rate.rate} is not above nought.", "Say how much of the quote one unit is."
    if rate.day > today():
        yield "day", f"{rate.day} is still to come.", "Enter a rate when it is known."
