"""What payers of a contract were billed ahead of work, for its page and for documents (billing.md R13)."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from billing import policies
from billing.actions import deposit_takings
from billing.models import Candidate, DepositAccount, Invoice
from contracts.models import Contract
from integration_hub.console.buttons import Button
from integration_hub.console.wording import money_html
from integration_hub.people.models import User

PARTS = ("contract__legal_entity", "line", "bill_to__customer")
NAMES = ("billed", "applied", "refunded", "reserved", "left")


def contract_deposits(contract: Contract, _request: object) -> dict[str, Any] | None:
    """Each deposit with what became of it; None where nothing ever was billed ahead."""
    accounts = list(contract.deposits.select_related(*PARTS).order_by("pk"))
    if not accounts:
        return None
    rows = [
        {
            "line": row.line.name,
            "payer": row.bill_to.customer.name,
            "tax": row.get_tax_display(),
            **{name: money_html(getattr(row, name), contract.currency) for name in NAMES},
        }
        for row in accounts
    ]
    return {"rows": rows}


def buttons(contract: Contract, user: User) -> Iterable[Button]:
    """Bill a deposit while there is work to come; give back what is left of one."""
    if contract.status == Contract.Status.ACTIVE:
        url = reverse("billing:deposit-bill", args=[contract.pk])
        allowed = policies.can_bill_deposit(contract, user)
        yield Button("Bill a deposit", url, allowed, icon="coins")
        if contract.lines.filter(method__in=policies.FIXED_PRICE).exists():
            url = reverse("billing:deposit-down-payment", args=[contract.pk])
            yield Button("Bill a down payment", url, allowed, icon="calculator")
    for account in DepositAccount.objects.filter(contract=contract).select_related(*PARTS).order_by("pk"):
        if account.left > 0:
            url = reverse("billing:deposit-give-back", args=[account.pk])
            allowed = policies.can_give_deposit_back(account, user)
            yield Button(f"Give back the deposit for {account.line.name}", url, allowed, icon="receipt-refund")


def candidate_buttons(candidate: Candidate, user: User) -> Iterable[Button]:
    """Say how much of a deposit an invoice takes off."""
    for account in deposit_takings.offered(candidate):
        url = reverse("billing:deposit-take-off", args=[candidate.pk, account.pk])
        allowed = policies.can_take_deposit_off(candidate, user)
        yield Button(f"Take off of the deposit for {account.line.name}", url, allowed, icon="coins")


def of_document(document: Candidate | Invoice) -> list[tuple[str, object]]:
    """What of a document's work deposits have paid; nothing where they have not."""
    if document.advanced >= 0:
        return []
    worked = document.net + document.retained - document.advanced
    return [
        *([] if document.retained > 0 else [("Work, net", money_html(worked, document.currency))]),
        ("Taken off deposits", money_html(-document.advanced, document.currency)),
    ]
