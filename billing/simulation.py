"""What an act would bring: it is done for real, with the next billing run after it, and taken back.

Before a hold is released, an amendment comes into force, a change of billed work is accepted or a candidate approved,
the same code that will do it does it inside a savepoint that is rolled back. Nothing is left: no row, no effect, no
event of the trail, no number of a run or an invoice.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from billing.actions import deposits, holds, late_decisions, posting, retentions, runs, write_downs
from billing.actions.quotes import keep, taxed_lines
from billing.engine.schedule import month_start
from billing.models import (
    BillingRun,
    Candidate,
    CandidateLine,
    DepositAccount,
    Hold,
    LateChange,
    Piece,
    RetainerAccount,
    RetentionAccount,
    WriteDown,
)
from billing.undone import undone
from contracts.actions import amendments
from contracts.models import Amendment, BillTo, Cap, Contract, Customer
from contracts.queries import billed_to
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.money import ZERO, round_money
from integration_hub.people.models import User

BY = "system:simulation"
MOST = 20
"""Contracts that one simulation goes through at most."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that would be made. The tax is an estimate unless `tax_is_quoted`; None where no rate is known."""

    kind: str
    net: Decimal
    tax: Decimal | None
    tax_is_quoted: bool
    drawn: Decimal
    lines: int
    is_supplemental: bool = False
    is_release: bool = False
    is_deposit: bool = False

    @property
    def due(self) -> Decimal:
        """What is left to pay in cash."""
        return self.net + (self.tax or ZERO) - self.drawn


@dataclass(frozen=True, slots=True)
class Outlook:
    """A contract after its next billing run: its new documents and where everything stands then, in its currency.

    `caps` and `retainers` are by name: what is used of a limit, what is left of a retainer (hour retainers in minutes).
    `retention` is what each payer withholds by posted documents, `deposits` what these leave of each deposit, by line.
    `states` are the values of work by state. `recognised` is by month: what the documents let be recognised where
    revenue follows the right to invoice; elsewhere it follows its plan, whatever is billed.
    """

    documents: tuple[Document, ...] = ()
    states: dict[str, Decimal] = field(default_factory=dict)
    caps: dict[str, Decimal] = field(default_factory=dict)
    retainers: dict[str, Decimal] = field(default_factory=dict)
    recognised: dict[date, Decimal] = field(default_factory=dict)
    retention: dict[str, Decimal] = field(default_factory=dict)
    deposits: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Simulation:
    """One contract without the act and with it; both after a run through `through`, where one is part of it."""

    contract: Contract
    through: date | None
    without: Outlook
    with_it: Outlook


def of_hold(hold: Hold) -> list[Simulation]:
    """What the release of an open hold would bring. Raises NotReady where it cannot be said now."""

    def act() -> None:
        holds.release(hold_id=hold.pk, by=BY, seen_version=hold.version, note="simulated")

    return _compared(_touched(hold), act)


def of_amendment(amendment: Amendment) -> list[Simulation]:
    """What a draft amendment would bring once it is signed, here and in the other systems. NotReady, BadInput."""

    def act() -> None:
        number = amendment.changes.get("line")
        line = amendment.contract.lines.filter(number=number).first() if number else None
        amendments.apply(amendment=Amendment.objects.get(pk=amendment.pk), line=line, by=BY)
        arriving = Hold.objects.filter(contract=amendment.contract_id, code="AMENDMENT_PROPAGATING", status="open")
        for hold in arriving:
            holds.release(hold_id=hold.pk, by=BY, seen_version=hold.version, note="simulated")

    return _compared([amendment.contract_id], act)


def of_late_change(change: LateChange) -> list[Simulation]:
    """What the acceptance of a change of billed work would bring. Raises NotReady."""
    touched = {change.event.contract_id, change.stated["contract_id"]}
    return _compared(sorted(pk for pk in touched if pk is not None), lambda: _bring(change))


def brought_by(change: LateChange) -> late_decisions.Brought:
    """What its acceptance would credit and charge of the work itself, as of now. Raises NotReady."""
    return undone(lambda: _bring(change))


def _bring(change: LateChange) -> late_decisions.Brought:
    if change.status != LateChange.Status.OPEN:
        raise NotReady(f"This change is {change.get_status_display().lower()} already.")
    late_decisions.lock(change)
    return late_decisions.bring(LateChange.objects.select_related(*late_decisions.PARTS).get(pk=change.pk), by=BY)


