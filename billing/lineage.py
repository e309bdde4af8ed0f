"""The chain from delivered work to cash: event → piece → candidate → invoice → ledger → payment, and back."""

from collections.abc import Iterable
from typing import Any

from billing.models import (
    BillableEvent,
    Candidate,
    CreditApplication,
    CreditMemo,
    CreditOrder,
    Invoice,
    Payment,
    PaymentApplication,
    Piece,
)
from contracts.lineage import link
from integration_hub.kernel.money import show
from integration_hub.trail.lineage import FINDERS, PROVIDERS, Hit, Node, Provider, Ref


def _entity(row: BillableEvent | Piece) -> str:
    return row.legal_entity.code if row.legal_entity else ""


def _events(keys: list[str]) -> Iterable[Node]:
    parts = ("resource", "legal_entity", "project", "source_version__connection")
    rows = BillableEvent.objects.filter(pk__in=keys).select_related(*parts).defer("source_version__payload")
    for row in rows:
        who = row.resource.name if row.resource else (row.project.name if row.project else "")
        hours = f"{(row.minutes / 60).normalize():f} h" if row.minutes is not None else ""
        yield Node(
            "event",
            str(row.pk),
            "delivery",
            f"{row.get_kind_display()} {row.service_date}",
            f"{who} {hours}".strip(),
            row.amount,
            row.currency,
            link("billing:work-detail", row.pk),
            row.get_approval_display(),
            str(row.source_version.connection) if row.source_version else "",
            _entity(row),
            {"Work key": row.work_key, "Version": str(row.version), "Role": row.role, "Note": row.description},
        )


def _pieces(keys: list[str]) -> Iterable[Node]:
    rows = Piece.objects.filter(pk__in=keys).select_related("legal_entity", "event", "decision__contract_version")
    for row in rows:
        rate = f"at {row.rate.normalize():f}" if row.rate is not None else ""
        hours = f"{(row.minutes / 60).normalize():f} h " if row.minutes is not None else ""
        version = row.decision.contract_version
        yield Node(
            "piece",
            str(row.pk),
            "decision",
            f"{row.get_state_display()} {', '.join(row.codes)}".strip(),
            f"{hours}{rate}".strip(),
            row.amount,
            row.currency,
            link("billing:work-detail", row.event_id),
            row.state,
            "",
            _entity(row),
            {
                "Rules": row.decision.rules,
                "Contract version": str(version.number) if version else "none",
                "Decided": row.decision.decided_at.strftime("%Y-%m-%d %H:%M UTC"),
                "Rate row": _rate(row),
            },
            "net",
        )


def _rate(row: Piece) -> str:
    """The price of the decision in words: how much, for what, agreed where and since when; or why there is none."""
    rate = row.decision.trace.get("rate") or {}
    chosen = next((one for one in rate.get("considered", ()) if one["accepted"]), None)
    if chosen is not None:
        price = f"{chosen['rate']} {chosen['currency']} per {chosen['unit']}"
        scope = chosen["scope"].replace("_", " ")
        return f"{price} for {chosen['for']}, agreed for the {scope}, from {chosen['valid_from']}"
    return str(rate.get("code") or rate.get("from") or "")


def _candidates(keys: list[str]) -> Iterable[Node]:
    for row in Candidate.objects.filter(pk__in=keys).select_related("legal_entity", "contract", "prepared_by"):
        approvals = ", ".join(
            f"{a.by.label} {a.at:%Y-%m-%d %H:%M}"
            for a in row.approvals.filter(verdict="approved", lapsed_at__isnull=True)
        )
        yield Node(
            "candidate",
            str(row.pk),
            "candidate",
            row.number,
            row.contract.number,
            row.gross,
            row.currency,
            link("billing:candidate-detail", row.pk),
            row.get_status_display(),
            "",
            row.legal_entity.code,
            {
                "Prepared by": row.prepared_by.label,
                "Approved by": approvals or "nobody yet",
                "Content hash": row.content_hash,
            },
            "gross",
        )


