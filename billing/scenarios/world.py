"""What is there when a scenario begins: contracts, prices and limits as rows, known by the names of the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from billing.actions import schedules
from billing.engine.retainers import Opening
from billing.models import RetentionAccount, ScheduleItem
from billing.scenarios import agreed
from billing.scenarios.reading import BadScenario, Words, words
from contracts.actions import exchange, parties, payers, references
from contracts.actions.rates import card_of
from contracts.models import (
    BillTo,
    Cap,
    Contract,
    ContractLine,
    ContractVersion,
    Customer,
    LegalEntity,
    Method,
    Milestone,
    RateCard,
    RateRow,
    Route,
)
from integration_hub.connectors.models import Connection
from integration_hub.kernel.money import ZERO, round_money
from integration_hub.people import roles
from integration_hub.people.models import Role, User

FIRST_DAY = date(2000, 1, 1)
DAY = timedelta(days=1)
METHODS = {
    "tm": Method.TIME_AND_MATERIALS,
    "expense": Method.EXPENSE,
    "recurring": Method.RECURRING,
    "milestone": Method.MILESTONE,
    "progress": Method.PROGRESS,
    "retainer_hours": Method.RETAINER_HOURS,
    "usage": Method.USAGE,
    "included": Method.INCLUDED,
    "commitment": Method.COMMITMENT,
}
ROUNDING = {"HALF_UP": "half_up", "HALF_EVEN": "half_even"}
GROUPINGS = {name: name for name in ("none", "resource", "role", "task", "rate")}
SCOPES = {"contract": "contract", "customer": "customer", "standard": "legal_entity"}


@dataclass
class Bucket:
    """An hour retainer: its line, and how its next period opens."""

    line: ContractLine
    opening: Opening | None = None


@dataclass(frozen=True, slots=True)
class CostOf:
    """What an hour of somebody costs from a day on, in the currency of the legal entity unless another is named."""

    since: date
    rate: Decimal
    resource: str = ""
    role: str = ""
    currency: str = ""


@dataclass
class World:
    """Rows by the names of the scenario."""

    erp: Connection
    person: User
    entities: dict[str, LegalEntity] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    lines: dict[str, ContractLine] = field(default_factory=dict)
    milestones: dict[tuple[str, str], Milestone] = field(default_factory=dict)
    caps: dict[str, Cap] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    prepaid: dict[str, ContractLine] = field(default_factory=dict)
    taxes: dict[int, Decimal] = field(default_factory=dict)
    """Tax rate by contract line."""
    periods: dict[str, date] = field(default_factory=dict)
    """Months of revenue by the names of the file."""
    prices: list[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    cost_rates: list[CostOf] = field(default_factory=list)
    """What hours cost, for the verbs that ask; nothing that is billed depends on it."""
    functional_currency: str = ""
    """Of the legal entity, where the scenario says so."""


def build(given: Words, policy: Words) -> World:
    """The contracts and prices the scenario is given. Raises Unsupported for what this product does not keep."""
    erp = Connection.objects.create(code="scenario-erp", vendor="netsuite", name="ERP")
    world = World(erp, _finance())
    world.functional_currency = str(given.take("functional_currency", ""))
    grouping = policy.one_of("grouping", GROUPINGS, "none")
    policy.done()
    for values in given.rows("contracts"):
        with words("contract", values) as contract:
            _contract(world, contract, grouping)
    for values in given.rows("rates"):
        with words("rate", values) as rate:
            world.prices.append(price(world, rate))
    _store_prices(world)
    for values in given.rows("cost_rates"):
        with words("cost rate", values) as cost:
            world.cost_rates.append(_cost(cost))
    for values in given.rows("fx"):
        with words("fx", values) as quoted:
            exchange.record(rates=[_fx(quoted)], by="system:scenario")
    return world


def _finance() -> User:
    """Somebody of finance, with the rights of the role."""
    person = User.objects.create(username="scenario", all_legal_entities=True)
    roles.sync()
    roles.give(user=person, role=Role.FINANCE)
    return person


def agreement(world: World, name: str) -> Contract:
    """A contract that a step needs and the scenario does not name, made on first use."""
    if name not in world.contracts:
        client = customer(world, name)
        world.contracts[name] = Contract.objects.create(
            number=name, name=name, customer=client, legal_entity=_entity(world, "half_up", "USD"), currency="USD",
            status=Contract.Status.ACTIVE, signed_on=FIRST_DAY,
        )  # fmt: skip
    return world.contracts[name]


def add_contract(world: World, values: Mapping[str, Any]) -> None:
    """A contract in the words of `given`, that a step needs beside those of the scenario."""
    with words("contract", values) as said:
        _contract(world, said, "none")


def contract_of(world: World, name: Any) -> Contract:
    """A contract by its name. Raises BadScenario for an unknown one."""
    if name not in world.contracts:
        raise BadScenario(f"There is no contract {name!r}.")
    return world.contracts[name]


def line_of(world: World, name: Any) -> ContractLine:
    """A contract line by its name. Raises BadScenario for an unknown one."""
    if name not in world.lines:
        raise BadScenario(f"There is no line {name!r}.")
    return world.lines[name]


def _entity(world: World, rounding: str, currency: str) -> LegalEntity:
    """The firm that rounds and counts so; the ERP knows it."""
    key = f"{rounding}-{currency}"
    if key not in world.entities:
        entity = LegalEntity.objects.create(
            code=f"SC{len(world.entities) + 1}",
            name="Scenario Inc.",
            currency=currency,
            country="US",
            rounding=rounding,
        )
        Route.objects.create(role=Route.Role.ERP, legal_entity=entity, connection=world.erp)
        references.note(connection=world.erp, entity="legal_entity", source_id=entity.code, row=entity)
        world.entities[key] = entity
    return world.entities[key]


def customer(world: World, name: str) -> Customer:
    """A client by its name, made on first use."""
    if name not in world.customers:
        row = Customer.objects.create(
            code=f"scenario-{name}", name=name, country="US", region="NY", city="New York", street="1 Broadway"
        )
        references.note(connection=world.erp, entity="customer_account", source_id=row.code, row=row)
        world.customers[name] = row
    return world.customers[name]


def _contract(world: World, said: Words, grouping: str) -> None:
    name, currency = str(said.need("id")), str(said.need("currency"))
    client = customer(world, str(said.need("customer")))
    entity = _entity(world, said.one_of("rounding", ROUNDING, "HALF_UP"), currency)
    row = Contract.objects.create(
        number=name, name=name, customer=client, legal_entity=entity, currency=currency, status=Contract.Status.ACTIVE,
        signed_on=FIRST_DAY, tax_jurisdiction="US-NY",
    )  # fmt: skip
    row.bill_to = parties.ensure_bill_to(contract=row)
    row.activated_at = row.created_at
    row.save()
    _pay(world, row, said.rows("bill_to"))
    levels = {level: level for level in BillTo.TaxLevel.values}
    level = said.one_of("tax_level", levels, BillTo.TaxLevel.INVOICE)
    paying = Q(pk=row.bill_to_id) | Q(payer_shares__split__contract=row)
    BillTo.objects.filter(pk__in=BillTo.objects.filter(paying).values("pk")).update(
        tax_level=level, line_grouping=grouping
    )
    ContractVersion.objects.create(contract=row, number=1, effective_on=FIRST_DAY, reason="Signed")
    world.contracts[name] = row
    row.policy = agreed.policy(said.take("policy", {}))
    if (kept := said.take("retention")) is not None:
        with words(f"retention of {name}", kept) as retention:
            row.retention_percent = retention.amount("percent")
            timing = retention.one_of("tax", {tax: tax for tax in RetentionAccount.Tax.values}, "when_invoiced")
            row.policy = {**row.policy, "retention_tax": timing}
    row.save()
    tax, expenses = said.number("tax_rate") or ZERO, agreed.expenses(said.rows("expense_rules"))
    for number, values in enumerate(said.rows("lines"), start=1):
        with words(f"line of {name}", values) as line:
            _line(world, row, number, line, tax, expenses)


def _pay(world: World, contract: Contract, rows: list[Any]) -> None:
    """The customers who share a contract's work from its first day; one alone is simply the one it is billed to."""
    shares = []
    for values in rows:
        with words(f"bill_to of {contract.number}", values) as said:
            payer = customer(world, str(said.need("customer")))
            shares.append(payers.ShareIn(payer, said.amount("percent"), bool(said.take("rounding", False))))
    if len(shares) == 1:
        contract.bill_to = parties.bill_to_of(contract=contract, customer=shares[0].customer)
        contract.save()
    elif shares:
        share(world, contract, shares, FIRST_DAY)


