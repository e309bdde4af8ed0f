"""Credits that people ask for, over lines of posted invoices (billing.md R17, R20).

A credit is a candidate like any other from here on: checked, approved by others than who asked, posted once. Where the
work is to be billed again its pieces are taken back; else they stay billed and only the lines say what is credited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from billing import credited, policies
from billing.actions import (
    candidates,
    deposit_ledger,
    deposit_lines,
    limits,
    retention_ledger,
    retention_lines,
    unserved,
    work,
)
from billing.actions.printing import print_candidate, print_conceded
from billing.engine.credits import (
    CreditRefused,
    DepositExceeded,
    InPart,
    Original,
    OverCredit,
    credit_line,
    credit_tax,
    share_of,
    spread,
)
from billing.models import Candidate, CreditOrder, CreditReason, Decision, DepositAccount, Invoice, InvoiceLine, Piece
from billing.models.credits import EXPENSED, NOT_BILLED_AGAIN
from contracts.models import Contract
from contracts.periods import open_period
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO, show
from integration_hub.people.models import User
from integration_hub.trail.record import event

PARTS = ("candidate__purchase_order", "legal_entity", "contract", "bill_to__customer")
"""What is read with an invoice that is to be credited."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to credit, net: of these lines by number (none named: all), each the amount stated or else all that is left;
    or an `amount`, or a `percent` of what they were invoiced at, shared over them by what each has left.
    """

    lines: Mapping[int, Decimal | None] = field(default_factory=dict)
    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a credit takes of one posted line; not negative."""

    line: InvoiceLine
    original: Original
    net: Decimal
    tax: Decimal


@transaction.atomic
def ask(
    *,
    invoice_id: int,
    by: User,
    seen_version: int,
    wanted: Wanted,
    reason: str,
    rebillable: bool,
    note: str,
    on: date | None = None,
    seen_net: Decimal | None = None,
) -> Candidate:
    """Make the credit memo of what is wanted, dated `on` (today), for others to approve.

    `seen_net` is the total that was shown: where it is another now, nothing is done. Raises Denied, Stale, or BadInput,
    caused by CreditRefused where the lines do not have that much left.
    """
    invoice = Invoice.objects.select_related(*PARTS).get(pk=invoice_id)
    # The contract's row first: whoever else credits, bills or decides its work waits here.
    Contract.objects.select_for_update(no_key=True).get(pk=invoice.contract_id)
    invoice.refresh_from_db(fields=["version", "status", "credited"])
    policies.can_credit(invoice, by).or_raise()
    _check_words(invoice, reason, note, rebillable=rebillable)
    Invoice.objects.transition(invoice.pk, seen_version=seen_version)
    try:
        found = shares(invoice, wanted, rebillable=rebillable, reason=reason)
    except CreditRefused as refusal:
        raise BadInput(
            f"Credit of {invoice.number}", [Problem("", str(refusal), "Ask for less or for other lines.")]
        ) from refusal
    if seen_net not in {None, total(found)}:
        raise Stale(f"What is left of {invoice.number} moved since you opened it. Look at it again.")
    candidate = _shell(invoice, on or today(), by)
    candidate.save()
    order = CreditOrder.objects.create(
        candidate=candidate, invoice=invoice, reason=reason, rebillable=rebillable, note=note.strip()
    )
    if rebillable:
        print_candidate(candidate, [piece.pk for piece in _taken_back(found)])
        limits.reserve(candidate)
        work.decide_soon([(invoice.contract_id, None)], caused_by=f"{candidate.number} asked")
    else:
        print_conceded(candidate, [(share.line, share.net) for share in found])
        retention_ledger.settle(candidate)
        deposit_ledger.settle(candidate)
    _told(candidate, order, by)
    if reason == CreditReason.TERMINATED:
        unserved.tell(contract=invoice.contract, by=by)
    candidates.quote_soon(candidate)
    return candidate


