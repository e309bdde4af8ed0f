"""Limits and retainers of a scenario as rows."""

from datetime import date
from decimal import Decimal

from billing.actions import ledger, prepaid
from billing.actions.ledger import Key
from billing.models import RetainerEntry
from billing.scenarios.reading import Unsupported, Words, words
from billing.scenarios.world import Bucket, World, contract_of, customer, line_of
from contracts.actions import parties
from contracts.models import Cap, Contract, ContractLine, Method
from integration_hub.canonical import LinePrices, stated
from integration_hub.kernel.money import ZERO

OVERAGES = {name: name for name in ("bill", "carry_deficit")}
UNUSED = {name: name for name in ("forfeit", "rollover")}


def agree(world: World, given: Words) -> None:
    """The limits and retainers the scenario is given, on the contracts that are there already."""
    for values in given.rows("caps"):
        with words("cap", values) as cap:
            _cap(world, cap)
    for values in given.rows("retainers"):
        with words("retainer", values) as retainer:
            kind = retainer.one_of("kind", {"hours": _hours, "prepaid": _prepaid}, "")
            kind(world, retainer)
    given.done()


def _cap(world: World, said: Words) -> None:
    name, line = str(said.need("id")), said.take("line")
    contract = said.take("contract")
    if contract is None:
        raise Unsupported("a cap that no contract has")
    periods = {period: period for period in Cap.Period.values}
    kinds = {kind: kind for kind in Cap.Kind.values}
    row, payer = contract_of(world, contract), said.take("customer")
    world.caps[name] = Cap.objects.create(
        contract=row, line=line_of(world, line) if line is not None else None, limit=said.amount("limit"),
        currency=row.currency, kind=said.one_of("kind", kinds, "hard"),
        period=said.one_of("period", periods, "total"),
        bill_to=None if payer is None else parties.bill_to_of(contract=row, customer=customer(world, str(payer))),
    )  # fmt: skip


def _hours(world: World, said: Words) -> None:
    """The terms of the hour retainer of a contract, on the line that has it."""
    name, contract = str(said.need("id")), contract_of(world, said.need("contract"))
    said.take("recurring")
    line = contract.lines.filter(method=Method.RETAINER_HOURS).order_by("number").first()
    if line is None:
        raise Unsupported(f"an hour retainer of {contract.number}, which has no line for one")
    line.included_hours, line.amount = said.amount("hours"), said.amount("fee")
    line.overage, line.overage_rate = said.one_of("overage", OVERAGES, "bill"), said.number("overage_rate")
    line.unused, line.carry_limit_hours = said.one_of("unused", UNUSED, "forfeit"), said.number("max_rollover")
    if (floor := said.number("min_rollover")) is not None:
        line.prices = stated(LinePrices(carry_floor_hours=floor))
    line.carry_months, line.deficit_limit = int(said.number("rollover_months") or 1), said.number("max_deficit")
    line.save()
    world.buckets[name] = Bucket(line)


def _prepaid(world: World, said: Words) -> None:
    """A balance that is paid in already, on a line of its own."""
    name, contract = str(said.need("id")), contract_of(world, said.need("contract"))
    line = ContractLine.objects.create(
        contract=contract, number=_next(contract), name=name, method=Method.RETAINER_PREPAID,
        amount=said.number("balance") or ZERO, ends_on=said.day("expires"), priority=int(said.number("priority") or 0),
        deficit_limit=said.number("max_deficit"), minimum_balance=said.number("minimum"),
        taxed_when_funded=bool(said.take("taxed_when_funded", False)),
    )  # fmt: skip
    said.day("created")  # of two that are alike the one named first was made first
    world.prepaid[name], world.taxes[line.pk] = line, said.number("tax_rate") or ZERO
    opening = {Key(RetainerEntry.Kind.FUND): line.amount or ZERO}
    ledger.settle({prepaid.account_of(line).pk: opening}, cause="Paid in before the story begins")


def _next(contract: Contract) -> int:
    return contract.lines.count() + 1


def balances(world: World, month: date) -> dict[str, Decimal]:
    """What is left: money of prepaid ones, hours of the month of hour retainers."""
    found = {name: prepaid.account_of(line).balance for name, line in world.prepaid.items()}
    for name, bucket in world.buckets.items():
        account = bucket.line.retainer_accounts.filter(month=month).first()
        found[name] = account.balance / 60 if account else ZERO
    return found