def share(world: World, contract: Contract, shares: list[payers.ShareIn], since: date) -> None:
    """Have customers share a contract's work from a day on. Raises BadInput where their shares are no whole."""
    contract.refresh_from_db(fields=["version"])
    payers.agree(
        contract_id=contract.pk, line_id=None, effective_on=since, shares=shares, reason="scenario", by=world.person,
        seen_version=contract.version,
    )  # fmt: skip
    contract.refresh_from_db(fields=["version"])


def _line(world: World, contract: Contract, number: int, said: Words, tax: Decimal, expenses: list[Any]) -> None:
    name, method = str(said.need("id")), said.one_of("method", METHODS, "")
    row = ContractLine(contract=contract, number=number, name=name, method=method)
    row.starts_on, row.ends_on = said.day("start"), said.day("end")
    row.amount = said.number("fee" if method in (Method.RECURRING, Method.COMMITMENT) else "price")
    if method == Method.COMMITMENT:
        row.frequency = said.one_of("period", {"month": "monthly", "quarter": "quarterly", "term": "once"}, "quarter")
    if method == Method.RECURRING:
        said.one_of("bill_day", {"1": 1}, "1")
        row.frequency = ContractLine.Frequency.MONTHLY
        if row.ends_on is not None:
            row.ends_on -= DAY  # `[from, to)`
    if method == Method.EXPENSE:
        row.expense_rule = "at_cost"
    takes_costs = method in (Method.EXPENSE, Method.TIME_AND_MATERIALS)
    row.prices = agreed.prices(said, expenses if takes_costs else [])
    row.draws_retainer = bool(said.take("drawdown", True))
    row.save()
    own = said.number("tax_rate")
    if method == Method.RECURRING and row.ends_on is not None:  # those without an end are planned as far as runs look
        ScheduleItem.objects.bulk_create(schedules.items_of(row))
    world.lines[name], world.taxes[row.pk] = row, tax if own is None else own
    for sequence, values in enumerate(said.rows("milestones"), start=1):
        with words(f"milestone of {name}", values) as milestone:
            step = str(milestone.need("id"))
            amount = part(row, milestone.amount("percent"))
            world.milestones[name, step] = Milestone.objects.create(
                line=row, sequence=sequence, name=step, amount=amount, currency=contract.currency
            )


