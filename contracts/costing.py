"""Which cost rate holds for a person's work on a day. Pure once the rates are read; margins and costs ask here."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from contracts.models import CostRate
from integration_hub.kernel.money import Rounding, round_money

MINUTES = {CostRate.Unit.HOUR: Decimal(60), CostRate.Unit.DAY: Decimal(480)}
_Key = tuple[int, str, str, str]


class CostRates:
    """The rates of some legal entities as they were known at one time."""

    def __init__(self, rows: Iterable[CostRate]) -> None:
        self._rows: dict[_Key, list[CostRate]] = defaultdict(list)
        for row in rows:
            vendor = "" if row.resource else row.vendor
            self._rows[row.legal_entity_id, row.resource, row.role, vendor].append(row)

    def of(self, *, legal_entity: int, resource: str, role: str, vendor: str, on: date) -> CostRate | None:
        """The rate of the person; else that of the role among the people of `vendor` (empty: our own); else None."""
        for key in ((legal_entity, resource, "", ""), (legal_entity, "", role, vendor)):
            if key[1] or key[2]:
                for row in self._rows[key]:
                    if (row.validity.lower is None or row.validity.lower <= on) and (
                        row.validity.upper is None or on < row.validity.upper
                    ):
                        return row
        return None


def cost_rates(legal_entities: Collection[int], *, known_at: datetime | None = None) -> CostRates:
    """The rates of these legal entities that hold now, or that were known to hold at an instant; one statement."""
    rows = CostRate.objects.filter(legal_entity__in=legal_entities)
    if known_at is None:
        return CostRates(rows.filter(withdrawn_at__isnull=True))
    then = Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=known_at)
    return CostRates(rows.filter(then, recorded_at__lte=known_at))


def cost_of(minutes: Decimal, rate: CostRate, rounding: Rounding) -> Decimal:
    """What work costs at a rate, in the rate's currency, rounded once."""
    return round_money(minutes * rate.rate / MINUTES[CostRate.Unit(rate.unit)], rate.currency, rounding)
