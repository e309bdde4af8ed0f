"""Control totals at every arrow, per legal entity and currency (billing.md R22), and whether they agree.

Each arrow names its two sides, counts both from different rows, and agrees only when they are equal to the last digit.
What the ERP posted comes from the ERP, given by the caller: a total proved against our own copy would prove nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum

from billing.models import BillableEvent, Candidate, CandidateLine, CreditMemo, Decision, Hold, Invoice, Payment, Piece
from contracts.models import Contract, LegalEntity
from integration_hub.cases.models import Case, Member
from integration_hub.intake.models import SourceVersion

ZERO = Decimal(0)
UNBILLED = ("billable", "blocked", "held", "over_cap", "postponed", "written_off")


@dataclass(frozen=True, slots=True)
class Arrow:
    """Two sides that must be equal."""

    name: str
    legal_entity: str
    currency: str
    left_name: str
    left: Decimal
    right_name: str
    right: Decimal

    @property
    def agrees(self) -> bool:
        """Whether both sides are equal."""
        return self.left == self.right


@dataclass(slots=True)
class Statement:
    """All arrows and figures of one moment."""

    arrows: list[Arrow] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    holds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether every arrow agrees."""
        return all(arrow.agrees for arrow in self.arrows)


@dataclass(frozen=True, slots=True)
class LedgerTotal:
    """What the ERP's own ledger says of the invoices that carry our references."""

    legal_entity: str
    currency: str
    count: int
    gross: Decimal
    open: Decimal


def statement(ledger: Sequence[LedgerTotal] | None = None) -> Statement:
    """Compute every arrow. `ledger` comes from the ERP; without it the last arrow is left out, never assumed."""
    result = Statement()
    entities: list[LegalEntity | None] = [*LegalEntity.objects.order_by("code"), None]
    for entity in entities:
        _work(entity, result)
    for entity in LegalEntity.objects.order_by("code"):
        for currency in _currencies(entity):
            _money(entity, currency, result)
        result.figures.extend(_figures(entity))
    for total in ledger or ():
        _ledger(total, result)
    result.cases, result.holds = _cases(), _holds()
    return result


def _work(entity: LegalEntity | None, result: Statement) -> None:
    """Hours in = hours in buckets; events = decisions."""
    events = BillableEvent.objects.filter(legal_entity=entity, is_current=True, is_deleted=False)
    if not events.exists():
        return
    code = entity.code if entity else "(no contract)"
    pieces = Piece.objects.filter(event__work_key__in=events.values("work_key"), is_current=True)
    hours_in = events.aggregate(total=Sum("minutes"))["total"] or ZERO
    buckets = pieces.aggregate(total=Sum("minutes"))["total"] or ZERO
    decided = Decision.objects.filter(event__in=events, is_current=True).count()
    result.arrows.append(Arrow("hours", code, "", "Hours delivered", hours_in / 60, "Hours decided", buckets / 60))
    result.arrows.append(
        Arrow("decisions", code, "", "Records of work", Decimal(events.count()), "Decisions on them", Decimal(decided))
    )


def _currencies(entity: LegalEntity) -> list[str]:
    rows = Piece.objects.filter(legal_entity=entity, is_current=True).exclude(currency="")
    return sorted(set(rows.values_list("currency", flat=True).distinct()) | {entity.currency})


def _money(entity: LegalEntity, currency: str, result: Statement) -> None:
    """Billable = candidates + unbilled; candidates = posted + waiting."""
    pieces = Piece.objects.filter(legal_entity=entity, currency=currency, is_current=True)
    sums = pieces.aggregate(
        value=Sum("amount", filter=~Q(state__in=["included", "non_billable"])),
        in_candidates=Sum("amount", filter=Q(state__in=["reserved", "posted", "corrected"])),
        unbilled=Sum("amount", filter=Q(state__in=UNBILLED)),
        printed=Sum("net", filter=Q(state__in=["reserved", "posted", "corrected"])),
    )
    value = {name: total or ZERO for name, total in sums.items()}
    candidates = Candidate.objects.filter(legal_entity=entity, currency=currency).exclude(status="dissolved")
    net = candidates.aggregate(
        all=Sum("net"),
        retained=Sum("retained"),
        advanced=Sum("advanced"),
        posted=Sum("net", filter=Q(status="posted")),
        waiting=Sum("net", filter=~Q(status="posted")),
    )
    nets = {name: total or ZERO for name, total in net.items()}
    result.arrows += [
        Arrow(
            "billable",
            entity.code,
            currency,
            "Billable work",
            value["value"],
            "In candidates and not yet billed",
            value["in_candidates"] + value["unbilled"],
        ),
        Arrow(
            "printed",
            entity.code,
            currency,
            "Work in candidates, rounded, less concessions and what is withheld, with deposits",
            value["printed"] + _conceded(entity, currency) - nets["retained"] + nets["advanced"],
            "Candidates, net",
            nets["all"],
        ),
        Arrow(
            "candidates",
            entity.code,
            currency,
            "Candidates, net",
            nets["all"],
            "Posted and waiting candidates",
            nets["posted"] + nets["waiting"],
        ),
        Arrow(
            "invoices",
            entity.code,
            currency,
            "Posted candidates, net",
            nets["posted"],
            "Invoices less credit memos here, net",
            _invoiced(entity, currency),
        ),
    ]


