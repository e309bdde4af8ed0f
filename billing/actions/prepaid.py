"""Prepaid retainers: invoices draw what was paid in advance, posted prepayments fund it, credits give it back (R3).

A candidate draws in the transaction that keeps its tax, because the gross is what a retainer pays; it gives back what
it drew when its lines move or it goes.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum

from billing import policies
from billing.actions import ledger, work
from billing.actions.ledger import Key
from billing.engine.retainers import Prepaid, draw_down
from billing.models import BillableEvent, Candidate, Piece, RetainerAccount, RetainerEntry, ScheduleItem
from contracts.models import Contract, ContractLine, Method
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO, round_money, show
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, event

KIND = RetainerEntry.Kind
DRAWN = (KIND.DRAW, KIND.REFUND)
BY = "system:billing"


def account_of(line: ContractLine) -> RetainerAccount:
    """The balance of a prepaid line, opened on first use."""
    account, _ = RetainerAccount.objects.get_or_create(line=line, month=None, defaults={"floor": account_floor(line)})
    return account


def account_floor(line: ContractLine) -> Decimal:
    """How low a prepaid balance may go: the deficit agreed, else nothing."""
    return -(line.deficit_limit or ZERO)


def draw(candidate: Candidate) -> None:
    """Let the contract's prepaid retainers pay an invoice with its tax, and say on it what they pay.

    The caller holds the candidate's row and saves it. Anew for the same figures nothing moves.
    """
    if candidate.kind != Candidate.Kind.INVOICE or candidate.is_deposit:
        return
    accounts = _accounts(candidate.contract)
    if not accounts or candidate.bill_to_id != candidate.contract.bill_to_id:
        return  # who paid in advance pays its own share with it, not that of others
    net, gross = _payable(candidate)
    own = _drawn_by([candidate.pk])
    balances = [_prepaid(account, -own.get((candidate.pk, account.pk), ZERO)) for account in accounts]
    found = draw_down(balances, gross, candidate.invoice_date, net=net, currency=candidate.currency)
    wanted = dict(found.draws)
    key = Key(KIND.DRAW, candidate_id=candidate.pk)
    ledger.settle(
        {account.pk: {key: -wanted.get(account.pk, ZERO)} for account in accounts},
        cause=f"{candidate.number} drew on it",
        among=Q(candidate=candidate, kind=KIND.DRAW),
    )
    candidate.drawdown = found.drawn


def release(candidate: Candidate) -> None:
    """Give back what a candidate drew: its lines moved, or it is gone."""
    if not candidate.drawdown:
        return
    drawn = RetainerEntry.objects.filter(candidate=candidate, kind=KIND.DRAW).order_by()
    accounts = set(drawn.values_list("account", flat=True))
    among = Q(candidate=candidate, kind=KIND.DRAW)
    ledger.settle({pk: {} for pk in accounts}, cause=f"{candidate.number} gave it back", among=among)
    candidate.drawdown = ZERO
    Candidate.objects.filter(pk=candidate.pk).update(drawdown=ZERO)


def commit(candidate: Candidate) -> None:
    """It is posted: prepayments in it fund their retainers; what it credits goes back to those that paid it."""
    _fund(candidate)
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        _give_back(candidate)


def _fund(candidate: Candidate) -> None:
    paid = Piece.objects.filter(candidate_line__candidate=candidate, line__method=Method.RETAINER_PREPAID)
    for row in paid.order_by("line").values("line").annotate(net=Sum("net")):
        account = account_of(ContractLine.objects.get(pk=row["line"]))
        balance = RetainerAccount.objects.select_for_update(no_key=True).get(pk=account.pk).balance
        amount: Decimal = row["net"] or ZERO
        if amount < 0:  # what was used of a prepayment that is credited cannot be taken back from the retainer
            amount = -min(-amount, max(ZERO, balance))
        cause = f"{candidate.number} {'paid it in' if amount > 0 else 'credited what was paid in'}"
        key = Key(KIND.FUND, candidate_id=candidate.pk)
        ledger.settle({account.pk: {key: amount}}, cause=cause, among=Q(candidate=candidate, kind=KIND.FUND))


def _give_back(memo: Candidate) -> None:
    """To each retainer what it paid of the lines credited: the retainer comes before cash (R9)."""
    lines = memo.lines.filter(contract_line__draws_retainer=True).exclude(contract_line__method=Method.RETAINER_PREPAID)
    credited = (
        lines.order_by("corrects__invoice__candidate")
        .values_list("corrects__invoice__candidate")
        .annotate(net=Sum("net"), tax=Sum("tax"))
    )
    for origin, net, tax in credited:
        left = {"gross": -(net + tax), "net": -net}
        for (_, account), drawn in sorted(_drawn_by([origin]).items(), reverse=True):
            taxed = RetainerAccount.objects.select_related("line").get(pk=account).line.taxed_when_funded
            amount = min(left["net" if taxed else "gross"], -drawn)
            if amount <= 0:
                continue
            share = amount / left["net" if taxed else "gross"]
            left = {name: figure - figure * share for name, figure in left.items()}
            key, among = Key(KIND.REFUND, candidate_id=origin), Q(candidate=origin, kind=KIND.REFUND)
            held = RetainerEntry.objects.filter(among, account=account).aggregate(t=Sum("amount"))["t"] or ZERO
            ledger.settle({account: {key: held + amount}}, cause=f"{memo.number} credited what it paid", among=among)


def _drawn_by(candidates: Iterable[int]) -> dict[tuple[int, int], Decimal]:
    """What candidates took and did not get back, as negative sums, by candidate and account."""
    rows = RetainerEntry.objects.filter(candidate__in=list(candidates), kind__in=DRAWN).order_by()
    found = rows.values_list("candidate", "account").annotate(total=Sum("amount"))
    return {(candidate, account): total for candidate, account, total in found if total}


def unfunded(candidate: Candidate) -> tuple[str, ...]:
    """Names of the contract's retainers into which nothing was ever paid, while work is billed that they may pay."""
    funded = RetainerEntry.objects.filter(account__line=OuterRef("pk"), kind=KIND.FUND)
    lines = candidate.contract.lines.filter(method=Method.RETAINER_PREPAID, amount__gt=0).exclude(Exists(funded))
    names = tuple(lines.order_by("number").values_list("name", flat=True))
    return names if names and _payable(candidate)[1] else ()


