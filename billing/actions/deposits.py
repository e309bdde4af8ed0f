"""Bill a deposit ahead of the work of a contract line, and give back what is left of it (billing.md R13).

Its invoice is a candidate like any other from here on: taxed where a deposit is taxed when it is billed, checked,
approved by others than who asked, posted once. What is left goes back by credit memos over these invoices, newest
first, at the tax that was billed.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, Sum

from billing import credited, policies
from billing.actions import candidates, crediting, deposit_ledger, limits, retention_lines
from billing.engine.deposits import Deposit, Exceeded
from billing.models import Candidate, CandidateLine, CreditReason, DepositAccount, DepositOrder, InvoiceLine
from contracts.models import Contract, ContractLine, Milestone
from contracts.periods import open_period
from contracts.queries import policy_of
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO, Rounding, round_money, show
from integration_hub.people.models import User
from integration_hub.trail.record import event

PARTS = ("contract__legal_entity", "contract__customer", "line", "bill_to__customer")
"""What is read with an account."""


@transaction.atomic
def bill(*, line_id: int, by: User, amount: Decimal, reason: str, on: date | None = None) -> Candidate:
    """Make the invoice of a deposit for the work of a contract line, to its contract's bill-to, dated `on` (today), for
    others to approve. Raises Denied or BadInput.
    """
    line = ContractLine.objects.get(pk=line_id)
    return _ask(_held(line.contract_id, by), [(line, amount)], reason, on or today(), by)


@transaction.atomic
def down_payment(*, contract_id: int, by: User, percent: Decimal, reason: str, on: date | None = None) -> Candidate:
    """Make the invoice of a percentage of all fixed prices of a contract, a line for each, so by group of taxes: each
    is rounded by itself and taken off the work of its line. Raises Denied or BadInput.
    """
    contract = _held(contract_id, by)
    if not 0 < percent <= 100:
        problem = Problem("percent", f"{percent:f} is no part of a price.", "State more than 0, and up to 100.")
        raise BadInput(f"Deposit on {contract.number}", [problem])
    rounding: Rounding = contract.legal_entity.rounding  # type: ignore[assignment]  # choices are the same words
    parts = [
        (line, round_money(price * percent / 100, contract.currency, rounding)) for line, price in priced(contract)
    ]
    return _ask(contract, [part for part in parts if part[1]], reason, on or today(), by)


def priced(contract: Contract) -> list[tuple[ContractLine, Decimal]]:
    """The lines of a contract whose price is fixed, with it."""
    rows = contract.lines.filter(method__in=policies.FIXED_PRICE).order_by("number")
    planned = Sum("milestones__amount", filter=~Q(milestones__status=Milestone.Status.CANCELLED))
    found = [(line, line.amount or line.planned or ZERO) for line in rows.annotate(planned=planned)]
    return [(line, price) for line, price in found if price > 0]


def _held(contract_id: int, by: User) -> Contract:
    """The contract, its row locked first: whoever credits or bills its work waits here."""
    Contract.objects.select_for_update(no_key=True).get(pk=contract_id)
    contract = Contract.objects.select_related("legal_entity", "customer", "bill_to__customer").get(pk=contract_id)
    policies.can_bill_deposit(contract, by).or_raise()
    return contract


def _ask(
    contract: Contract, parts: Sequence[tuple[ContractLine, Decimal]], reason: str, on: date, by: User
) -> Candidate:
    bill_to = contract.bill_to
    if problems := _problems(contract, parts, reason):
        raise BadInput(f"Deposit on {contract.number}", problems)
    tax = policy_of(contract).deposit_tax
    total = sum((amount for _, amount in parts), ZERO)
    candidate = _shell(contract, total, on, by)
    candidate.save()
    for number, (line, amount) in enumerate(parts, start=1):
        DepositAccount.objects.get_or_create(
            line=line, bill_to=bill_to, defaults={"contract": contract, "tax": tax}
        )  # fmt: skip
        row = retention_lines.line_of(line.pk, f"Deposit for {line.name}", amount, (on, on), deposit_ledger.KIND)
        row.candidate, row.number = candidate, number
        row.save()
    DepositOrder.objects.create(candidate=candidate, amount=total, reason=reason.strip())
    limits.reserve(candidate)
    _told(candidate, reason.strip())
    candidates.quote_soon(candidate)
    return candidate


def _told(candidate: Candidate, reason: str) -> None:
    event(
        "billing.deposit.asked",
        by=candidate.prepared_by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        contract=candidate.contract.number,
        amount=f"{candidate.net:f}",
        reason=reason,
    )


def _problems(contract: Contract, parts: Sequence[tuple[ContractLine, Decimal]], reason: str) -> list[Problem]:
    found = [problem for _, amount in parts for problem in _of_amount(contract.currency, amount)]
    if not parts:
        found.append(Problem("percent", "no line of it has a fixed price.", "Bill a deposit of an amount instead."))
    if contract.bill_to is None:
        found.append(Problem("bill_to", "the contract has none.", "Let its source say who is billed."))
    for line, _ in parts:
        if line.method in policies.NO_DEPOSIT:
            words = f"{line.name} bills no work that a deposit could be taken off."
            found.append(Problem("line", words, "Choose another line."))
    if not reason.strip():
        found.append(Problem("reason", "it is empty.", "Say what was agreed, e.g. the clause and its percentage."))
    return found


def _of_amount(currency: str, amount: Decimal) -> list[Problem]:
    if amount <= 0:
        return [Problem("amount", f"{amount:f} is not above nought.", "State what is to be billed.")]
    if amount != round_money(amount, currency):
        return [Problem("amount", f"{amount:f} is finer than {currency} can be paid.", "Round it.")]
    return []


def _shell(contract: Contract, amount: Decimal, on: date, by: User) -> Candidate:
    entity = contract.legal_entity
    before = Candidate.objects.filter(contract=contract, is_deposit=True).count()
    return Candidate(
        is_deposit=True,
        legal_entity=entity,
        contract=contract,
        bill_to=contract.bill_to,
        number=f"TL-{entity.code}-DP{before + 1:03d}-{contract.pk:05d}",
        currency=contract.currency,
        invoice_date=on,
        accounting_date=open_period(entity, on) or on,
        through=on,
        net=amount,
        tax=ZERO,
        gross=amount,
        retained=ZERO,
        advanced=amount,
        prepared_by=by,
    )


@transaction.atomic
def give_back(
    *,
    account_id: int,
    by: User,
    seen_version: int,
    reason: str,
    amount: Decimal | None = None,
    on: date | None = None,
) -> list[Candidate]:
    """Make the credit memos of an amount (all that is left) of a deposit, one for each invoice that billed it, newest
    first, for others to approve. Raises Denied, Stale, or BadInput.
    """
    account = DepositAccount.objects.select_related(*PARTS).get(pk=account_id)
    Contract.objects.select_for_update(no_key=True).get(pk=account.contract_id)
    account.refresh_from_db(fields=["version", "billed", "applied", "refunded", "reserved"])
    policies.can_give_deposit_back(account, by).or_raise()
    if account.version != seen_version:
        raise Stale
    currency, wanted = account.contract.currency, account.left if amount is None else amount
    if problems := _of_amount(currency, wanted):
        raise BadInput(f"Deposit on {account.contract.number}", problems)
    try:
        Deposit(currency, billed=account.left).refund(wanted)
    except Exceeded as refusal:
        problem = Problem("amount", str(refusal), f"State up to {show(account.left, currency)}.")
        raise BadInput(f"Deposit on {account.contract.number}", [problem]) from refusal
    return [
        crediting.ask(
            invoice_id=line.invoice_id, by=by, seen_version=line.invoice.version,
            wanted=crediting.Wanted(lines={line.number: part}), reason=CreditReason.DEPOSIT, rebillable=False,
            note=reason, on=on,
        )
        for line, part in _over(account, wanted)
    ]  # fmt: skip


def _over(account: DepositAccount, amount: Decimal) -> list[tuple[InvoiceLine, Decimal]]:
    """The posted lines that billed a deposit, newest first, each with what is taken of it."""
    mine = CandidateLine.objects.filter(
        kind=deposit_ledger.KIND, candidate__is_deposit=True, contract_line=account.line_id,
        candidate__bill_to=account.bill_to_id,
    )  # fmt: skip
    lines = InvoiceLine.objects.filter(candidate_line__in=mine).select_related("candidate_line", "invoice")
    rows = list(lines.order_by("-pk"))
    found = credited.originals(rows)
    taken = []
    for row in rows:
        part = min(amount, found[row.pk].left)
        if part > 0:
            taken.append((row, part))
            amount -= part
    return taken
