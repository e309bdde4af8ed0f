"""The verb of work that one legal entity lends another, through agreements, cost rates and charges of the product."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.scenarios import happening
from billing.scenarios.reading import BadScenario, Words
from billing.scenarios.world import FIRST_DAY, World, add_contract
from contracts.actions import capacity, cost_rates, transfer_prices
from contracts.actions.rates import card_of
from contracts.models import Contract, LegalEntity, Project, RateRow, Resource, TransferPrice
from costs.actions import intercompany as charging
from costs.between import views_of
from costs.models import IntercompanyCharge
from integration_hub.cases.models import Case
from integration_hub.kernel.money import round_money
from integration_hub.people import roles
from integration_hub.people.models import Role, User

BY = "system:scenario"
WEEK = (Decimal(8),) * 5 + (Decimal(0),) * 2
KINDS = {kind: kind for kind in TransferPrice.Kind.values}


@dataclass(frozen=True, slots=True)
class _Deal:
    """What a step says, in the words of the format."""

    key: str
    bill_currency: str
    lending_currency: str
    transfer_currency: str
    group_currency: str


def intercompany(world: World, said: Words) -> dict[str, Any]:
    """Work that a lender's person does under a borrower's contract: what it is charged, and what each makes of it."""
    day, hours, bill_rate = said.on("date"), said.amount("hours"), said.amount("bill_rate")
    kind = said.one_of("transfer_kind", KINDS, "fixed_rate")
    value = said.number("transfer_rate" if kind == "fixed_rate" else "transfer_percent")
    cost, approved = said.number("cost_rate"), bool(said.take("approved", True))
    deal = _deal(world, said)
    borrower, lender = _entities(world, deal)
    contract = world.contracts[deal.key]
    person = Resource.objects.create(code=f"{deal.key}-person", name="Lent", role="lent")
    given = capacity.CapacityIn(legal_entity=lender, resource=person, hours=WEEK, valid_from=FIRST_DAY, source=deal.key)
    capacity.record(given=given, by=BY)
    RateRow.objects.create(
        card=card_of(contract), role="lent", currency=deal.bill_currency, rate=bill_rate, validity=(FIRST_DAY, None)
    )
    if cost is not None:
        rate = cost_rates.CostRateIn(
            legal_entity=lender.code, currency=deal.lending_currency, rate=cost, valid_from=FIRST_DAY, source=BY,
            resource=person.code,
        )  # fmt: skip
        cost_rates.record(rates=[rate], by=BY)
    if value:
        _agree(world, lender, borrower, (kind, value, deal.transfer_currency))
    entry = {
        "id": deal.key, "line": f"{deal.key}-line", "resource": person.code, "role": "lent", "date": day,
        "hours": str(hours), "project": f"{deal.key}-project", "approved": approved,
    }  # fmt: skip
    happening.entries(world, Words("entry", {"items": [entry]}))
    happening.decide(world)
    return _told(world, contract, deal)


def _deal(world: World, said: Words) -> _Deal:
    """The currencies: the bill's is that of the only contract, of the legal entity, or of the group."""
    transfer, lending = str(said.take("transfer_currency", "")), str(said.take("lending_currency", ""))
    known = {contract.currency for contract in world.contracts.values()}
    bill = world.functional_currency or (known.pop() if len(known) == 1 else "")
    bill = str(said.take("bill_currency", "")) or bill
    group = str(said.take("group_currency", ""))
    bill = bill or group or transfer or lending or "USD"
    return _Deal(
        key=f"intercompany-{IntercompanyCharge.objects.count()}-{len(world.contracts)}",
        bill_currency=bill,
        lending_currency=lending or transfer or bill,
        transfer_currency=transfer or lending or bill,
        group_currency=group or bill,
    )


def _entities(world: World, deal: _Deal) -> tuple[LegalEntity, LegalEntity]:
    """The borrower has a contract of its own; the lender is another company, in its own currency."""
    lines = [{"id": f"{deal.key}-line", "method": "tm"}]
    add_contract(world, {"id": deal.key, "customer": deal.key, "currency": deal.bill_currency, "lines": lines})
    borrower = world.contracts[deal.key].legal_entity
    LegalEntity.objects.filter(pk=borrower.pk).update(costs_from=FIRST_DAY)
    lender = LegalEntity.objects.create(
        code=f"L{len(world.contracts)}", name="Lender Inc.", currency=deal.lending_currency, country="US"
    )
    return borrower, lender


def _agree(world: World, lender: LegalEntity, borrower: LegalEntity, price: tuple[str, Decimal, str]) -> None:
    """One person proposes the price, another approves it."""
    second, made = User.objects.get_or_create(username="scenario-second", defaults={"all_legal_entities": True})
    if made:
        roles.give(user=second, role=Role.FINANCE)
    kind, value, currency = price
    given = transfer_prices.TransferPriceIn(
        lender=lender.code, borrower=borrower.code, kind=kind, value=value, currency=currency, valid_from=FIRST_DAY,
        reason="scenario",
    )  # fmt: skip
    row = transfer_prices.propose(given=given, by=world.person)
    transfer_prices.approve(price_id=row.pk, by=User.objects.get(pk=second.pk), seen_version=row.version)


def _told(world: World, contract: Contract, deal: _Deal) -> dict[str, Any]:
    project = Project.objects.select_related("contract__legal_entity").get(code=f"{deal.key}-project")
    charging.derive(project=project, caused_by="scenario")
    bill, _ = charging.bills([deal.key]).get(deal.key, (Decimal(0), ""))
    told: dict[str, Any] = {"customer_revenue": round_money(bill, deal.bill_currency), "intercompany_charge": None}
    row = IntercompanyCharge.objects.filter(work_key=deal.key, is_current=True).first()
    if row is None:
        waits = Case.objects.filter(code=charging.CODE, subject_id=str(project.pk)).exclude(status="resolved")
        return told | ({"code": charging.CODE} if waits.exists() else {})
    found = views_of(row, group_currency=deal.group_currency)
    told |= {"intercompany_charge": row.amount, "transfer_rate": row.rate}
    if found is None:
        raise BadScenario("No exchange rate converts it, or the lender has no cost rate.")
    group = {"revenue": found.group_revenue, "cost": found.group_cost, "eliminated": found.eliminated}
    return told | {
        "borrowing_margin": found.borrowing_margin,
        "lending_revenue": found.lending_revenue,
        "lending_cost": found.lending_cost,
        "lending_margin": found.lending_margin,
        "group": group | {"margin": found.group_margin},
    }
