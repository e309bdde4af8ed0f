"""The lines that take a deposit off an invoice, and give it back with a credit of that invoice (billing.md R13).

They stand below the work, one for each contract line that something was billed ahead for: so what is to be paid, taxed
and booked stays the sum of the lines.
"""

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Q, Sum

from billing.actions import retention_lines
from billing.actions.deposit_ledger import KIND
from billing.engine.deposits import Deposit
from billing.models import Candidate, CandidateLine, CreditOrder, DepositAccount, DepositTaking
from billing.models.credits import EXPENSED
from integration_hub.kernel.money import ZERO


def taking_off(
    candidate: Candidate, lines: Sequence[CandidateLine], withheld: Sequence[CandidateLine]
) -> list[CandidateLine]:
    """The lines, not stored yet, by which an invoice is charged to deposits: as much as fits its work of each line, or
    less where a person said so.
    """
    wanted = dict(DepositTaking.objects.filter(candidate=candidate.pk).values_list("account", "amount"))
    accounts = DepositAccount.objects.filter(contract=candidate.contract_id, bill_to=candidate.bill_to_id)
    rows = []
    for account in accounts.select_related("line").order_by("line__number", "pk"):
        own = [row for row in lines if row.contract_line_id == account.line_id and row.kind != "passed_on"]
        kept = [row for row in withheld if row.contract_line_id == account.line_id]
        work, left = sum((row.net for row in [*own, *kept]), ZERO), left_of(account, but=candidate)
        fits = Deposit(candidate.currency, billed=left).apply(work)[0].applied
        taken = min(fits, wanted.get(account.pk, fits))
        if taken <= 0:
            continue
        days = min(row.service_from for row in own), max(row.service_to for row in own)
        words = f"Deposit for {account.line.name} taken off"
        rows.append(retention_lines.line_of(account.line_id, words, -taken, days, KIND))
    return rows


def left_of(account: DepositAccount, *, but: Candidate | None = None) -> Decimal:
    """What its documents leave of a deposit, without one of them: what is billed counts once it is posted."""
    rows = CandidateLine.objects.filter(
        Q(candidate__status=Candidate.Status.POSTED) | Q(net__lt=0), kind=KIND, contract_line=account.line_id,
        candidate__bill_to=account.bill_to_id,
    ).exclude(candidate__status=Candidate.Status.DISSOLVED)  # fmt: skip
    if but is not None and but.pk:
        rows = rows.exclude(candidate=but)
    return rows.aggregate(left=Sum("net"))["left"] or ZERO


def chargeable(candidate: Candidate, account: DepositAccount) -> Decimal:
    """The work of a document that a deposit may be taken off: of its line, less what is withheld of it."""
    rows = candidate.lines.filter(contract_line=account.line_id).exclude(kind__in=[KIND, "passed_on"])
    return rows.aggregate(net=Sum("net"))["net"] or ZERO


def taken_on(candidate: Candidate, account: DepositAccount) -> Decimal:
    """What a document takes of a deposit."""
    rows = candidate.lines.filter(contract_line=account.line_id, kind=KIND, net__lt=0)
    return -(rows.aggregate(net=Sum("net"))["net"] or ZERO)


def giving_back(candidate: Candidate, credited: Sequence[CandidateLine]) -> list[CandidateLine]:
    """The lines, not stored yet, by which a credit memo gives back what was taken off of what it credits.

    What is written off gives nothing back: the client paid it ahead, and the work was done for it.
    """
    if CreditOrder.objects.filter(candidate=candidate.pk, reason__in=EXPENSED).exists():
        return []
    rows = []
    for invoice, nets in retention_lines.by_invoice(credited).items():
        for one in retention_lines.given_back(invoice, nets, but=candidate, kind=KIND):
            rows.append(retention_lines.back_line(invoice, one, KIND))
    return rows


def untaxed(candidate: Candidate) -> list[int]:
    """The contract lines whose deposits are taxed with the work alone."""
    rows = DepositAccount.objects.filter(
        contract=candidate.contract_id, bill_to=candidate.bill_to_id, tax=DepositAccount.Tax.WHEN_APPLIED
    )
    return list(rows.values_list("line", flat=True))