def _accounts(contract: Contract) -> list[RetainerAccount]:
    rows = RetainerAccount.objects.select_for_update(of=("self",), no_key=True).select_related("line")
    prepaid = Q(line__contract=contract, line__method=Method.RETAINER_PREPAID, month__isnull=True)
    return list(rows.filter(prepaid).order_by("pk"))


def _prepaid(account: RetainerAccount, own: Decimal) -> Prepaid:
    """A balance as a candidate finds it: what it drew itself is there for it again."""
    return Prepaid(
        id=account.pk,
        balance=account.balance + own,
        floor=account.floor,
        priority=account.line.priority,
        expires_on=account.line.ends_on,
        created=account.pk,
        taxed=account.line.taxed_when_funded,
    )


def _payable(candidate: Candidate) -> tuple[Decimal, Decimal]:
    """Net and gross of the lines that a retainer may pay."""
    lines = candidate.lines.filter(contract_line__draws_retainer=True)
    sums = lines.exclude(contract_line__method=Method.RETAINER_PREPAID).aggregate(net=Sum("net"), tax=Sum("tax"))
    net, tax = sums["net"] or ZERO, sums["tax"] or ZERO
    return net, net + tax


def top_ups(line: ContractLine) -> int:
    """How many top-ups of a retainer were asked for."""
    return BillableEvent.objects.filter(line=line, work_key__startswith=f"retainer:{line.pk}:", version=1).count()


