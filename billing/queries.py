"""Reading delivered work, decisions, documents and money. Amounts are never summed across currencies."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast

from billing.models import (
    BillableEvent,
    BillingRun,
    Candidate,
    Decision,
    Hold,
    HoldEffect,
    Invoice,
    Piece,
    ScheduleItem,
)
from contracts.models import Contract, Customer, Milestone, Project
from integration_hub.effects.models import Effect
from integration_hub.effects.queries import of_subject
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q, scoped
from integration_hub.work.models import Lane

Amounts = dict[str, Decimal]
MINUTES = Decimal(60)


@dataclass(frozen=True, slots=True)
class Total:
    """What a set of pieces comes to: how many, hours, money per currency, and how many have no price."""

    count: int = 0
    hours: Decimal = ZERO
    money: Amounts = field(default_factory=dict)
    unpriced: int = 0


# -- work -------------------------------------------------------------------------------------------------------------


def pieces_for(user: User) -> QuerySet[Piece]:
    """Current pieces of work of the person's legal entities, with what every list shows."""
    return scoped(current_pieces(), user)


def current_pieces() -> QuerySet[Piece]:
    """All current pieces, with what every list shows. Traces are never loaded here."""
    return Piece.objects.filter(is_current=True).select_related(
        "event__resource", "event__project", "contract", "line", "legal_entity"
    )


def by_state(pieces: "QuerySet[Piece]") -> dict[str, Total]:
    """What the pieces of each state come to; one query."""
    rows = (
        pieces.order_by()
        .values("state", "currency")
        .annotate(
            count=Count("pk"),
            minutes=Sum("minutes"),
            money=Sum("amount"),
            unpriced=Count("pk", filter=Q(amount__isnull=True)),
        )
        .order_by("state", "currency")
    )
    return _summed(rows, "state")


def by_code(pieces: "QuerySet[Piece]") -> dict[str, Total]:
    """What blocked or held pieces come to by their first code; one query."""
    rows = (
        pieces.order_by()
        .values("currency", code=F("codes__0"))
        .annotate(
            count=Count("pk"),
            minutes=Sum("minutes"),
            money=Sum("amount"),
            unpriced=Count("pk", filter=Q(amount__isnull=True)),
        )
        .order_by("code", "currency")
    )
    return _summed(rows, "code")


def total(sums: Iterable[Total]) -> Total:
    """Several sums as one, per currency."""
    result = Total()
    for one in sums:
        result = _plus(result, one.count, one.hours, one.money, one.unpriced)
    return result


def _summed(rows: Iterable[Any], key: str) -> dict[str, Total]:
    sums: dict[str, Total] = {}
    for row in rows:
        money = {row["currency"]: row["money"]} if row["currency"] and row["money"] is not None else {}
        hours = (row["minutes"] or ZERO) / MINUTES
        sums[row[key]] = _plus(sums.get(row[key], Total()), row["count"], hours, money, row["unpriced"])
    return sums


def _plus(old: Total, count: int, hours: Decimal, money: Amounts, unpriced: int) -> Total:
    merged = dict(old.money)
    for currency, amount in money.items():
        merged[currency] = merged.get(currency, ZERO) + amount
    return Total(old.count + count, old.hours + hours, dict(sorted(merged.items())), old.unpriced + unpriced)


def versions_of(event: BillableEvent) -> QuerySet[BillableEvent]:
    """Every version of one piece of delivered work, newest first."""
    rows = BillableEvent.objects.filter(work_key=event.work_key).select_related("resource", "source_version")
    return rows.order_by("-version")


def decision_of(event: BillableEvent) -> Decision | None:
    """The decision in force about an event; for a superseded version its last one."""
    rows = Decision.objects.filter(event=event).select_related("contract_version")
    return rows.order_by("-is_current", "-pk").first()


# -- contracts, projects, customers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContractMoney:
    """A contract in money: what was agreed, where its work stands, what was invoiced and paid.

    `agreed` adds fees, schedules and milestones; `up_to` the hard limits on time; net amounts except `gross`, `paid`,
    `credited`, which are with tax.
    """

    currency: str
    agreed: Decimal
    up_to: Decimal | None
    has_time: bool
    states: dict[str, Total]
    invoices: int
    net: Decimal
    gross: Decimal
    paid: Decimal
    credited: Decimal

    @property
    def open(self) -> Decimal:
        """Invoiced and neither paid nor credited, with tax."""
        return self.gross - self.paid - self.credited


