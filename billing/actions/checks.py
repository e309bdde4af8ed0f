"""Readiness: run the checklist on a candidate, set its status, open and close the cases it calls for (§3.1)."""

from datetime import date

from django.db import transaction
from django.db.models import Max, QuerySet, Sum

from billing import terms
from billing.engine.readiness import CandidateFacts, Check, check, stops, warnings
from billing.models import CANDIDATE_MOVES, Candidate, HoldEffect, Invoice, Piece, TaxDetermination
from contracts.actions.parties import open_period
from contracts.models import Amendment, BillTo
from contracts.queries import lowers_price, reference_of, route
from integration_hub.cases.actions import cases
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO
from integration_hub.trail.record import event

BY = "system:billing"
CASE_CODES = (
    "PO_MISSING",
    "PO_EXPIRED",
    "PO_EXHAUSTED",
    "BILLTO_INCOMPLETE",
    "CREDIT_HOLD",
    "TAX_MISSING",
    "TAX_VARIANCE",
    "AMOUNT_ANOMALY",
    "AMENDMENT_PENDING",
    "ERP_MAPPING",
    "PERIOD_CLOSED",
)


def rendering(candidate: Candidate) -> dict[str, object]:
    """Everything an approver sees that money depends on; approvals are bound to its hash (§5.3)."""
    version = candidate.contract.versions.order_by("-number").values_list("number", flat=True).first()
    return {
        "number": candidate.number,
        "bill_to": candidate.bill_to_id,
        "currency": candidate.currency,
        "invoice_date": candidate.invoice_date,
        "purchase_order": candidate.purchase_order.number if candidate.purchase_order else "",
        "contract_version": version,
        "lines": [
            [line.description, line.hours, line.rate, line.net, line.tax] for line in candidate.lines.order_by("number")
        ],
        "net": candidate.net,
        "tax": candidate.tax,
        "gross": candidate.gross,
    }


def facts(candidate: Candidate) -> CandidateFacts:
    """What the checklist asks about a candidate, read now."""
    from billing.actions.quotes import request_of

    order = candidate.purchase_order
    tax = TaxDetermination.objects.filter(candidate=candidate).first()
    waiting = _stragglers(candidate)
    pending = Amendment.objects.filter(
        contract=candidate.contract, status=Amendment.Status.DRAFT, effective_on__lte=candidate.through
    )
    last_day = _last_service_day(candidate)
    period = open_period(candidate.legal_entity, max(last_day, candidate.posts_from or last_day))
    customer = candidate.bill_to.customer
    return CandidateFacts(
        currency=candidate.currency,
        net=candidate.net,
        tax=candidate.tax,
        gross=candidate.gross,
        line_count=candidate.lines.count(),
        invoice_date=candidate.invoice_date,
        service_date=last_day,
        accounting_date=period,
        period_open=period is not None,
        po_required=candidate.contract.po_required or candidate.bill_to.po_rule == BillTo.PoRule.REQUIRED,
        po_number=order.number if order else "",
        po_left=order.amount - order.committed - order.reserved if order and order.amount is not None else None,
        po_expires_on=order.expires_on if order else None,
        bill_to_verified=candidate.bill_to.status == BillTo.Status.VERIFIED,
        bill_to_missing=tuple(name for name in ("street", "city", "country") if not getattr(customer, name)),
        customer_active=customer.status in {customer.Status.ACTIVE, customer.Status.PROSPECT},
        credit_hold=candidate.bill_to.credit_hold,
        tax_quoted=tax is not None and tax.basis_hash == content_hash(request_of(candidate)),
        tax_of_engine=tax.tax if tax else None,
        erp_customer_known=not _erp_missing(candidate),
        erp_missing=_erp_missing(candidate),
        no_post_holds=tuple(
            terms.holds_on(candidate.contract).filter(effect=HoldEffect.NO_POST).values_list("code", flat=True)
        ),
        stragglers=waiting.count(),
        stragglers_amount=waiting.aggregate(total=Sum("amount"))["total"] or ZERO,
        earlier_nets=tuple(
            Invoice.objects.filter(contract=candidate.contract)
            .order_by("-invoice_date")
            .values_list("net", flat=True)[:6]
        ),
        amendment_pending=bool(pending),
        amendment_lowers_price=any(lowers_price(amendment) for amendment in pending),
    )


