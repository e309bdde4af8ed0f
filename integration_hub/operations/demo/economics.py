"""What the demo's firm knows of itself beside its vendors: hours, cost rates, standard prices, capacity, some bills.

Recorded once, when the world is played, by the same actions as files and people use. Analysts have no standard price:
one of them waits for a price on purpose.
"""

from datetime import date
from decimal import Decimal

from contracts.actions import capacity, configuration, cost_rates, standard_prices
from contracts.models import LegalEntity, Project, Resource
from costs.actions import purchases
from integration_hub import canonical
from integration_hub.people.models import User
from integration_hub.sandbox.world.calendar import FIRST_MONTH, HOLIDAYS

COUNTRIES = {"US01": "US", "UK01": "GB", "DE01": "DE"}
ZONES = {"US01": "America/New_York", "UK01": "Europe/London", "DE01": "Europe/Berlin"}
PREFIXES = {"US01": "US", "UK01": "UK", "DE01": "DE"}
"""How cost centres of a legal entity begin."""
HOURLY = {
    "Principal": (Decimal(128), Decimal(360)),
    "Architect": (Decimal(104), Decimal(300)),
    "Senior Consultant": (Decimal(82), Decimal(245)),
    "Consultant": (Decimal(61), Decimal(195)),
    "Project Manager": (Decimal(78), Decimal(220)),
    "Analyst": (Decimal(44), None),
}
"""Cost and standard price of an hour by role, in each legal entity's own currency."""
WEEK = (Decimal(8),) * 5 + (Decimal(0),) * 2
FREELANCER, AGENCY = "Atelier Nord", "Bluebird Research"
SOURCE = "demo"


def ensure(by: User) -> None:
    """Record them unless they are recorded."""
    entities = list(LegalEntity.objects.filter(code__in=COUNTRIES, costs_from__isnull=True).order_by("code"))
    for entity in entities:
        _rates(entity, by)
        _people(entity, by)
        entity.costs_from = FIRST_MONTH
        entity.zone, entity.holidays = ZONES[entity.code], COUNTRIES[entity.code]
        configuration.save_legal_entity(row=entity, by=by)
        _bills(entity, by)


def _rates(entity: LegalEntity, by: User) -> None:
    cost_rates.record(
        rates=[
            cost_rates.CostRateIn(
                legal_entity=entity.code, role=role, currency=entity.currency, rate=cost, valid_from=FIRST_MONTH,
                source=SOURCE,
            )
            for role, (cost, _) in HOURLY.items()
        ],
        by=by,
    )  # fmt: skip
    for role, (_, price) in HOURLY.items():
        if price is not None:
            given = standard_prices.StandardPriceIn(
                role=role, currency=entity.currency, rate=price, valid_from=FIRST_MONTH, source=SOURCE
            )
            standard_prices.record(legal_entity=entity, given=given, by=by)


def _people(entity: LegalEntity, by: User) -> None:
    calendar = COUNTRIES[entity.code]
    for day in sorted(HOLIDAYS[calendar]):
        capacity.save_holiday(calendar=calendar, day=day, name="Public holiday", hours=Decimal(0), by=by)
    for person in Resource.objects.filter(cost_centre__startswith=f"{PREFIXES[entity.code]}-"):
        given = capacity.CapacityIn(
            legal_entity=entity, resource=person, hours=WEEK, calendar=calendar, valid_from=FIRST_MONTH,
            source=f"{SOURCE}:{person.code}",
        )  # fmt: skip
        capacity.record(given=given, by=by)


def _bills(entity: LegalEntity, by: User) -> None:
    """Of a legal entity's first projects: one bill borne by us, and one that nobody decided about."""
    projects = Project.objects.filter(contract__legal_entity=entity).order_by("code")[:2]
    kinds = ((FREELANCER, "design", "absorbed", Decimal(1450)), (AGENCY, "market data", "", Decimal(620)))
    for number, (project, (vendor, category, handling, amount)) in enumerate(zip(projects, kinds, strict=False), 1):
        record = canonical.PurchaseLine(
            source_id=f"{entity.code}-{number}", version="1", vendor=vendor, bill_number=f"{entity.code}-B{number}",
            project=project.code, category=category, delivered_on=date(2026, 5, 20), amount=amount,
            currency=entity.currency, handling=handling, description=f"{category.capitalize()} for {project.code}",
        )  # fmt: skip
        purchases.receive(record=record, source=f"{SOURCE}:{entity.code}-{number}", by=by)
