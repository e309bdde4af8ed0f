"""What happens when the ERP has confirmed, or refused, an invoice or a credit memo (R20, R22)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet

from billing import billed
from billing.actions import checks, limits, schedules, status_out, tax_out, unserved, variances, work
from billing.credited import is_concession
from billing.models import CANDIDATE_MOVES, Candidate, CreditMemo, Invoice, InvoiceLine, Piece
from contracts.actions import references
from contracts.periods import period_of
from integration_hub.cases.actions import cases
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.effects.registry import Objection
from integration_hub.kernel.money import show
from integration_hub.trail.record import Actor, actor_name, draft, event, events

BY = "system:billing"
COMPARED = ("net", "tax", "gross")
TO_APPROVE = (Candidate.Status.NEEDS_ATTENTION, Candidate.Status.READY, Candidate.Status.RETURNED)


def confirmed(effect: Effect) -> None:
    """The ERP has the document: make ours, fix its pieces, commit limits, tax and the news to CRM and PSA.

    Runs in the transaction that confirms the effect, so it happens exactly once.
    """
    candidate = (
        Candidate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "contract", "bill_to__customer", "purchase_order")
        .get(number=effect.business_key)
    )
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.POSTED)
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        _credited(candidate, effect)
    else:
        _invoiced(candidate, effect)
    checks.clear_cases(candidate)


def _invoiced(candidate: Candidate, effect: Effect) -> None:
    """Prices may have changed while it was on its way: then what is posted now is compared with them (R8)."""
    if billed.overtaken(candidate):
        work.decide_soon([(candidate.contract_id, None)], caused_by=f"{candidate.number} posted after prices changed")
    invoice = _invoice(candidate, effect)
    fix(candidate)
    references.note(
        connection=effect.connection, entity="invoice", source_id=effect.remote_id, row=invoice, number=invoice.number
    )
    event(
        "billing.invoice.posted",
        by=effect.connection.code,
        object_type="billing.invoice",
        object_id=invoice.pk,
        label=invoice.number,
        legal_entity=candidate.legal_entity.code,
        candidate=candidate.number,
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
    )
    _compare(candidate, effect, invoice)
    if _has_fees(candidate):  # their contract may have ended while it was on its way
        unserved.tell(contract=candidate.contract, by=BY)
    tax_out.commit(candidate, invoice)
    status_out.tell(invoice=invoice)


def _has_fees(candidate: Candidate) -> bool:
    return candidate.lines.filter(contract_line__method__in=schedules.MONTHLY).exists()


def _credited(candidate: Candidate, effect: Effect) -> None:
    """What it credits is corrected now. What it settles of invoices comes with the ERP's own news of it."""
    memo = _memo(candidate, effect)
    conceded = is_concession(candidate)
    if conceded:
        limits.reserve(candidate)
    fix(candidate)
    credited = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True).values("corrects")
    Piece.objects.filter(pk__in=credited).update(state=Piece.State.CORRECTED)
    event(
        "billing.credit_memo.posted",
        by=effect.connection.code,
        object_type="billing.creditmemo",
        object_id=memo.pk,
        label=memo.number,
        legal_entity=candidate.legal_entity.code,
        candidate=candidate.number,
        net=memo.net,
        tax=memo.tax,
        gross=memo.gross,
    )
    if differences := _amounts_off(memo, effect.remote):
        variances.tell("ERP_VARIANCE", variances.of_memo(memo), "; ".join(differences), effect.connection.name)
    tax_out.commit_credited(candidate, memo)
    if conceded:
        work.decide_soon([(candidate.contract_id, None)], caused_by=f"{memo.number} posted")


def fix(candidate: Candidate) -> None:
    """It is posted: its work and the room it took never change any more."""
    Candidate.objects.filter(pk=candidate.pk).update(status=Candidate.Status.POSTED, version=F("version") + 1)
    Piece.objects.filter(candidate_line__candidate=candidate, is_current=True).update(state=Piece.State.POSTED)
    limits.commit(candidate)


def _memo(candidate: Candidate, effect: Effect) -> CreditMemo:
    """Our credit memo; the ERP's copy of it may have come in before the confirmation, and is the same row then."""
    memo, _ = CreditMemo.objects.update_or_create(
        connection=effect.connection,
        source_id=effect.remote_id,
        defaults={
            "candidate": candidate,
            "number": effect.remote_number,
            "legal_entity": candidate.legal_entity,
            "issued_on": candidate.invoice_date,
            "net": -candidate.net,
            "tax": -candidate.tax,
            "gross": -candidate.gross,
            "currency": candidate.currency,
        },
    )
    return memo


def _invoice(candidate: Candidate, effect: Effect) -> Invoice:
    due = effect.remote.get("due_on")
    invoice = Invoice.objects.create(
        candidate=candidate,
        effect=effect,
        legal_entity=candidate.legal_entity,
        contract=candidate.contract,
        bill_to=candidate.bill_to,
        number=effect.remote_number,
        remote_id=effect.remote_id,
        invoice_date=candidate.invoice_date,
        due_on=date.fromisoformat(due) if due else None,
        currency=candidate.currency,
        net=candidate.net,
        tax=candidate.tax,
        gross=candidate.gross,
        drawdown=candidate.drawdown,
        retained=candidate.retained,
        advanced=candidate.advanced,
        status=Invoice.Status.POSTED if candidate.gross else Invoice.Status.PAID,  # deposits have paid all of it
    )
    InvoiceLine.objects.bulk_create(
        [
            InvoiceLine(
                invoice=invoice,
                candidate_line=line,
                number=line.number,
                remote_line=f"{candidate.number}-{line.number}",
                description=line.description,
                net=line.net,
                tax=line.tax,
            )
            for line in candidate.lines.order_by("number")
        ]
    )
    return invoice


