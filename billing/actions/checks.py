"""Readiness: run the checklist on a candidate, set its status, open and close the cases it calls for (§3.1)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Sum

from billing import terms
from billing.actions import line_rules, prepaid
from billing.assigned import unsaid
from billing.engine.line_rules import booked_to, tax_code
from billing.engine.readiness import CandidateFacts, Check, check, stops, warnings
from billing.models import (
    CANDIDATE_MOVES,
    Approval,
    Candidate,
    CandidateLine,
    CreditOrder,
    DepositOrder,
    HoldEffect,
    Invoice,
    Piece,
    RetentionRelease,
    TaxDetermination,
)
from contracts.models import Amendment, BillTo, Cap
from contracts.periods import open_period
from contracts.queries import lowers_price, reference_of, route
from integration_hub.cases.actions import cases
from integration_hub.kernel.ids import canonical_json, content_hash
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
    "APPROVAL_STALE",
    "OVER_CREDIT",
)


def rendering(candidate: Candidate) -> dict[str, object]:
    """Everything an approver sees that money depends on; approvals are bound to its hash (§5.3)."""
    version = candidate.contract.versions.order_by("-number").values_list("number", flat=True).first()
    lines = list(candidate.lines.order_by("number"))
    return {
        "kind": candidate.kind,
        "number": candidate.number,
        "bill_to": candidate.bill_to_id,
        "currency": candidate.currency,
        "invoice_date": candidate.invoice_date,
        "accounting_date": candidate.accounting_date,
        "purchase_order": candidate.purchase_order.number if candidate.purchase_order else "",
        "contract_version": version,
        "rules": _rules(candidate),
        "lines": [[line.description, line.hours, line.rate, line.net, line.tax, line.corrects_id] for line in lines],
        "net": candidate.net,
        "tax": candidate.tax,
        "gross": candidate.gross,
        **_asked(candidate),
        **_assigned(lines),
        **({"drawdown": candidate.drawdown} if candidate.drawdown else {}),
        **({"retained": candidate.retained} if candidate.retained else {}),
        **({"advanced": candidate.advanced} if candidate.advanced else {}),
    }


def _assigned(lines: Sequence[CandidateLine]) -> dict[str, object]:
    """Tax codes and accounts that rules name, by line; nothing where all is as the other systems are set up."""
    codes = {str(line.number): code for line in lines if (code := tax_code(line.assigned))}
    booked = {str(line.number): named for line in lines if (named := booked_to(line.assigned))}
    return {**({"tax_codes": codes} if codes else {}), **({"booked_to": booked} if booked else {})}


def _rules(candidate: Candidate) -> str:
    """The versions of the rules that decided its work, usually one: they stay what they were when rules change."""
    decided = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True)
    return ", ".join(decided.order_by("decision__rules").values_list("decision__rules", flat=True).distinct())


def content(candidate: Candidate) -> dict[str, Any]:
    """The same as plain JSON, to be kept with an approval and compared with it."""
    return dict(json.loads(canonical_json(rendering(candidate))))


def _asked(candidate: Candidate) -> dict[str, object]:
    """What a person asked for a credit says besides its figures; nothing of other candidates."""
    if candidate.is_release:
        return {"note": RetentionRelease.objects.get(candidate=candidate).reason}
    if candidate.is_deposit:
        return {"note": DepositOrder.objects.get(candidate=candidate).reason}
    order = CreditOrder.objects.filter(candidate=candidate).first()
    return {} if order is None else {"reason": order.reason, "rebillable": order.rebillable, "note": order.note}


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
    lines = list(candidate.lines.order_by("number"))
    return CandidateFacts(
        kind="release" if candidate.is_release or candidate.is_deposit else candidate.kind,  # type: ignore[arg-type]  # choices are the same words
        currency=candidate.currency,
        net=candidate.net,
        retained=candidate.retained - candidate.advanced,
        tax=candidate.tax,
        gross=candidate.gross,
        line_count=len(lines),
        invoice_date=candidate.invoice_date,
        service_date=last_day,
        accounting_date=period,
        period_open=period is not None,
        po_required=candidate.contract.po_required or candidate.bill_to.po_rule == BillTo.PoRule.REQUIRED,
        po_number=order.number if order else "",
        po_amount=order.amount if order else None,
        po_taken=order.committed + order.reserved - candidate.worked if order else ZERO,
        po_expires_on=order.expires_on if order else None,
        bill_to_verified=candidate.bill_to.status == BillTo.Status.VERIFIED,
        bill_to_missing=tuple(name for name in ("street", "city", "country") if not getattr(customer, name)),
        customer_active=customer.status in {customer.Status.ACTIVE, customer.Status.PROSPECT},
        credit_hold=candidate.bill_to.credit_hold,
        tax_quoted=tax is not None and tax.basis_hash == content_hash(request_of(candidate)),
        tax_of_engine=tax.tax if tax else None,
        tax_undetermined=unsaid(lines, "tax"),
        unbooked=unsaid(lines, "revenue"),
        erp_customer_known=not _erp_missing(candidate),
        erp_missing=_erp_missing(candidate),
        no_post_holds=_no_post(candidate),
        stragglers=waiting.count(),
        stragglers_amount=waiting.aggregate(total=Sum("amount"))["total"] or ZERO,
        earlier_nets=_earlier_nets(candidate),
        amendment_pending=bool(pending),
        amendment_lowers_price=any(lowers_price(amendment) for amendment in pending),
        content_hash=candidate.content_hash,
        approved_hashes=_approved_hashes(candidate),
        soft_caps_exceeded=_soft_caps(candidate),
        retainers_unfunded=prepaid.unfunded(candidate),
        over_credited=_over_credited(candidate),
    )


def _earlier_nets(candidate: Candidate) -> tuple[Decimal, ...]:
    """What the last invoices of the contract came to, before retention and deposits."""
    rows = Invoice.objects.filter(contract=candidate.contract).order_by("-invoice_date")
    return tuple(rows.values_list(F("net") + F("retained") - F("advanced"), flat=True)[:6])


def _approved_hashes(candidate: Candidate) -> tuple[str, ...]:
    rows = Approval.objects.filter(candidate=candidate, verdict=Approval.Verdict.APPROVED)
    return tuple(rows.order_by("pk").values_list("content_hash", flat=True))


def _soft_caps(candidate: Candidate) -> tuple[str, ...]:
    """Soft limits of the contract, or of who pays the document, that are passed by what is billed and in candidates."""
    mine = Q(bill_to__isnull=True) | Q(bill_to=candidate.bill_to_id)
    caps = candidate.contract.caps.filter(mine, kind=Cap.Kind.SOFT).select_related("line", "bill_to__customer")
    soft = caps.prefetch_related("months")
    found = []
    for cap in soft.order_by("pk"):
        name = f"{cap.line.name if cap.line else 'the whole contract'}{cap.whose}"
        if cap.period == Cap.Period.TOTAL and cap.reserved + cap.committed > cap.limit:
            found.append(name)
        over = [row.month for row in cap.months.all() if row.reserved + row.committed > row.limit]
        found += [f"{name} in {month:%B %Y}" for month in over]
    return tuple(found)


def _over_credited(candidate: Candidate) -> tuple[tuple[str, Decimal], ...]:
    """Invoices that a credit memo takes more of than is left, after what the ERP's credits took; and how much more."""
    if candidate.kind != Candidate.Kind.CREDIT_MEMO:
        return ()
    rows = candidate.lines.values_list("corrects__invoice__number").annotate(
        credited=-Sum(F("net") + F("tax")), left=F("corrects__invoice__gross") - F("corrects__invoice__credited")
    )  # fmt: skip
    return tuple((number, credited - left) for number, credited, left in rows.order_by() if credited > left)


