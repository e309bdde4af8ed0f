"""What the payers of a contract withhold, for its page (billing.md R18)."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from billing import policies
from billing.models import Candidate, Invoice, RetentionAccount
from contracts.models import Contract
from integration_hub.console.buttons import Button
from integration_hub.console.wording import money_html
from integration_hub.people.models import User

PARTS = ("contract__legal_entity", "bill_to__customer")


def contract_retention(contract: Contract, _request: object) -> dict[str, Any] | None:
    """Each payer with what its posted invoices withhold and what became of it; None where nothing ever was."""
    accounts = list(contract.retentions.select_related(*PARTS).order_by("pk"))
    if not accounts:
        return None
    names = ("withheld", "credited", "released", "reserved", "left")
    rows = [
        {
            "payer": row.bill_to.customer.name,
            "tax": row.get_tax_display(),
            **{name: money_html(getattr(row, name), contract.currency) for name in names},
        }
        for row in accounts
    ]
    return {"rows": rows}


def buttons(contract: Contract, user: User) -> Iterable[Button]:
    """Release what a payer withholds, where something is left."""
    rows = RetentionAccount.objects.filter(contract=contract).select_related(*PARTS).order_by("pk")
    for account in rows:
        if account.left > 0:
            url = reverse("billing:retention-release", args=[account.pk])
            allowed = policies.can_release_retention(account, user)
            yield Button(f"Release retention of {account.bill_to.customer.name}", url, allowed, icon="coins")


def of_document(document: Candidate | Invoice) -> list[tuple[str, object]]:
    """What a document withholds of its work; nothing where it withholds nothing, or releases."""
    if document.retained <= 0:
        return []
    worked = document.net + document.retained - document.advanced
    return [
        ("Work, net", money_html(worked, document.currency)),
        ("Withheld until release", money_html(document.retained, document.currency)),
    ]