def _last_service_day(candidate: Candidate) -> date:
    """The last day of the work in it: a document has one accounting date, and nothing is posted before it was done."""
    pieces = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True)
    day: date | None = pieces.aggregate(last=Max("event__service_date"))["last"]
    return day or candidate.accounting_date


def _stragglers(candidate: Candidate) -> QuerySet[Piece]:
    """Earlier work that waits for somebody; what only waits for its approver is no straggler yet."""
    return Piece.objects.filter(
        contract=candidate.contract,
        is_current=True,
        state__in=["billable", "blocked", "held"],
        event__service_date__lte=candidate.through,
    ).exclude(codes__contains=["NOT_APPROVED"])


def _erp_missing(candidate: Candidate) -> tuple[str, ...]:
    erp = route("erp", candidate.legal_entity)
    if erp is None:
        return ("any ERP for this legal entity (set a route)",)
    customer = candidate.bill_to.customer
    return () if reference_of(customer, erp, "customer_account") else (f"customer {customer.code}",)


def questions(candidate: Candidate) -> list[Check]:
    """The checklist as the candidate page shows it."""
    return check(facts(candidate))


@transaction.atomic
def run(*, candidate_id: int) -> Candidate:
    """Run the checks and move the candidate accordingly. Figures that moved lapse approvals (`APPROVAL_STALE`)."""
    from billing.actions import posting
    from billing.actions.candidates import CHECKED, lapse_approvals

    candidate = (
        Candidate.objects.select_for_update(of=("self",))
        .select_related("legal_entity", "contract", "bill_to__customer", "purchase_order")
        .get(pk=candidate_id)
    )
    if candidate.status not in {*CHECKED, "rejected"}:
        return candidate
    found = facts(candidate)
    results = check(found)
    stopping = sorted(set(stops(results)))
    warned = sorted(set(warnings(results)))
    digest = content_hash(rendering(candidate))
    moved = bool(candidate.content_hash) and digest != candidate.content_hash
    lapsed = lapse_approvals(candidate) if moved else 0
    status = _next_status(candidate, stopping, moved=moved)
    before = _state(candidate)
    candidate.codes, candidate.warnings, candidate.content_hash = stopping, warned, digest
    candidate.accounting_date = found.accounting_date or candidate.accounting_date
    if status != candidate.status:
        CANDIDATE_MOVES.check(candidate.status, status)
        if candidate.status == "rejected" and status != "approved":
            posting.withdraw(candidate, by=BY, reason="The candidate changed")
        candidate.status = status
    if _state(candidate) != before:
        candidate.version += 1
        candidate.save()
        event(
            "billing.candidate.checked",
            by=BY,
            object_type="billing.candidate",
            object_id=candidate.pk,
            label=candidate.number,
            legal_entity=candidate.legal_entity.code,
            status=status,
            stops=stopping,
            warnings=warned,
            lapsed=lapsed,
        )
    _sync_cases(candidate, results)
    return candidate


def _state(candidate: Candidate) -> tuple[object, ...]:
    return (
        candidate.status,
        candidate.codes,
        candidate.warnings,
        candidate.content_hash,
        candidate.accounting_date,
    )


def _next_status(candidate: Candidate, stopping: list[str], *, moved: bool) -> str:
    if stopping:
        return "needs_attention"
    if candidate.status in {"approved", "rejected"} and not moved:
        return "approved"
    if candidate.status == "returned" and not moved:
        return "returned"
    return "ready"


def _sync_cases(candidate: Candidate, results: list[Check]) -> None:
    scope = _scope(candidate)
    member = cases.MemberIn("billing.candidate", str(candidate.pk), candidate.number, candidate.net, candidate.currency)
    wanted = {
        (result.code, scope): cases.CaseIn(
            title=f"{result.message} ({candidate.contract.number})",
            remedy=result.remedy,
            legal_entity=candidate.legal_entity.code,
            subject=("billing.candidate", str(candidate.pk), candidate.number),
            members=(member,),
        )
        for result in results
        if not result.ok and result.level in {"stop", "warn"} and result.code in CASE_CODES
    }
    cases.reconcile(codes=CASE_CODES, wanted=wanted, scope=scope, by=BY)


def _scope(candidate: Candidate) -> str:
    return f"candidate:{candidate.contract.number}"


def clear_cases(candidate: Candidate) -> None:
    """Close what a candidate that is gone had asked for."""
    cases.reconcile(codes=CASE_CODES, wanted={}, scope=_scope(candidate), by=BY, because=f"{candidate.number} is gone.")