def _invoices(keys: list[str]) -> Iterable[Node]:
    for row in Invoice.objects.filter(pk__in=keys).select_related(
        "legal_entity", "bill_to__customer", "effect__connection"
    ):
        yield Node(
            "invoice",
            str(row.pk),
            "invoice",
            row.number,
            row.bill_to.customer.name,
            row.gross,
            row.currency,
            link("billing:invoice-detail", row.pk),
            row.get_status_display(),
            str(row.effect.connection),
            row.legal_entity.code,
            {"Net": show(row.net, row.currency), "Tax": show(row.tax, row.currency), "ERP id": row.remote_id},
            "gross",
        )


def _payments(keys: list[str]) -> Iterable[Node]:
    for row in Payment.objects.filter(pk__in=keys).select_related("legal_entity", "connection"):
        yield Node(
            "payment",
            str(row.pk),
            "cash",
            row.number,
            f"received {row.received_on}",
            row.amount,
            row.currency,
            "",
            "Reversed" if row.is_reversed else "Received",
            str(row.connection),
            row.legal_entity.code,
        )


def _credit_memos(keys: list[str]) -> Iterable[Node]:
    for row in CreditMemo.objects.filter(pk__in=keys).select_related("legal_entity", "connection"):
        yield Node(
            "credit_memo",
            str(row.pk),
            "cash",
            row.number,
            f"issued {row.issued_on}",
            -row.gross,
            row.currency,
            "",
            "Voided" if row.is_voided else "Credit memo",
            str(row.connection),
            row.legal_entity.code,
            basis="gross",
        )


def _ids(kind: str, rows: Any, limit: int) -> list[Ref]:
    return [(kind, str(pk)) for pk in rows[:limit]]


def _up_event(key: str, limit: int) -> list[Ref]:
    row = BillableEvent.objects.select_related("source_version__connection").get(pk=key)
    refs: list[Ref] = []
    if row.source_version is not None:
        version = row.source_version
        refs.append(("source", f"{version.connection.code}/{version.entity}/{version.source_id}"))
    if row.milestone_id:
        refs.append(("milestone", str(row.milestone_id)))
    if row.project_id:
        refs.append(("project", str(row.project_id)))
    elif row.contract_id:
        refs.append(("contract", str(row.contract_id)))
    return refs[:limit]


def _down_event(key: str, limit: int) -> list[Ref]:
    return _ids(
        "piece",
        Piece.objects.filter(event=int(key), is_current=True).order_by("number").values_list("pk", flat=True),
        limit,
    )


def _up_piece(key: str, limit: int) -> list[Ref]:
    return [("event", str(Piece.objects.get(pk=key).event_id))]


def _down_piece(key: str, limit: int) -> list[Ref]:
    row = Piece.objects.select_related("candidate_line").get(pk=key)
    return [("candidate", str(row.candidate_line.candidate_id))] if row.candidate_line else []


def _up_candidate(key: str, limit: int) -> list[Ref]:
    rows = Piece.objects.filter(candidate_line__candidate=int(key), is_current=True).order_by(
        "event__service_date", "pk"
    )
    orders = CreditOrder.objects.filter(candidate=int(key)).values_list("invoice", flat=True)
    return [*_ids("invoice", orders, limit), *_ids("piece", rows.values_list("pk", flat=True), limit)]


def _down_candidate(key: str, limit: int) -> list[Ref]:
    memos = CreditMemo.objects.filter(candidate=int(key)).values_list("pk", flat=True)
    invoices = Invoice.objects.filter(candidate=int(key)).values_list("pk", flat=True)
    return [*_ids("invoice", invoices, limit), *_ids("credit_memo", memos, limit)]


def _up_invoice(key: str, limit: int) -> list[Ref]:
    return [("candidate", str(Invoice.objects.get(pk=key).candidate_id))]