@transaction.atomic
def ask_for_more(*, line: ContractLine, amount: Decimal, on: date, note: str, seen: int, by: User) -> BillableEvent:
    """A person has a prepayment billed. `seen` is the number of top-ups that were shown: nobody asks twice unawares.

    Raises Denied, Stale, or BadInput for an amount that is not above nought or finer than the currency.
    """
    policies.can_top_up(line, by).or_raise()
    Contract.objects.select_for_update(no_key=True).get(pk=line.contract_id)
    if top_ups(line) != seen:
        raise Stale(f"Another top-up of {line.name} was asked for meanwhile. Look at the retainer again.")
    currency = line.contract.currency
    if amount <= 0 or amount != round_money(amount, currency):
        said = "is not above nought." if amount <= 0 else f"is finer than {currency} can be paid."
        remedy = "State what is to be paid in, before tax."
        raise BadInput(f"Top-up of {line.name}", [Problem("amount", f"{amount} {said}", remedy)])
    return top_up(line=line, amount=amount, on=on, by=by, because=note)


def top_up(*, line: ContractLine, amount: Decimal, on: date, by: Actor, because: str) -> BillableEvent:
    """Have a prepayment billed by the next run; it funds the retainer once its invoice is posted."""
    key = f"retainer:{line.pk}:{top_ups(line) + 1}"
    draft = work.Draft(
        work_key=key,
        kind=BillableEvent.Kind.FEE,
        service_date=on,
        approval=BillableEvent.Approval.APPROVED,
        legal_entity_id=line.contract.legal_entity_id,
        contract_id=line.contract_id,
        line_id=line.pk,
        amount=amount,
        currency=line.contract.currency,
        description=f"{line.name}, top-up",
    )
    work.record(drafts=[draft], by=by, caused_by=f"top-up of {line}")
    event(
        "billing.retainer.topped_up",
        by=by,
        object_type="contracts.contract",
        object_id=line.contract_id,
        label=f"{line.contract.number} {line.name}",
        legal_entity=line.contract.legal_entity.code,
        amount=amount,
        because=because,
    )
    return BillableEvent.objects.get(work_key=key, is_current=True)


def top_up_due(*, contract: Contract, through: date) -> None:
    """Bring evergreen retainers back to what they must hold: what is on its way to them counts."""
    evergreen = contract.lines.filter(method=Method.RETAINER_PREPAID, minimum_balance__isnull=False)
    for line in evergreen.select_related("contract__legal_entity").order_by("number"):
        if line.ends_on is not None and line.ends_on < through:
            continue
        missing = (line.minimum_balance or ZERO) - account_of(line).balance - _on_its_way(line)
        if missing > 0:
            held = show(line.minimum_balance or ZERO, contract.currency)
            top_up(line=line, amount=missing, on=through, by=BY, because=f"It must hold {held}")


def _on_its_way(line: ContractLine) -> Decimal:
    """Prepayments that are planned, to be billed, or billed and not posted yet."""
    planned = line.schedule.filter(status=ScheduleItem.Status.PLANNED).aggregate(t=Sum("amount"))["t"] or ZERO
    posted = Piece.objects.filter(event=OuterRef("pk"), state__in=[Piece.State.POSTED, Piece.State.CORRECTED])
    rows = BillableEvent.objects.filter(line=line, is_current=True, is_deleted=False).exclude(Exists(posted))
    waiting: Decimal = rows.aggregate(t=Sum("amount"))["t"] or ZERO
    return waiting + planned


def expire(*, contract: Contract, on: date) -> None:
    """What is left of retainers that ended before a day is forfeited; work of before that draws on it no more."""
    for account in _accounts(contract):
        ended = account.line.ends_on is not None and account.line.ends_on < on
        if ended and account.balance > 0:
            held = _forfeited(account)
            key, among = Key(KIND.FORFEIT), Q(kind=KIND.FORFEIT)
            cause = f"Left when it ended on {account.line.ends_on}"
            ledger.settle({account.pk: {key: held - account.balance}}, cause=cause, among=among)


def _forfeited(account: RetainerAccount) -> Decimal:
    found: Decimal | None = account.entries.filter(kind=KIND.FORFEIT).aggregate(t=Sum("amount"))["t"]
    return found or ZERO