def money_of(contract: Contract) -> ContractMoney:
    """The money of one contract; five queries."""
    fees = ScheduleItem.objects.filter(line__contract=contract).exclude(status="skipped").aggregate(s=Sum("amount"))
    steps = Milestone.objects.filter(line__contract=contract).exclude(
        Q(status="cancelled") | Q(line__method="progress")
    )
    accepted = steps.aggregate(s=Sum("amount"))
    measured = contract.lines.filter(method="progress").aggregate(s=Sum("amount"))
    time = list(contract.lines.filter(method="tm").values_list("pk", flat=True))
    caps = contract.caps.filter(kind="hard", bill_to=None).aggregate(s=Sum("limit"))
    posted = contract.invoices.aggregate(
        count=Count("pk"), net_=Sum("net"), gross_=Sum("gross"), paid_=Sum("paid"), credited_=Sum("credited")
    )
    return ContractMoney(
        currency=contract.currency,
        agreed=(fees["s"] or ZERO) + (accepted["s"] or ZERO) + (measured["s"] or ZERO),
        up_to=caps["s"],
        has_time=bool(time),
        states=by_state(Piece.objects.filter(contract=contract, is_current=True)),
        invoices=posted["count"],
        net=posted["net_"] or ZERO,
        gross=posted["gross_"] or ZERO,
        paid=posted["paid_"] or ZERO,
        credited=posted["credited_"] or ZERO,
    )


def work_of_project(project: Project) -> dict[str, Total]:
    """Where the work of a project stands."""
    return by_state(Piece.objects.filter(event__project=project, is_current=True))


@dataclass(frozen=True, slots=True)
class OpenMoney:
    """What a customer owes, per currency, and since when the oldest invoice is due."""

    count: int
    money: Amounts
    overdue: Amounts
    oldest_due: Any


def open_of_customer(customer: Customer, user: User, *, today: Any) -> OpenMoney:
    """Unpaid invoices of a customer in the person's legal entities."""
    rows = scoped(Invoice.objects.filter(bill_to__customer=customer, status__in=["posted", "part_paid"]), user)
    sums = rows.order_by().values("currency").annotate(
        count=Count("pk"),
        left=Sum(F("gross") - F("paid") - F("credited")),
        late=Sum(F("gross") - F("paid") - F("credited"), filter=Q(due_on__lt=today)),
        due=Min("due_on"),
    )  # fmt: skip
    found = list(sums.order_by("currency"))
    return OpenMoney(
        count=sum(row["count"] for row in found),
        money={row["currency"]: row["left"] for row in found},
        overdue={row["currency"]: row["late"] for row in found if row["late"]},
        oldest_due=min((row["due"] for row in found if row["due"]), default=None),
    )


# -- holds ------------------------------------------------------------------------------------------------------------


def holds_for(user: User) -> QuerySet[Hold]:
    """Holds of the person's legal entities, and those on customers of these."""
    rows = Hold.objects.select_related("contract", "legal_entity")
    if user.all_legal_entities:
        return rows
    theirs = scoped(Contract.objects.order_by(), user).annotate(as_text=Cast("customer", CharField()))
    return rows.filter(scope_q(user) | Q(scope=Hold.Scope.CUSTOMER, target_id__in=theirs.values("as_text")))


def covered_by(hold: Hold) -> QuerySet[Piece]:
    """Current pieces of work under a hold's target, in whatever state."""
    where = {
        Hold.Scope.EVENT: Q(event__work_key=hold.target_id),
        Hold.Scope.MILESTONE: Q(event__milestone=_number(hold)),
        Hold.Scope.PROJECT: Q(event__project=_number(hold)),
        Hold.Scope.LINE: Q(line=_number(hold)),
        Hold.Scope.CONTRACT: Q(contract=_number(hold)),
        Hold.Scope.BILL_TO: Q(contract__bill_to=_number(hold), bill_to=None) | Q(bill_to=_number(hold)),
        Hold.Scope.CUSTOMER: Q(contract__customer=_number(hold)) | Q(bill_to__customer=_number(hold)),
    }[Hold.Scope(hold.scope)]
    return current_pieces().filter(where)


def _number(hold: Hold) -> int:
    return int(hold.target_id) if hold.target_id.isdecimal() else 0


def held_by(hold: Hold) -> QuerySet[Piece]:
    """The pieces a hold keeps out of candidates now."""
    return covered_by(hold).filter(state=Piece.State.HELD, codes__contains=[hold.code])


