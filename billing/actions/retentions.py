"""Release retention: an invoice of what earlier ones withheld, once a contract allows it (billing.md R18).

It is a candidate like any other from here on: taxed where retention is taxed with its release, checked, approved by
others than who asked, posted once.
"""

from datetime import date
from decimal import Decimal

from django.db import transaction

from billing import policies
from billing.actions import candidates, limits, retention_lines
from billing.models import Candidate, CandidateLine, RetentionAccount, RetentionRelease
from contracts.models import Contract, PurchaseOrder
from contracts.periods import open_period
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO, round_money, show
from integration_hub.people.models import User
from integration_hub.trail.record import event

PARTS = ("contract__legal_entity", "contract__customer", "bill_to__customer")
"""What is read with an account."""


@transaction.atomic
def release(
    *,
    account_id: int,
    by: User,
    seen_version: int,
    reason: str,
    amount: Decimal | None = None,
    on: date | None = None,
) -> Candidate:
    """Make the invoice of an amount (all that is left) of what a payer withholds, dated `on` (today), for others to
    approve. Raises Denied, Stale, or BadInput.
    """
    account = RetentionAccount.objects.select_related(*PARTS).get(pk=account_id)
    # The contract's row first: whoever credits or bills its work waits here.
    Contract.objects.select_for_update(no_key=True).get(pk=account.contract_id)
    account.refresh_from_db(fields=["version", "withheld", "credited", "released", "reserved"])
    policies.can_release_retention(account, by).or_raise()
    if account.version != seen_version:
        raise Stale
    wanted = account.left if amount is None else amount
    if problems := _problems(account, wanted, reason):
        raise BadInput(f"Retention of {account.contract.number}", problems)
    return make(account, wanted, reason.strip(), on or today(), by)


def make(account: RetentionAccount, amount: Decimal, reason: str, on: date, by: User) -> Candidate:
    """The candidate of a release that was allowed. The caller holds the row of the contract."""
    candidate = _shell(account, amount, on, by)
    candidate.save()
    rows = retention_lines.releasing(account, amount, on)
    for number, line in enumerate(rows, start=1):
        line.candidate, line.number = candidate, number
    CandidateLine.objects.bulk_create(rows)
    RetentionRelease.objects.create(candidate=candidate, account=account, amount=amount, reason=reason)
    limits.reserve(candidate)
    event(
        "billing.retention.release_asked",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        contract=account.contract.number,
        amount=amount,
        reason=reason,
    )
    candidates.quote_soon(candidate)
    return candidate


def _problems(account: RetentionAccount, amount: Decimal, reason: str) -> list[Problem]:
    """What keeps an amount from being released; every message names the remedy."""
    currency, left = account.contract.currency, show(account.left, account.contract.currency)
    found = []
    if amount <= 0 or amount > account.left:
        found.append(Problem("amount", f"{amount} is not within the {left} that are left.", f"State up to {left}."))
    elif amount != round_money(amount, currency):
        found.append(Problem("amount", f"{amount} is finer than {currency} can be paid.", "Round it."))
    if not reason.strip():
        found.append(Problem("reason", "it is empty.", "Say what released it, e.g. the certificate and its date."))
    return found


def _shell(account: RetentionAccount, amount: Decimal, on: date, by: User) -> Candidate:
    contract, entity = account.contract, account.contract.legal_entity
    before = RetentionRelease.objects.filter(account__contract=contract).count()
    return Candidate(
        is_release=True,
        legal_entity=entity,
        contract=contract,
        bill_to=account.bill_to,
        purchase_order=_purchase_order(account),
        number=f"TL-{entity.code}-RR{before + 1:03d}-{contract.pk:05d}",
        currency=contract.currency,
        invoice_date=on,
        accounting_date=open_period(entity, on) or on,
        through=on,
        net=amount,
        tax=ZERO,
        gross=amount,
        retained=-amount,
        advanced=ZERO,
        prepared_by=by,
    )


def _purchase_order(account: RetentionAccount) -> PurchaseOrder | None:
    """The order that the last invoice named which withheld something: it was charged with the whole work then."""
    rows = Candidate.objects.filter(
        contract=account.contract_id, bill_to=account.bill_to_id, retained__gt=0, status=Candidate.Status.POSTED
    )
    last = rows.select_related("purchase_order").order_by("-pk").first()
    return last.purchase_order if last else None
