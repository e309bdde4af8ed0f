"""The lines that withhold retention, give it back with a credit, or release it (billing.md R18, R20).

A document has one for each contract line, below its work and of kind `retention`: negative where something is withheld.
So what is to be paid, to be taxed and to be booked is the sum of the lines, as for every other document.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, Sum

from billing.engine import retention as engine
from billing.engine.credits import Original, credit_tax
from billing.models import Candidate, CandidateLine, Invoice, InvoiceLine, RetentionAccount
from contracts.models import BillTo, Contract, ContractLine, Method
from contracts.queries import policy_of
from integration_hub.console.wording import number as figure
from integration_hub.kernel.money import ZERO, Rounding

KIND = "retention"
NOT_WITHHELD = Q(kind__in=[KIND, "deposit", "passed_on"]) | Q(contract_line__method=Method.RETAINER_PREPAID)
"""Lines of which nothing is withheld: what is passed on is no work of ours, what is paid in advance is none yet."""


@dataclass(frozen=True, slots=True)
class Back:
    """What a credit gives back of a posted line that withholds, net and tax; not negative."""

    line: InvoiceLine
    net: Decimal
    tax: Decimal


def account_of(contract: Contract, bill_to: BillTo) -> RetentionAccount | None:
    """What a payer of a contract withholds; None where it never did."""
    return RetentionAccount.objects.filter(contract=contract, bill_to=bill_to).first()


def is_taxed(candidate: Candidate) -> bool:
    """Whether the lines that withhold, or release, are taxed: where retention is taxed when it is invoiced."""
    account = account_of(candidate.contract, candidate.bill_to)
    return account is None or account.tax == RetentionAccount.Tax.WHEN_INVOICED


def withholding(candidate: Candidate, lines: Sequence[CandidateLine]) -> list[CandidateLine]:
    """The lines, not stored yet, by which an invoice withholds a part of the work on its printed lines."""
    contract = candidate.contract
    percent = contract.retention_percent
    if percent is None:
        return []
    advance = set(contract.lines.filter(method=Method.RETAINER_PREPAID).values_list("pk", flat=True))
    work: dict[int, Decimal] = {}
    for line in lines:
        if line.kind != "passed_on" and line.contract_line_id not in advance:
            work[line.contract_line_id] = work.get(line.contract_line_id, ZERO) + line.net
    found = engine.withheld(work, percent, currency=candidate.currency, rounding=_rounding(candidate))
    if found:
        tax = policy_of(contract).retention_tax
        RetentionAccount.objects.get_or_create(contract=contract, bill_to=candidate.bill_to, defaults={"tax": tax})
    names = _names(found)
    rows = []
    for pk, amount in found.items():
        own = [line for line in lines if line.contract_line_id == pk]
        days = min(line.service_from for line in own), max(line.service_to for line in own)
        rows.append(line_of(pk, f"Retention of {figure(percent)} % withheld{names[pk]}", -amount, days))
    return rows


def giving_back(candidate: Candidate, credited: Sequence[CandidateLine]) -> list[CandidateLine]:
    """The lines, not stored yet, by which a credit memo gives back what was withheld of what it credits."""
    room = None
    rows = []
    for invoice, nets in by_invoice(credited).items():
        found = given_back(invoice, nets, but=candidate, room=room)
        account = account_of(invoice.contract, invoice.bill_to)
        room = (account.left if room is None and account else room or ZERO) - sum((one.net for one in found), ZERO)
        rows += [back_line(invoice, one) for one in found]
    return rows


def by_invoice(credited: Iterable[CandidateLine]) -> dict[Invoice, dict[int, Decimal]]:
    """What lines of a credit memo take of each invoice, net by contract line."""
    found: dict[Invoice, dict[int, Decimal]] = {}
    for line in credited:
        if line.corrects is not None:
            nets = found.setdefault(line.corrects.invoice, {})
            nets[line.contract_line_id] = nets.get(line.contract_line_id, ZERO) - line.net
    return found


def back_line(invoice: Invoice, back: Back, kind: str = KIND) -> CandidateLine:
    """The line, not stored yet, that gives back what a posted line took off, at its tax."""
    original = back.line.candidate_line
    words = f"{invoice.number}: {back.line.description}, given back"
    line = line_of(original.contract_line_id, words, back.net, (original.service_from, original.service_to), kind)
    line.tax, line.tax_rate, line.corrects = back.tax, original.tax_rate, back.line
    return line


def given_back(
    invoice: Invoice,
    credited: Mapping[int, Decimal],
    *,
    but: Candidate | None = None,
    room: Decimal | None = None,
    kind: str = KIND,
) -> list[Back]:
    """What a credit of an invoice, net by contract line, gives back of what it withholds, or with `kind` of what it
    charged to deposits; besides one memo's own part.

    `room` is what may still be given back; None: what the account of retention has left, and of deposits all of it.
    """
    if (invoice.retained <= 0) if kind == KIND else (invoice.advanced >= 0):
        return []
    if room is None and kind == KIND:
        account = account_of(invoice.contract, invoice.bill_to)
        room = account.left if account else ZERO
    elif room is None:
        room = -invoice.advanced
    rows = invoice.lines.filter(candidate_line__kind=kind, candidate_line__contract_line__in=list(credited))
    found = []
    for line in rows.select_related("candidate_line", "invoice").order_by("number"):
        before = _credits(Q(corrects=line), but)
        of = _withheld(invoice, line, before[0], but)
        amount = engine.gives_back(
            of, credited[line.candidate_line.contract_line_id], room=room, currency=invoice.currency,
            rounding=invoice.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
        )  # fmt: skip
        if amount:
            original = Original(-line.net, -line.tax, before[0], before[1])
            rounding: Rounding = invoice.legal_entity.rounding  # type: ignore[assignment]
            tax = credit_tax(original, amount, currency=invoice.currency, rounding=rounding)
            found.append(Back(line, amount, tax))
            room -= amount
    return found


def releasing(account: RetentionAccount, amount: Decimal, on: date) -> list[CandidateLine]:
    """The lines, not stored yet, that charge what is released, over the contract lines it was withheld from."""
    posted = Q(candidate__status=Candidate.Status.POSTED) | Q(candidate__is_release=True)
    standing = posted & ~Q(candidate__status=Candidate.Status.DISSOLVED)
    rows = CandidateLine.objects.filter(
        standing, kind=KIND, candidate__contract=account.contract_id, candidate__bill_to=account.bill_to_id
    )
    sums = rows.order_by("contract_line__number").values_list("contract_line").annotate(left=-Sum("net"))
    held = {line: left for line, left in sums if left > 0}
    parts = engine.spread(amount, held, currency=account.contract.currency)
    names = _names(parts)
    return [line_of(pk, f"Retention released{names[pk]}", part, (on, on)) for pk, part in parts.items()]


def _withheld(invoice: Invoice, line: InvoiceLine, given: Decimal, but: Candidate | None) -> engine.Withheld:
    """What a posted line withholds, beside the work of its invoice on the same contract line."""
    own = CandidateLine.objects.filter(
        candidate=invoice.candidate_id, contract_line=line.candidate_line.contract_line_id
    ).exclude(NOT_WITHHELD)
    work: Decimal = own.aggregate(t=Sum("net"))["t"] or ZERO
    credited = -_credits(Q(corrects__candidate_line__in=own), but)[0]
    return engine.Withheld(-line.net, work, credited, given)


def _credits(over: Q, but: Candidate | None) -> tuple[Decimal, Decimal]:
    """Net and tax that credit memos, on their way or posted, have over posted lines."""
    rows = CandidateLine.objects.filter(over).exclude(candidate__status=Candidate.Status.DISSOLVED)
    if but is not None:
        rows = rows.exclude(candidate=but)
    sums = rows.aggregate(n=Sum(F("net")), t=Sum(F("tax")))
    return sums["n"] or ZERO, sums["t"] or ZERO


def _names(lines: Iterable[int]) -> dict[int, str]:
    """Of several contract lines each by its name; one alone needs none."""
    ids = list(lines)
    if len(ids) < 2:
        return dict.fromkeys(ids, "")
    named = ContractLine.objects.filter(pk__in=ids).values_list("pk", "name")
    return {pk: f", {name}" for pk, name in named}


def line_of(contract_line: int, words: str, net: Decimal, days: tuple[date, date], kind: str = KIND) -> CandidateLine:
    """A line, not stored yet, below the work of a contract line."""
    return CandidateLine(
        contract_line_id=contract_line, kind=kind, description=words[:250], net=net, service_from=days[0],
        service_to=days[1],
    )  # fmt: skip


def _rounding(candidate: Candidate) -> Rounding:
    return candidate.legal_entity.rounding  # type: ignore[return-value]  # choices are the same words
