"""Let a person say how much of a deposit an invoice takes off, where that is not to be as much as fits (R13)."""

from decimal import Decimal

from django.db import transaction

from billing import policies
from billing.actions import candidates, deposit_ledger, deposit_lines, limits
from billing.engine.deposits import Deposit, Exceeded
from billing.models import Candidate, DepositAccount, DepositTaking
from contracts.models import Contract
from integration_hub.kernel.errors import BadInput, NotReady, Problem, Stale
from integration_hub.kernel.money import round_money, show
from integration_hub.people.models import User
from integration_hub.trail.record import event


def offered(candidate: Candidate) -> list[DepositAccount]:
    """The deposits that an invoice can take off: something is left of them, and it has work of their line."""
    if candidate.kind != Candidate.Kind.INVOICE or candidate.is_deposit or candidate.is_release:
        return []
    lines = candidate.lines.exclude(kind=deposit_ledger.KIND).values("contract_line")
    rows = DepositAccount.objects.filter(bill_to=candidate.bill_to_id, line__in=lines).select_related("line")
    return [row for row in rows.order_by("line__number") if deposit_lines.left_of(row, but=candidate) > 0]


@transaction.atomic
def take_off(*, candidate_id: int, account_id: int, by: User, amount: Decimal, seen_version: int) -> Candidate:
    """Print an invoice anew with this much of a deposit taken off, nought for nothing; it is checked anew.

    Raises Denied, Stale, NotReady, or BadInput, caused by Exceeded where the deposit has less left or the work is less.
    """
    found = Candidate.objects.get(pk=candidate_id)
    Contract.objects.select_for_update(no_key=True).get(pk=found.contract_id)
    held = Candidate.objects.select_for_update(of=("self",), no_key=True)
    candidate = held.select_related("legal_entity", "contract", "bill_to").get(pk=candidate_id)
    policies.can_take_deposit_off(candidate, by).or_raise()
    if candidate.version != seen_version:
        raise Stale
    account = next((row for row in offered(candidate) if row.pk == account_id), None)
    if account is None:
        raise NotReady("Nothing of this deposit can be taken off here.")
    _check(candidate, account, amount)
    limits.give_back(candidate)
    DepositTaking.objects.update_or_create(candidate=candidate, account=account, defaults={"amount": amount})
    candidates.reprint(candidate, by, "Another amount is taken off")
    event(
        "billing.deposit.taken_off",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        line=account.line.name,
        amount=f"{amount:f}",
    )
    return candidate


def _check(candidate: Candidate, account: DepositAccount, amount: Decimal) -> None:
    record, currency = f"Deposit on {candidate.number}", candidate.currency
    if amount < 0 or amount != round_money(amount, currency):
        words = f"{amount:f} is no amount in {currency} that could be taken off."
        raise BadInput(record, [Problem("amount", words, "State nought or more, and no finer than it can be paid.")])
    left, work = deposit_lines.left_of(account, but=candidate), deposit_lines.chargeable(candidate, account)
    try:
        if amount:
            Deposit(currency, billed=left).apply(work, amount)
    except Exceeded as refusal:
        most = show(min(left, work), currency)
        raise BadInput(record, [Problem("amount", str(refusal), f"State up to {most}.")]) from refusal