def shares(invoice: Invoice, wanted: Wanted, *, rebillable: bool, reason: str = "") -> list[Share]:
    """What a credit would take of each line, with its tax. Raises CreditRefused (`code`), in words of the invoice.

    For a reason that writes off no more than what is open: what a deposit paid was paid.
    """
    lines = creditable(invoice)
    found = credited.originals(lines)
    if unknown := sorted(wanted.lines.keys() - {line.number for line in lines}):
        raise CreditRefused(f"{invoice.number} has no line {unknown[0]}.")
    chosen = [line for line in lines if (line.number in wanted.lines if wanted.lines else found[line.pk].left > 0)]
    if not any(found[line.pk].left > 0 for line in chosen):
        raise OverCredit(f"Nothing is left to credit of {'these lines' if wanted.lines else invoice.number}.")
    nets = _nets(invoice, wanted, chosen, found)
    taken = [
        Share(line, found[line.pk], net, _tax(invoice, found[line.pk], net))
        for line, net in zip(chosen, nets, strict=True)
        if net
    ]
    _check_rest(invoice, taken, reason)
    if invoice.candidate.is_deposit:
        _check_deposit(invoice, taken, rebillable=rebillable)
    if rebillable and any(share.net != share.line.net for share in taken):
        raise InPart("Work is billed again by whole lines of which nothing is credited: credit them whole, or concede.")
    return taken


def creditable(invoice: Invoice) -> list[InvoiceLine]:
    """The lines of an invoice that a credit may name: what is withheld of work, or charged to deposits, goes back with
    that work.
    """
    rows = invoice.lines.select_related("candidate_line", "invoice").order_by("number")
    rows = rows.exclude(candidate_line__kind=deposit_ledger.KIND, net__lt=0)
    return list(rows.exclude(candidate_line__kind=retention_lines.KIND))


def given_back(invoice: Invoice, found: Sequence[Share], reason: str = "") -> list[retention_lines.Back]:
    """What a credit gives back of what the invoice withholds, and of what it charges to deposits."""
    nets: dict[int, Decimal] = {}
    for share in found:
        pk = share.line.candidate_line.contract_line_id
        nets[pk] = nets.get(pk, ZERO) + share.net
    taken = retention_lines.given_back(invoice, nets)
    if reason in EXPENSED:
        return taken
    return taken + retention_lines.given_back(invoice, nets, kind=deposit_ledger.KIND)


def total(found: Sequence[Share]) -> Decimal:
    """The net of a credit."""
    return sum((share.net for share in found), ZERO)


def _nets(
    invoice: Invoice, wanted: Wanted, chosen: Sequence[InvoiceLine], found: Mapping[int, Original]
) -> list[Decimal]:
    stated = [amount for amount in wanted.lines.values() if amount is not None]
    ways = [way for way in (wanted.amount, wanted.percent, *stated[:1]) if way is not None]
    if len(ways) > 1:
        raise CreditRefused("State one of: an amount, a share, amounts by line.")
    originals = [found[line.pk] for line in chosen]
    amount = wanted.amount
    if wanted.percent is not None:
        rounding = invoice.legal_entity.rounding
        amount = share_of(wanted.percent, originals, currency=invoice.currency, rounding=rounding)  # type: ignore[arg-type]
    if amount is not None:
        return spread(amount, originals, currency=invoice.currency)
    return [_of_line(invoice, line, found[line.pk], wanted.lines.get(line.number)) for line in chosen]


def _of_line(invoice: Invoice, line: InvoiceLine, original: Original, amount: Decimal | None) -> Decimal:
    if amount is None:
        return original.left
    return credit_line(original, amount, currency=invoice.currency, of=f"line {line.number}")


def _tax(invoice: Invoice, original: Original, net: Decimal) -> Decimal:
    rounding = invoice.legal_entity.rounding
    return credit_tax(original, net, currency=invoice.currency, rounding=rounding)  # type: ignore[arg-type]


def _check_deposit(invoice: Invoice, taken: Sequence[Share], *, rebillable: bool) -> None:
    """What a deposit has left may go back, and no more: the rest is taken off work. Raises CreditRefused."""
    if rebillable:
        raise CreditRefused("A deposit is no work that could be billed again: credit it as what is given back.")
    for share in taken:
        line = share.line.candidate_line.contract_line_id
        left = deposit_lines.left_of(DepositAccount.objects.get(line=line, bill_to=invoice.bill_to_id))
        if share.net > left:
            wanted, rest = show(share.net, invoice.currency), show(left, invoice.currency)
            raise DepositExceeded(f"{wanted} cannot be given back: {rest} are left of this deposit.")