def _amounts_off(document: Invoice | CreditMemo, theirs: Mapping[str, Any]) -> list[str]:
    """Amounts of ours that the ERP shows otherwise."""
    return [
        f"{name}: ours {show(getattr(document, name), document.currency)}, theirs {show(figure, document.currency)}"
        for name in COMPARED
        if (figure := _decimal(theirs.get(name))) is not None and figure != getattr(document, name)
    ]


def _compare(candidate: Candidate, effect: Effect, invoice: Invoice) -> None:
    """Differences between what we sent and what the ERP has are never accepted silently."""
    if differences := _differences(candidate, invoice, effect.remote):
        variances.tell("ERP_VARIANCE", variances.of_invoice(invoice), "; ".join(differences), effect.connection.name)


def compare_again(*, invoice: Invoice, theirs: Mapping[str, Any], by: str) -> None:
    """The ERP reports an invoice of ours: what it shows now must still be what we posted (R22)."""
    candidate = Candidate.objects.select_related("legal_entity").get(pk=invoice.candidate_id)
    differences = _differences(candidate, invoice, {**invoice.effect.remote, **theirs})
    if differences:
        variances.tell(
            "ERP_VARIANCE", variances.of_invoice(invoice), "; ".join(differences), invoice.effect.connection.name
        )
    else:
        because = "The ERP shows again what was posted."
        cases.heal(code="ERP_VARIANCE", root_cause=variances.cause_of(invoice), because=because, by=by)


def _differences(candidate: Candidate, invoice: Invoice, theirs: Mapping[str, Any]) -> list[str]:
    """What the ERP shows otherwise: amounts, currency, date, accounting period, whether it stands at all."""
    found = _amounts_off(invoice, theirs)
    words = {"currency": invoice.currency, "issued_on": invoice.invoice_date.isoformat()}
    if (period := period_of(candidate.legal_entity, candidate.accounting_date)) is not None:
        words["period"] = period.name
    found += [
        f"{name.replace('_', ' ')}: ours {ours}, theirs {theirs[name]}"
        for name, ours in words.items()
        if theirs.get(name) and str(theirs[name]) != ours
    ]
    return [*found, "it is voided there"] if theirs.get("voided") else found


def _decimal(figure: object) -> Decimal | None:
    return None if figure is None else Decimal(str(figure))


def rejected(effect: Effect) -> None:
    """The ERP said no: the candidate waits for a person, its reservations stay."""
    candidate = (
        Candidate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "contract__legal_entity")
        .get(number=effect.business_key)
    )
    if candidate.status != Candidate.Status.POSTING:
        return
    CANDIDATE_MOVES.check(candidate.status, Candidate.Status.REJECTED)
    Candidate.objects.filter(pk=candidate.pk).update(
        status=Candidate.Status.REJECTED, version=F("version") + 1, returned_reason=effect.failure
    )
    event(
        "billing.candidate.rejected",
        by=effect.connection.code,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        reason=effect.failure,
    )
    if _has_fees(candidate):
        schedules.follow_term(contract=candidate.contract, by=BY)


def retried(refused: Sequence[Effect]) -> dict[int, Objection]:
    """Refused invoices are to be sent again as they were approved: nobody may take them apart meanwhile.

    Answers with the objections by effect id, where a candidate went another way since.
    """
    rows = Candidate.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity").order_by("pk")
    candidates = {row.number: row for row in rows.filter(number__in=[effect.business_key for effect in refused])}
    objections: dict[int, Objection] = {}
    going: list[tuple[Effect, Candidate]] = []
    for effect in refused:
        candidate = candidates.get(effect.business_key)
        if candidate is None or candidate.status == Candidate.Status.POSTING:
            continue
        if not CANDIDATE_MOVES.allows(candidate.status, Candidate.Status.POSTING):
            words = candidate.get_status_display().lower()
            reason = f"{candidate.number} is {words} here: it is not sent again as it was."
            objections[effect.pk] = Objection(reason, needs_approval=candidate.status in TO_APPROVE)
            continue
        going.append((effect, candidate))
    Candidate.objects.filter(pk__in=[candidate.pk for _, candidate in going]).update(
        status=Candidate.Status.POSTING, version=F("version") + 1, returned_reason=""
    )
    events(
        draft(
            "billing.candidate.posting",
            by=BY,
            object_type="billing.candidate",
            object_id=candidate.pk,
            label=candidate.number,
            legal_entity=candidate.legal_entity.code,
            effect=effect.key,
            again=True,
        )
        for effect, candidate in going
    )
    return objections


def effects_of(candidate: Candidate) -> QuerySet[Effect]:
    """Every attempt to post a candidate, the latest first."""
    kinds = Q(effect_type__endswith=".invoice.post") | Q(effect_type__endswith=".creditmemo.post")
    rows = Effect.objects.filter(kinds, business_key=candidate.number)
    return rows.order_by("-revision")


def withdraw(candidate: Candidate, *, by: Actor, reason: str) -> None:
    """Nobody may revive the refused effect of a candidate that changes or goes. Denied when it is under way."""
    for effect in effects_of(candidate).exclude(state__in=[Effect.State.CANCELLED, Effect.State.SUPERSEDED]):
        effects.cancel(effect_id=effect.pk, by=BY, reason=f"{reason} ({actor_name(by)})")