def of_write_down(row: WriteDown) -> list[Simulation]:
    """What its approval would bring, or that of its reversal. Raises NotReady."""
    reversal = row.status == WriteDown.Status.REVERSING

    def act() -> None:
        changes: dict[str, Any] = {"status": WriteDown.Status.IN_FORCE}
        if reversal:
            changes = {"status": WriteDown.Status.REVERSED, "ended_at": now()}
        WriteDown.objects.filter(pk=row.pk).update(**changes)
        write_downs.apply(WriteDown.objects.select_related("contract").get(pk=row.pk), BY)

    return _compared([row.contract_id], act)


def of_candidate(candidate: Candidate) -> list[Simulation]:
    """What the approval of a candidate leads to: the document, posted as it stands. Raises NotReady."""
    pk = candidate.pk

    def posted() -> dict[int, Outlook]:
        row = Candidate.objects.select_for_update(of=("self",), no_key=True).select_related("contract").get(pk=pk)
        before = _outlook(row.contract, [])
        posting.fix(row)
        return {0: before, 1: _outlook(row.contract, [row])}

    found = undone(posted)
    return [Simulation(candidate.contract, None, found[0], found[1])]


def of_release(account: RetentionAccount) -> list[Simulation]:
    """What the release of all that is left of a payer's retention would bring, posted. Raises NotReady."""

    def released() -> dict[int, Outlook]:
        [contract] = _held([account.contract_id])
        person = User.objects.order_by("pk").first()
        if person is None or account.left <= 0:
            raise NotReady("Nothing is left to release.")
        before = _outlook(contract, [])
        made = _with_tax(retentions.make(account, account.left, "simulated", today(), person))
        Candidate.objects.filter(pk=made.pk).update(content_hash="simulated")  # as if somebody had approved it
        posting.fix(made)
        return {0: before, 1: _outlook(contract, [made])}

    found = undone(released)
    return [Simulation(account.contract, None, found[0], found[1])]


def of_deposit_back(account: DepositAccount, by: User) -> list[Simulation]:
    """What giving back all that is left of a deposit would bring, posted. Raises NotReady."""

    def given() -> dict[int, Outlook]:
        [contract] = _held([account.contract_id])
        if account.left <= 0:
            raise NotReady("Nothing is left to give back.")
        before = _outlook(contract, [])
        made = deposits.give_back(account_id=account.pk, by=by, seen_version=account.version, reason="simulated")
        for memo in made:
            Candidate.objects.filter(pk=memo.pk).update(content_hash="simulated")  # as if somebody had approved it
            posting.fix(memo)
        return {0: before, 1: _outlook(contract, made)}

    found = undone(given)
    return [Simulation(account.contract, None, found[0], found[1])]


def _touched(hold: Hold) -> list[int]:
    if hold.contract_id:
        return [hold.contract_id]
    row = holds.find_target(hold.scope, hold.target_id)
    if not isinstance(row, Customer | BillTo):
        return []
    billed = billed_to(row).filter(status__in=runs.BILLED_STATES)
    return list(billed.order_by("pk").values_list("pk", flat=True))


def _compared(contracts: Sequence[int], act: Callable[[], object]) -> list[Simulation]:
    if len(contracts) > MOST:
        raise NotReady(f"It touches {len(contracts)} contracts: too many to try at once, {MOST} can be.")
    through = today()
    without = undone(lambda: _after_a_run(contracts, through))

    def with_it() -> dict[int, Outlook]:
        list(_held(contracts))
        act()
        return _after_a_run(contracts, through)

    then = undone(with_it)
    rows = {row.pk: row for row in Contract.objects.filter(pk__in=contracts).order_by("pk")}
    return [Simulation(row, through, without[pk], then[pk]) for pk, row in rows.items()]


def _held(contracts: Iterable[int]) -> Iterable[Contract]:
    rows = Contract.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("legal_entity", "customer", "bill_to__customer").filter(pk__in=contracts).order_by("pk")


def _after_a_run(contracts: Sequence[int], through: date) -> dict[int, Outlook]:
    found = {}
    for contract in list(_held(contracts)):
        if contract.status in runs.BILLED_STATES:
            run = _run(contract, through)
            runs.rebuild(contract=contract, run=run)
            made = list(Candidate.objects.filter(run=run).order_by("kind", "pk"))
            found[contract.pk] = _outlook(contract, [_with_tax(candidate) for candidate in made])
        else:
            found[contract.pk] = _outlook(contract, [])
    return found


def _run(contract: Contract, through: date) -> BillingRun:
    """A run of this contract alone. Its id is from none of the sequence, so that no run of a person skips a number."""
    person = User.objects.order_by("pk").first()
    if person is None:
        raise NotReady("Nobody could start a run yet.")
    return BillingRun.objects.create(
        pk=-1 - secrets.randbelow(2**40),
        legal_entity=contract.legal_entity,
        through=through,
        invoice_date=through,
        started_by=person,
        state=BillingRun.State.DONE,
        finished_at=now(),
    )