def _down_invoice(key: str, limit: int) -> list[Ref]:
    invoice = Invoice.objects.get(pk=key)
    payments = PaymentApplication.objects.filter(invoice=int(key)).order_by("pk").values_list("payment", flat=True)
    memos = CreditApplication.objects.filter(invoice=int(key)).order_by("pk").values_list("memo", flat=True)
    orders = CreditOrder.objects.filter(invoice=int(key)).order_by("pk").values_list("candidate", flat=True)
    return [
        ("effect", str(invoice.effect_id)),
        *_ids("payment", payments, limit),
        *_ids("candidate", orders, limit),
        *_ids("credit_memo", memos, limit),
    ]


def _up_payment(key: str, limit: int) -> list[Ref]:
    return _ids(
        "invoice",
        PaymentApplication.objects.filter(payment=int(key)).order_by("pk").values_list("invoice", flat=True),
        limit,
    )


def _up_credit_memo(key: str, limit: int) -> list[Ref]:
    ours = CreditMemo.objects.filter(pk=key, candidate__isnull=False).values_list("candidate", flat=True)
    applied = CreditApplication.objects.filter(memo=int(key)).order_by("pk").values_list("invoice", flat=True)
    return [*_ids("candidate", ours, limit), *_ids("invoice", applied, limit)]


def _find(text: str) -> Iterable[Hit]:
    for row in Candidate.objects.filter(number__iexact=text).select_related("legal_entity", "contract"):
        yield Hit(
            "candidate",
            str(row.pk),
            row.number,
            row.contract.number,
            link("billing:candidate-detail", row.pk),
            legal_entity=row.legal_entity.code,
        )
    for invoice in Invoice.objects.filter(number__iexact=text).select_related("legal_entity", "bill_to__customer"):
        yield Hit(
            "invoice",
            str(invoice.pk),
            invoice.number,
            invoice.bill_to.customer.name,
            link("billing:invoice-detail", invoice.pk),
            legal_entity=invoice.legal_entity.code,
        )
    for payment in Payment.objects.filter(number__iexact=text).select_related("legal_entity"):
        yield Hit(
            "payment",
            str(payment.pk),
            payment.number,
            f"received {payment.received_on}",
            legal_entity=payment.legal_entity.code,
        )
    for memo in CreditMemo.objects.filter(number__iexact=text).select_related("legal_entity"):
        yield Hit(
            "credit_memo", str(memo.pk), memo.number, f"issued {memo.issued_on}", legal_entity=memo.legal_entity.code
        )
    works = BillableEvent.objects.filter(work_key__in=[text], is_current=True).select_related("legal_entity")
    if not works and text.isalnum():
        works = BillableEvent.objects.filter(source_version__source_id=text, is_current=True).select_related(
            "legal_entity"
        )
    for work in works[:20]:
        yield Hit(
            "event",
            str(work.pk),
            work.work_key,
            f"{work.get_kind_display()} {work.service_date}",
            link("billing:work-detail", work.pk),
            legal_entity=_entity(work),
        )


def register() -> None:
    """Fill the lineage registries."""
    PROVIDERS.register("event", Provider(_events, _up_event, _down_event, "billing.billableevent"))
    PROVIDERS.register("piece", Provider(_pieces, _up_piece, _down_piece, "billing.piece"))
    PROVIDERS.register("candidate", Provider(_candidates, _up_candidate, _down_candidate, "billing.candidate"))
    PROVIDERS.register("invoice", Provider(_invoices, _up_invoice, _down_invoice, "billing.invoice"))
    PROVIDERS.register("payment", Provider(_payments, _up_payment, lambda key, limit: [], "billing.payment"))
    PROVIDERS.register(
        "credit_memo", Provider(_credit_memos, _up_credit_memo, lambda key, limit: [], "billing.creditmemo")
    )
    FINDERS.register("billing", _find)
