"""Bill a deposit ahead of work, and give back what is left of one. The contract has the buttons."""

from django.http import HttpResponse
from django.urls import reverse

from billing import policies, simulated, simulation
from billing.actions import deposit_lines, deposit_takings, deposits
from billing.ahead_forms import DepositBackForm, DepositForm, DownPaymentForm, TakeOffForm
from billing.models import Candidate, DepositAccount
from contracts.models import Contract
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.wording import money_html
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO, round_money


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def bill(request: Request, pk: int) -> HttpResponse:
    """Ask for which line, how much and why; others approve its invoice."""
    rows = Contract.objects.select_related("legal_entity", "customer", "bill_to__customer")
    contract = find_or_404(rows, request.user, pk=pk)
    lines = contract.lines.exclude(method__in=policies.NO_DEPOSIT).order_by("number")
    confirm = Confirm(
        title="Bill a deposit ahead of work?",
        verb="Ask for the deposit",
        form=DepositForm(
            posted(request), initial={"on": today()}, currency=contract.currency,
            lines=[(line.pk, line.name) for line in lines],
        ),
        back=reverse("contracts:contract-detail", args=[pk]),
        facts=[("Contract", str(contract)), ("Billed to", contract.bill_to.customer.name if contract.bill_to else "–")],
        consequence="Others approve it first. Later invoices of the line's work are charged to it before they are due.",
        decision=policies.can_bill_deposit(contract, request.user),
    )  # fmt: skip
    return decide(
        request,
        confirm,
        lambda data: deposits.bill(
            line_id=int(data["line"]), by=request.user, amount=data["amount"], on=data["on"], reason=data["reason"]
        ),
        done=lambda candidate: f"{candidate.number} was asked for; it waits for its approval.",
        back=lambda candidate: reverse("billing:candidate-detail", args=[candidate.pk]),
    )


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def down_payment(request: Request, pk: int) -> HttpResponse:
    """Ask for which percentage and why; others approve its invoice."""
    rows = Contract.objects.select_related("legal_entity", "customer", "bill_to__customer")
    contract = find_or_404(rows, request.user, pk=pk)
    prices = deposits.priced(contract)
    confirm = Confirm(
        title="Bill a down payment?",
        verb="Ask for the down payment",
        form=DownPaymentForm(posted(request), initial={"on": today()}),
        back=reverse("contracts:contract-detail", args=[pk]),
        facts=[
            ("Contract", str(contract)),
            ("Billed to", contract.bill_to.customer.name if contract.bill_to else "–"),
            *((line.name, money_html(price, contract.currency)) for line, price in prices),
        ],
        consequence="Others approve it first. It has a line for each price, and is taken off the work of that line.",
        decision=policies.can_bill_deposit(contract, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: deposits.down_payment(
            contract_id=pk, by=request.user, percent=data["percent"], on=data["on"], reason=data["reason"]
        ),
        done=lambda candidate: f"{candidate.number} was asked for; it waits for its approval.",
        back=lambda candidate: reverse("billing:candidate-detail", args=[candidate.pk]),
    )


@screen(permission="billing.view_candidate", methods=["GET", "POST"])
def take_off(request: Request, pk: int, account: int) -> HttpResponse:
    """Say how much of a deposit an invoice takes off."""
    rows = Candidate.objects.select_related("legal_entity", "contract", "bill_to__customer")
    candidate = find_or_404(rows, request.user, pk=pk)
    deposit = find_or_404(
        DepositAccount.objects.select_related(*deposits.PARTS), request.user, scope="contract__legal_entity__code",
        pk=account, bill_to=candidate.bill_to_id,
    )  # fmt: skip
    currency, now = candidate.currency, deposit_lines.taken_on(candidate, deposit)
    initial = {"version": candidate.version, "amount": round_money(now, currency)}
    confirm = Confirm(
        title=f"Take another amount off the deposit for {deposit.line.name}?",
        verb="Take this off",
        form=TakeOffForm(posted(request), initial=initial),
        back=reverse("billing:candidate-detail", args=[pk]),
        facts=[
            ("Invoice", candidate.number),
            ("Its work of this line", money_html(deposit_lines.chargeable(candidate, deposit), currency)),
            ("Taken off now", money_html(now, currency)),
            ("Left of the deposit without it", money_html(deposit_lines.left_of(deposit, but=candidate), currency)),
        ],
        consequence="It is printed, taxed and checked anew. A run that builds it anew takes off as much as fits.",
        decision=policies.can_take_deposit_off(candidate, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: deposit_takings.take_off(
            candidate_id=pk, account_id=account, by=request.user, amount=data["amount"], seen_version=data["version"]
        ),
        done=lambda made: f"{made.number} takes {money_html(-made.advanced or ZERO, currency)} off deposits.",
    )


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def give_back(request: Request, pk: int) -> HttpResponse:
    """Ask how much and why, beside what giving back all of it would bring; others approve its credit memos."""
    rows = DepositAccount.objects.select_related(*deposits.PARTS)
    account = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    currency, allowed = account.contract.currency, policies.can_give_deposit_back(account, request.user)
    initial = {"version": account.version, "amount": round_money(account.left, currency), "on": today()}
    confirm = Confirm(
        title=f"Give back the deposit for {account.line.name}?",
        verb="Ask for it",
        form=DepositBackForm(posted(request), initial=initial),
        back=reverse("contracts:contract-detail", args=[account.contract_id]),
        facts=[
            ("Contract", str(account.contract)),
            ("Billed to", account.bill_to.customer.name),
            ("Billed ahead", money_html(account.billed, currency)),
            ("Taken off invoices", money_html(account.applied, currency)),
            ("On its way", money_html(account.reserved, currency)),
            ("Left", money_html(account.left, currency)),
            ("Tax", account.get_tax_display()),
        ],
        consequence="Others approve it first. Then the ERP gets a credit memo over each invoice that billed it.",
        details=simulated.panel(lambda: simulation.of_deposit_back(account, request.user)) if allowed else None,
        decision=allowed,
    )
    return decide(
        request,
        confirm,
        lambda data: deposits.give_back(
            account_id=pk, by=request.user, seen_version=data["version"], amount=data["amount"], on=data["on"],
            reason=data["reason"],
        ),
        done=lambda made: f"{_named(made)} asked for; others approve that.",
        back=lambda made: reverse("billing:candidate-detail", args=[made[0].pk]),
    )  # fmt: skip


def _named(made: list[Candidate]) -> str:
    numbers = " and ".join(row.number for row in made)
    return f"{numbers} {'was' if len(made) == 1 else 'were'}"