def _with_tax(candidate: Candidate) -> Candidate:
    """An invoice with the tax that its lines had last, shared out and drawn on retainers as a quote would be."""
    if candidate.kind == Candidate.Kind.INVOICE:
        lines = list(taxed_lines(candidate))
        rates = [_last_rate(candidate, line) for line in lines]
        told = [
            {"number": str(line.number), "rate": str(rate or ZERO)} for line, rate in zip(lines, rates, strict=True)
        ]
        tax = sum((line.net * (rate or ZERO) for line, rate in zip(lines, rates, strict=True)), ZERO)
        keep(candidate, {"tax": str(round_money(tax, candidate.currency)), "lines": told})
        candidate.refresh_from_db()
    return candidate


def _last_rate(candidate: Candidate, line: CandidateLine) -> Decimal | None:
    """The rate of tax that was quoted last: for the contract line, else for its contract, else for its bill-to."""
    known = CandidateLine.objects.exclude(candidate=candidate.pk).filter(
        ~Q(kind__in=["retention", "deposit"]),
        tax_rate__isnull=False,
        candidate__kind=Candidate.Kind.INVOICE,
        candidate__bill_to=candidate.bill_to_id,
    )
    for narrow in ({"contract_line": line.contract_line_id}, {"candidate__contract": candidate.contract_id}, {}):
        rate = known.filter(**narrow).order_by("-candidate_id").values_list("tax_rate", flat=True).first()
        if rate is not None:
            return rate
    return None


def _outlook(contract: Contract, made: Sequence[Candidate]) -> Outlook:
    caps = Cap.objects.filter(contract=contract).select_related("line").order_by("pk")
    accounts = RetainerAccount.objects.filter(line__contract=contract).select_related("line").order_by("line", "month")
    retained = RetentionAccount.objects.filter(contract=contract).order_by("pk")
    ahead = DepositAccount.objects.filter(contract=contract).select_related("line").order_by("pk")
    states = Piece.objects.filter(contract=contract, is_current=True, amount__isnull=False).order_by()
    return Outlook(
        documents=tuple(_document(candidate) for candidate in made),
        states={row["state"]: row["value"] for row in states.values("state").annotate(value=Sum("amount"))},
        caps={_cap_name(cap): cap.reserved + cap.committed for cap in caps},
        retainers={_account_name(account): account.balance for account in accounts},
        recognised=_recognised(made),
        deposits={f"{row.line.name}": row.held for row in ahead},
        retention={row.bill_to.customer.name: row.held for row in retained.select_related("bill_to__customer")},
    )


def _document(candidate: Candidate) -> Document:
    lines = list(candidate.lines.all())
    credit = candidate.kind == Candidate.Kind.CREDIT_MEMO
    asked = (candidate.is_release or candidate.is_deposit) and candidate.status != Candidate.Status.BUILDING
    quoted = credit or asked or (candidate.run_id or 0) > 0
    known = quoted or any(_last_rate(candidate, line) is not None for line in lines)
    return Document(
        kind=candidate.kind,
        net=candidate.net,
        tax=candidate.tax if known else None,
        tax_is_quoted=quoted,
        drawn=candidate.drawdown,
        lines=len(lines),
        is_supplemental=candidate.is_supplemental,
        is_release=candidate.is_release,
        is_deposit=candidate.is_deposit,
    )


def _recognised(made: Sequence[Candidate]) -> dict[date, Decimal]:
    """By month of service, of the lines whose revenue is what may be invoiced."""
    rows = Piece.objects.filter(
        candidate_line__candidate__in=[candidate.pk for candidate in made],
        is_current=True,
        line__revenue_plans__is_current=True,
        line__revenue_plans__basis="right_to_invoice",
    ).exclude(candidate_line__kind="passed_on")
    found: dict[date, Decimal] = {}
    for day, net in rows.order_by("event__service_date").values_list("event__service_date", "net"):
        found[month_start(day)] = found.get(month_start(day), ZERO) + (net or ZERO)
    return found


def _cap_name(cap: Cap) -> str:
    period = " per month" if cap.period == Cap.Period.MONTH else ""
    return f"{cap.line or 'Whole contract'}{cap.whose}, {cap.kind}{period}"


def _account_name(account: RetainerAccount) -> str:
    return f"{account.line}, {account.month:%B %Y}" if account.month else str(account.line)