def _last_service_day(candidate: Candidate) -> date:
    """The last day of the work in it: a document has one accounting date, and nothing is posted before it was done."""
    pieces = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True)
    day: date | None = pieces.aggregate(last=Max("event__service_date"))["last"]
    return day or candidate.accounting_date


def _no_post(candidate: Candidate) -> tuple[str, ...]:
    """The codes of holds that keep it from being posted: on its contract, or on who pays it."""
    rows = terms.holds_on_document(candidate.contract, candidate.bill_to).filter(effect=HoldEffect.NO_POST)
    return tuple(rows.values_list("code", flat=True))


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
        Candidate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "contract", "bill_to__customer", "purchase_order")
        .get(pk=candidate_id)
    )
    if candidate.status not in {*CHECKED, "rejected"}:
        return candidate
    before, seen = _state(candidate), candidate.content_hash
    line_rules.assign(candidate)
    found = facts(candidate)
    candidate.accounting_date = found.accounting_date or candidate.accounting_date
    candidate.content_hash = content_hash(rendering(candidate))
    moved = bool(seen) and candidate.content_hash != seen
    lapsed = lapse_approvals(candidate) if moved else 0
    results = check(replace(found, content_hash=candidate.content_hash))
    stopping = sorted(set(stops(results)))
    status = _next_status(candidate, stopping, moved=moved)
    candidate.codes, candidate.warnings = stopping, sorted(set(warnings(results)))
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
            warnings=candidate.warnings,
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
    member = cases.MemberIn(
        "billing.candidate", str(candidate.pk), candidate.number, candidate.net, candidate.currency, "net"
    )
    wanted = {
        (result.code, scope): cases.CaseIn(
            title=f"{result.message} ({_about(candidate)})"[:250],
            detail=result.detail,
            remedy=result.remedy,
            legal_entity=candidate.legal_entity.code,
            subject=("billing.candidate", str(candidate.pk), candidate.number),
            members=(member,),
        )
        for result in results
        if not result.ok and result.level in {"stop", "warn"} and result.code in CASE_CODES
    }
    cases.reconcile(codes=CASE_CODES, wanted=wanted, scope=scope, by=BY)


def _about(candidate: Candidate) -> str:
    """Which document it is, for people who know the client rather than the number."""
    return f"{candidate.bill_to.customer.name}, contract {candidate.contract.number}"


def _scope(candidate: Candidate) -> str:
    """What the cases of a candidate are about: one of its kind that a run made is open per contract."""
    if candidate.run_id is None:
        kind = "release" if candidate.is_release else "deposit" if candidate.is_deposit else "credit"
        return f"{kind}-asked:{candidate.number}"
    credit = candidate.kind == Candidate.Kind.CREDIT_MEMO
    return f"{'credit-memo' if credit else 'candidate'}:{candidate.contract.number}"


def approved_anew(candidate: Candidate) -> list[str]:
    """Somebody approved what lies there now: the case of lapsed approvals is done. The warnings that are left."""
    because = "It was approved again."
    cases.heal(code="APPROVAL_STALE", root_cause=_scope(candidate), because=because, by=BY)
    return [code for code in candidate.warnings if code != "APPROVAL_STALE"]


def clear_cases(candidate: Candidate) -> None:
    """Close what a candidate that is gone had asked for."""
    cases.reconcile(codes=CASE_CODES, wanted={}, scope=_scope(candidate), by=BY, because=f"{candidate.number} is gone.")