def stopped_by(hold: Hold) -> QuerySet[Candidate]:
    """Open candidates that a hold keeps from posting."""
    if hold.effect != HoldEffect.NO_POST or hold.status != Hold.Status.OPEN:
        return Candidate.objects.none()
    rows = Candidate.objects.filter(codes__contains=[hold.code]).exclude(status__in=["posted", "dissolved"])
    where = {
        Hold.Scope.CONTRACT: Q(contract=_number(hold)),
        Hold.Scope.BILL_TO: Q(bill_to=_number(hold)),
        Hold.Scope.CUSTOMER: Q(contract__customer=_number(hold)) | Q(bill_to__customer=_number(hold)),
    }.get(Hold.Scope(hold.scope), Q(contract=hold.contract_id))
    return rows.filter(where).select_related("contract", "legal_entity", "bill_to__customer")


# -- candidates and runs ----------------------------------------------------------------------------------------------


GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "attention": ("Needs attention", ("needs_attention", "returned", "building")),
    "ready": ("Ready to approve", ("ready",)),
    "approved": ("Approved", ("approved",)),
    "posting": ("Posting", ("posting",)),
    "rejected": ("Rejected", ("rejected",)),
    "posted": ("Posted", ("posted",)),
}


@dataclass(frozen=True, slots=True)
class Group:
    """The candidates of one group: how many, since when the oldest waits, and their gross per currency."""

    key: str
    label: str
    count: int
    oldest: datetime | None
    money: Amounts


def candidates_for(user: User) -> QuerySet[Candidate]:
    """Candidates of the person's legal entities, with what every list shows."""
    return scoped(Candidate.objects.select_related(*CANDIDATE_PARTS), user)


CANDIDATE_PARTS = ("contract", "legal_entity", "bill_to__customer", "prepared_by", "purchase_order", "run")


def groups(candidates: "QuerySet[Candidate]") -> list[Group]:
    """Candidates by group, in the order of the work; one query."""
    rows = list(
        candidates.order_by()
        .select_related(None)
        .values("status", "currency")
        .annotate(count=Count("pk"), money=Sum("gross"), oldest=Min("created_at"))
        .order_by("currency")
    )
    return [_group(key, label, [row for row in rows if row["status"] in states])
            for key, (label, states) in GROUPS.items()]  # fmt: skip


def _group(key: str, label: str, rows: list[Any]) -> Group:
    money: Amounts = {}
    for row in rows:
        money[row["currency"]] = money.get(row["currency"], ZERO) + row["money"]
    oldest = min((row["oldest"] for row in rows), default=None)
    return Group(key, label, sum(row["count"] for row in rows), oldest, money)


def behind(candidate: Candidate) -> QuerySet[Piece]:
    """The work behind a candidate's lines."""
    return current_pieces().filter(candidate_line__candidate=candidate).select_related(
        "event__resource", "event__project", "line", "candidate_line"
    )  # fmt: skip


def effects_of(candidate: Candidate) -> list[Effect]:
    """What a candidate asked other systems to do, oldest first."""
    return list(of_subject("billing.candidate", candidate.pk))


def status_written(invoice: Invoice) -> list[Effect]:
    """The last time CRM and PSA were told about the contract of an invoice, one effect per system."""
    latest = (
        Effect.objects.filter(
            subject_type="contracts.contract",
            subject_id=str(invoice.contract_id),
            connection=OuterRef("connection"),
            effect_type=OuterRef("effect_type"),
        )
        .order_by("-revision", "-pk")
        .values("pk")[:1]
    )
    rows = Effect.objects.filter(subject_type="contracts.contract", subject_id=str(invoice.contract_id))
    about = Q(business_key__endswith=f"-{invoice.number}") | Q(
        effect_type__endswith=".contract.status", pk=Subquery(latest)
    )
    return list(rows.filter(about).select_related("connection").order_by("connection__name", "-pk"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: built at all, and candidates checked of those it made."""

    built: int
    checked: int
    stuck: str

    @property
    def waiting(self) -> int:
        """Candidates whose tax and checks are not in yet."""
        return self.built - self.checked


def progress_of(run: BillingRun) -> Progress:
    """How many candidates a run built and how many are checked; and why its lane stands still, if it does."""
    counts = run.candidates.aggregate(built=Count("pk"), checked=Count("pk", filter=~Q(status__in=["building"])))
    lane = Lane.objects.filter(key=f"billing-run:{run.legal_entity.code}", blocked=True).first()
    return Progress(counts["built"], counts["checked"], lane.blocked_reason if lane and run.state == "running" else "")


# -- invoices and cash ------------------------------------------------------------------------------------------------


def invoices_for(user: User) -> QuerySet[Invoice]:
    """Invoices of the person's legal entities, with what every list shows."""
    rows = Invoice.objects.select_related("contract", "legal_entity", "bill_to__customer", "candidate")
    return scoped(rows.annotate(left=F("gross") - F("paid") - F("credited")), user)