def _check_rest(invoice: Invoice, taken: Sequence[Share], reason: str) -> None:
    """Credits that came from the ERP name no lines: they too leave less of the invoice."""
    back = sum((one.net + one.tax for one in given_back(invoice, taken, reason)), ZERO)
    gross = sum((share.net + share.tax for share in taken), ZERO) - back
    left = invoice.gross - invoice.credited
    if gross > left:
        wanted, rest = show(gross, invoice.currency), show(left, invoice.currency)
        raise OverCredit(f"{wanted} with tax cannot be credited: {rest} of {invoice.number} are left.")


def _check_words(invoice: Invoice, reason: str, note: str, *, rebillable: bool) -> None:
    problems = []
    if reason not in CreditReason.values:
        problems.append(Problem("reason", f"{reason} is no reason.", f"Use one of {', '.join(CreditReason.values)}."))
    if not note.strip():
        problems.append(Problem("note", "it is empty.", "Say why: whoever approves it judges by this."))
    if reason == CreditReason.DEPOSIT and not invoice.candidate.is_deposit:
        problems.append(Problem("reason", f"{invoice.number} bills no deposit.", "Choose another reason."))
    if reason in EXPENSED and invoice.candidate.is_deposit:
        why = "nothing was earned by a deposit that could be an expense now."
        problems.append(Problem("reason", why, f"Use {CreditReason.DEPOSIT}: what is not paid is not owed back."))
    if rebillable and reason in NOT_BILLED_AGAIN:
        why = "what is written off, or was not served, is not billed again."
        problems.append(Problem("rebillable", why, "Choose another reason."))
    if problems:
        raise BadInput(f"Credit of {invoice.number}", problems)


def _shell(invoice: Invoice, on: date, by: User) -> Candidate:
    """A credit memo of nothing yet, dated in an open period."""
    return Candidate(
        kind=Candidate.Kind.CREDIT_MEMO,
        legal_entity=invoice.legal_entity,
        contract=invoice.contract,
        bill_to=invoice.bill_to,
        purchase_order=invoice.candidate.purchase_order,
        number=_number(invoice),
        currency=invoice.currency,
        invoice_date=on,
        accounting_date=open_period(invoice.legal_entity, on) or on,
        through=on,
        prepared_by=by,
    )


def _number(invoice: Invoice) -> str:
    """The next one of the credits asked on the contract, whose row the caller holds."""
    before = CreditOrder.objects.filter(invoice__contract=invoice.contract_id).count()
    return f"TL-{invoice.legal_entity.code}-CM{before + 1:03d}-{invoice.contract_id:05d}"


def _taken_back(found: Sequence[Share]) -> list[Piece]:
    """Credits of all the work on lines, which is to be decided anew: billable again once they are posted."""
    lines = {share.line.candidate_line_id for share in found}
    posted = Piece.objects.filter(candidate_line__in=lines, is_current=True, state=Piece.State.POSTED)
    rows = list(posted.filter(corrects__isnull=True).select_for_update(of=("self",), no_key=True).order_by("pk"))
    numbers: dict[int, int] = dict(
        Piece.objects.filter(event__in={row.event_id for row in rows})
        .values_list("event")
        .annotate(Max("number"))
        .order_by()
    )
    Decision.objects.filter(event__in=numbers, is_current=True).update(is_current=False)
    made = []
    for row in rows:
        numbers[row.event_id] += 1
        made.append(
            Piece(
                decision_id=row.decision_id,
                event_id=row.event_id,
                number=numbers[row.event_id],
                state=Piece.State.BILLABLE,
                legal_entity_id=row.legal_entity_id,
                contract_id=row.contract_id,
                line_id=row.line_id,
                minutes=None if row.minutes is None else -row.minutes,
                rate=row.rate,
                amount=-(row.amount or ZERO),
                currency=row.currency,
                corrects=row,
            )
        )
    return Piece.objects.bulk_create(made)


def _told(candidate: Candidate, order: CreditOrder, by: User) -> None:
    event(
        "billing.candidate.asked",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        net=candidate.net,
        reason=order.reason,
        rebillable=order.rebillable,
        note=order.note,
    )
    event(
        "billing.invoice.credit_asked",
        by=by,
        object_type="billing.invoice",
        object_id=order.invoice_id,
        label=order.invoice.number,
        legal_entity=candidate.legal_entity.code,
        candidate=candidate.number,
        net=candidate.net,
        reason=order.reason,
    )