def part(line: ContractLine, percent: Decimal) -> Decimal:
    """A percentage of a line's price, in money."""
    return round_money((line.amount or ZERO) * percent / 100, line.contract.currency)


def price(world: World, said: Words) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The key and the values of one price."""
    scope, ref = said.one_of("scope", SCOPES, ""), str(said.take("ref", ""))
    if scope == "contract":
        contract_of(world, ref)
    key = tuple(str(said.take(name, "")) for name in ("resource", "role", "item"))
    said.take("default")
    last = said.day("to")
    units = {unit: unit for unit in ("hour", "day", "item")}
    values = {
        "unit": said.one_of("unit", units, "item" if key[2] else "hour"),
        "hours_per_day": said.number("hours_per_day") or Decimal(8),
        "currency": str(said.need("currency")),
        "rate": said.amount("rate"),
        "from": said.on("from"),
        "to": last + DAY if last else None,
    }
    return (scope, ref, *key, values["currency"]), values


def _store_prices(world: World) -> None:
    """Rows as the database keeps them: of two for the same work on a day only the one that applies, the later."""
    by_key: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, values in world.prices:
        by_key.setdefault(key, []).append(values)
    for key, rows in by_key.items():
        ranked = sorted(enumerate(rows), key=lambda pair: (pair[1]["from"], pair[0]), reverse=True)
        taken: list[tuple[date, date | None]] = []
        for _, values in ranked:
            for span in _without((values["from"], values["to"]), taken):
                _row(world, key, values, span)
            taken.append((values["from"], values["to"]))


def _without(
    span: tuple[date, date | None], taken: Iterable[tuple[date, date | None]]
) -> list[tuple[date, date | None]]:
    """What is left of a half-open span once others are taken out of it."""
    left = [span]
    for start, end in taken:
        parts: list[tuple[date, date | None]] = []
        for first, last in left:
            if (last is not None and last <= start) or (end is not None and end <= first):
                parts.append((first, last))
                continue
            if first < start:
                parts.append((first, start))
            if end is not None and (last is None or end < last):
                parts.append((end, last))
        left = parts
    return left


def _row(world: World, key: tuple[str, ...], values: dict[str, Any], span: tuple[date, date | None]) -> None:
    scope, ref, resource, role, item, currency = key
    if scope == "contract":
        cards = [card_of(world.contracts[ref])]
    elif scope == "customer":
        client = customer(world, ref)
        cards = [RateCard.objects.get_or_create(scope=scope, customer=client, defaults={"name": ref})[0]]
    else:
        cards = [
            RateCard.objects.get_or_create(scope=scope, legal_entity=entity, defaults={"name": "Standard"})[0]
            for entity in world.entities.values()
        ]
    for card in cards:
        RateRow.objects.create(
            card=card, resource=resource, role=role, item=item, currency=currency, rate=values["rate"],
            unit=values["unit"], hours_per_day=values["hours_per_day"], validity=span,
        )  # fmt: skip


def _cost(said: Words) -> CostOf:
    person, role = str(said.take("resource", "")), str(said.take("role", ""))
    if bool(person) == bool(role):
        raise BadScenario(f"{said.where} is of a resource or of a role.")
    return CostOf(said.on("from"), said.amount("rate"), person, role, str(said.take("currency", "")))


def _fx(said: Words) -> exchange.RateIn:
    base, quote = str(said.need("base")), str(said.need("quote"))
    return exchange.RateIn(base, quote, said.on("date"), said.amount("rate"), "scenario")
