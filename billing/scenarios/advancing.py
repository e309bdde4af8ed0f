"""Verbs of what is billed ahead of work: a deposit with its moves, a down payment on an order (R13).

They play real documents: each move is asked for, taxed, checked and posted as in life, on a contract of its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.actions import deposit_ledger, deposit_takings, deposits, quotes, runs
from billing.engine.deposits import EXCEEDED, Exceeded
from billing.models import BillingRun, Candidate, CandidateLine, DepositAccount
from billing.scenarios.happening import next_day, reach
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.running import tax_of
from billing.scenarios.settling import checked, posted
from billing.scenarios.world import World, add_contract, contract_of
from contracts.models import Contract, ContractLine, Milestone
from integration_hub.kernel.errors import BadInput
from integration_hub.kernel.money import ZERO, round_money, share

CURRENCY = "USD"
"""The file names none: cents."""

Taxes = tuple[Decimal, ...]


class _Refused(Exception):
    """More is to be taken than there is: the move leaves nothing behind."""


def deposit(world: World, said: Words) -> dict[str, Any]:
    """Moves of one deposit, in order. One that would take more than there is, is rejected and moves nothing."""
    [line] = _order(world, "deposit", {(): ZERO})
    moves = []
    for values in said.rows("moves"):
        with words("move", values) as move:
            moves.append(_moved(world, line, move))
    return {"moves": moves}


def _moved(world: World, line: ContractLine, said: Words) -> dict[str, Any]:
    play = said.one_of("kind", {"receive": _receive, "invoice": _invoice, "refund": _refund}, "")
    amount, work = said.number("amount"), said.number("final_net")
    try:
        with transaction.atomic():
            charged = play(world, line, amount, work)
    except _Refused:
        return {"result": "rejected", "code": EXCEEDED, "balance": _left(line), "invoice_net": None}
    except BadInput as refusal:
        if isinstance(refusal.__cause__, Exceeded):
            return {"result": "rejected", "code": EXCEEDED, "balance": _left(line), "invoice_net": None}
        raise BadScenario(str(refusal)) from refusal
    return {"result": "accepted", "code": None, "balance": _left(line), "invoice_net": charged}


def _account(line: ContractLine) -> DepositAccount | None:
    return DepositAccount.objects.filter(line=line).first()


def _left(line: ContractLine) -> Decimal:
    account = _account(line)
    return account.left if account else ZERO


def _receive(world: World, line: ContractLine, amount: Decimal | None, _work: Decimal | None) -> None:
    asked = deposits.bill(
        line_id=line.pk, by=world.person, amount=_stated(amount, "amount"), reason="scenario", on=next_day()
    )
    posted(world, asked, tax_of(world, asked))


def _invoice(world: World, line: ContractLine, amount: Decimal | None, work: Decimal | None) -> Decimal:
    """A milestone of that much is accepted and billed; the deposit is taken off, as much as fits or as was stated."""
    number = line.milestones.count() + 1
    made = Milestone.objects.create(
        line=line, sequence=number, name=f"{line.name} {number}", amount=_stated(work, "final_net"), currency=CURRENCY
    )
    reach(made)
    candidate = _billed(world, line.contract)
    if amount is not None:
        candidate = _taken_off(world, candidate, line, amount)
    charged: Decimal = posted(world, candidate, tax_of(world, candidate)).net
    return charged


def _taken_off(world: World, candidate: Candidate, line: ContractLine, amount: Decimal) -> Candidate:
    account = _account(line)
    if account is None or account not in deposit_takings.offered(candidate):
        raise _Refused
    candidate = checked(candidate, tax_of(world, candidate))
    return deposit_takings.take_off(
        candidate_id=candidate.pk, account_id=account.pk, by=world.person, amount=amount,
        seen_version=candidate.version,
    )  # fmt: skip


def _refund(world: World, line: ContractLine, amount: Decimal | None, _work: Decimal | None) -> None:
    account = _account(line)
    if account is None or account.left <= 0:
        if amount is not None:
            raise _Refused
        return
    for memo in deposits.give_back(
        account_id=account.pk, by=world.person, seen_version=account.version, reason="scenario", amount=amount,
        on=next_day(),
    ):  # fmt: skip
        posted(world, memo)


def _stated(value: Decimal | None, name: str) -> Decimal:
    if value is None:
        raise BadScenario(f"A move lacks {name!r}.")
    return value


def down_payment(world: World, said: Words) -> dict[str, Any]:
    """A percentage of an order billed ahead, by group of taxes, and the final invoice without it."""
    percent, nets = said.amount("percent"), dict[Taxes, Decimal]()
    for values in said.rows("lines"):
        with words("line", values) as line:
            group = tuple(sorted(_rate(one) for one in line.rows("taxes")))
            nets[group] = nets.get(group, ZERO) + line.amount("amount")
    lines = _order(world, "order", nets)
    rates = {line.pk: group for line, group in zip(lines, nets, strict=True)}
    try:
        asked = deposits.down_payment(
            contract_id=lines[0].contract_id, by=world.person, percent=percent, reason="scenario", on=next_day()
        )
    except BadInput as refusal:
        raise BadScenario(str(refusal)) from refusal
    ahead = posted(world, asked, _answer(asked, rates))
    for milestone in Milestone.objects.filter(line__in=lines):
        reach(milestone)
    candidate = _billed(world, lines[0].contract)
    final = posted(world, candidate, _answer(candidate, rates))
    return {"order": _told(_work(final)), "down_payment": _told(ahead.lines.all()), "final": _told(final.lines.all())}


def _order(world: World, name: str, nets: Mapping[Taxes, Decimal]) -> list[ContractLine]:
    """The lines of a new contract, one for each group of taxes, each to be accepted in one."""
    if not nets:
        raise BadScenario("An order without lines.")
    number = f"{name} {len(world.contracts) + 1}"
    lines = [
        {"id": f"{number}-{at}", "method": "milestone", "price": str(net)}
        | ({"milestones": [{"id": "all", "percent": "100"}]} if net else {})
        for at, net in enumerate(nets.values(), start=1)
    ]
    add_contract(world, {"id": number, "customer": number, "currency": CURRENCY, "lines": lines})
    return list(contract_of(world, number).lines.order_by("number"))


def _billed(world: World, contract: Contract) -> Candidate:
    """What a run makes of a contract, as of the day something was accepted."""
    contract.refresh_from_db()
    run = BillingRun.objects.create(
        legal_entity=contract.legal_entity, through=next_day(), invoice_date=next_day(), started_by=world.person,
        state=BillingRun.State.DONE,
    )  # fmt: skip
    runs.rebuild(contract=contract, run=run)
    found = list(Candidate.objects.filter(run=run))
    if len(found) != 1:
        raise BadScenario(f"{contract.number} has {len(found)} invoices, not one.")
    return found[0]


def _answer(candidate: Candidate, rates: Mapping[int, Taxes]) -> dict[str, Any]:
    """Tax as an engine answers that rounds once per document and rate, what is taken off by itself."""
    rows = list(quotes.taxed_lines(candidate))
    taxes = dict.fromkeys((row.pk for row in rows), ZERO)
    for ahead in (False, True):
        mine = [row for row in rows if (row.kind == deposit_ledger.KIND) is ahead]
        for rate in sorted({rate for row in mine for rate in rates[row.contract_line_id]}):
            some = [row for row in mine if rate in rates[row.contract_line_id]]
            nets = [row.net for row in some]
            for row, part in zip(
                some, share(round_money(sum(nets, ZERO) * rate, CURRENCY), nets, CURRENCY), strict=True
            ):
                taxes[row.pk] += part
    lines = [{"number": str(row.number), "tax": str(taxes[row.pk]), "taxable": str(row.net)} for row in rows]
    return {"net": str(candidate.net), "tax": str(sum(taxes.values(), ZERO)), "lines": lines, "details": []}


def _work(final: Candidate) -> Any:
    return final.lines.exclude(kind=deposit_ledger.KIND)


def _rate(value: Any) -> Decimal:
    """A rate of tax, as a part of one."""
    with words("tax", {"rate": value}) as one:
        return one.amount("rate")


def _told(lines: Any) -> dict[str, Decimal]:
    rows: list[CandidateLine] = list(lines)
    net, tax = sum((row.net for row in rows), ZERO), sum((row.tax for row in rows), ZERO)
    return {"net": net, "tax": tax, "gross": net + tax}