def _conceded(entity: LegalEntity, currency: str) -> Decimal:
    """The lines of credit memos whose work stays billed, and so stands in no credit; not positive."""
    lines = CandidateLine.objects.filter(
        candidate__legal_entity=entity, candidate__currency=currency, candidate__credit_order__rebillable=False
    ).exclude(kind__in=["retention", "deposit"])
    standing = lines.exclude(candidate__status="dissolved")
    total: Decimal = standing.aggregate(total=Sum("net"))["total"] or ZERO
    return total


def _invoiced(entity: LegalEntity, currency: str) -> Decimal:
    """What our invoices charge less what our credit memos take back."""
    charged = Invoice.objects.filter(legal_entity=entity, currency=currency).aggregate(t=Sum("net"))["t"] or ZERO
    ours = CreditMemo.objects.filter(legal_entity=entity, currency=currency, candidate__isnull=False)
    return charged - (ours.aggregate(t=Sum("net"))["t"] or ZERO)


def _ledger(total: LedgerTotal, result: Statement) -> None:
    """Posted here = posted in the ERP's own ledger, by count, gross and what is still open."""
    invoices = Invoice.objects.filter(legal_entity__code=total.legal_entity, currency=total.currency)
    sums = invoices.aggregate(posted=Sum("gross"), left=Sum(F("gross") - F("paid") - F("credited")), count=Count("pk"))
    result.arrows += [
        Arrow(
            "ledger count",
            total.legal_entity,
            total.currency,
            "Number of invoices here",
            Decimal(sums["count"]),
            "Number of invoices in the ERP",
            Decimal(total.count),
        ),
        Arrow(
            "ledger",
            total.legal_entity,
            total.currency,
            "Invoiced here, gross",
            sums["posted"] or ZERO,
            "Invoiced in the ERP's ledger, gross",
            total.gross,
        ),
        Arrow(
            "receivables",
            total.legal_entity,
            total.currency,
            "Open here",
            sums["left"] or ZERO,
            "Open in the ERP",
            total.open,
        ),
    ]


def _figures(entity: LegalEntity) -> list[dict[str, Any]]:
    """The figures beside the arrows, per currency."""
    contracts = Contract.objects.filter(legal_entity=entity)
    activated = contracts.filter(activated_at__isnull=False).count()
    rows = []
    for currency in _currencies(entity):
        buckets = {
            row["state"]: row
            for row in Piece.objects.filter(legal_entity=entity, is_current=True)
            .filter(Q(currency=currency) | Q(currency="") if currency == entity.currency else Q(currency=currency))
            .values("state")
            .annotate(minutes=Sum("minutes"), amount=Sum("amount"), count=Count("pk"))
        }
        payments = Payment.objects.filter(legal_entity=entity, currency=currency, is_reversed=False)
        open_amount = Invoice.objects.filter(legal_entity=entity, currency=currency).aggregate(
            t=Sum(F("gross") - F("paid") - F("credited"))
        )["t"]
        rows.append(
            {
                "legal_entity": entity.code,
                "currency": currency,
                "contracts": contracts.count(),
                "activated": activated,
                "buckets": {
                    state: {
                        "hours": (row["minutes"] or ZERO) / 60,
                        "amount": row["amount"] or ZERO,
                        "count": row["count"],
                    }
                    for state, row in sorted(buckets.items())
                },
                "payments": payments.aggregate(t=Sum("amount"))["t"] or ZERO,
                "receivable": open_amount or ZERO,
            }
        )
    return rows


def _cases() -> list[dict[str, Any]]:
    rows = (
        Case.objects.exclude(status="resolved")
        .values("code", "legal_entity")
        .annotate(count=Count("pk"))
        .order_by("code", "legal_entity")
    )
    money: dict[tuple[str, str], dict[str, Decimal]] = {}
    held = (
        Member.objects.filter(is_open=True, amount__isnull=False)
        .exclude(case__status="resolved")
        .values("case__code", "case__legal_entity", "currency")
        .annotate(total=Sum("amount"))
    )
    for row in held:
        money.setdefault((row["case__code"], row["case__legal_entity"]), {})[row["currency"]] = row["total"]
    return [{**row, "money": money.get((row["code"], row["legal_entity"]), {})} for row in rows]


def _holds() -> list[dict[str, Any]]:
    rows = (
        Hold.objects.filter(status="open")
        .values("code", "legal_entity__code")
        .annotate(count=Count("pk"))
        .order_by("code")
    )
    held = (
        Piece.objects.filter(is_current=True, state="held", amount__isnull=False)
        .values("legal_entity__code", "codes", "currency")
        .annotate(total=Sum("amount"))
    )
    money: dict[tuple[str, str], dict[str, Decimal]] = {}
    for row in held:
        for code in row["codes"]:
            sums = money.setdefault((code, row["legal_entity__code"]), {})
            sums[row["currency"]] = sums.get(row["currency"], ZERO) + row["total"]
    return [
        {
            "code": row["code"],
            "legal_entity": row["legal_entity__code"] or "",
            "count": row["count"],
            "money": money.get((row["code"], row["legal_entity__code"]), {}),
        }
        for row in rows
    ]


def intake_totals() -> Mapping[str, int]:
    """Source versions by what became of them."""
    return dict(SourceVersion.objects.values_list("status").annotate(Count("pk")).order_by("status"))
