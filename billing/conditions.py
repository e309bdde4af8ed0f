"""Whether what a billing case says is still so: asked before a person may call it mended."""

from billing import outlooks
from billing.actions import checks, settlement
from billing.actions.candidates import OPEN
from billing.models import Candidate, CreditMemo, Invoice, Payment, Piece
from billing.workflows import master_data
from contracts.models import Cap, Contract
from integration_hub.cases.models import Member
from integration_hub.cases.registry import Asked
from integration_hub.kernel.clock import today


def _held(code: str, root_cause: str, target_type: str) -> list[str]:
    """The ids of what the open case of a root cause holds up."""
    members = Member.objects.filter(case__code=code, case__root_cause=root_cause, target_type=target_type, is_open=True)
    return list(members.values_list("target_id", flat=True))


def pieces_stopped(code: str) -> Asked:
    """Work that the case holds is still stopped by the code: the decisions in force say so."""

    def holds(root_cause: str) -> bool:
        pieces = Piece.objects.filter(
            pk__in=_held(code, root_cause, "billing.piece"), is_current=True, codes__contains=[code]
        )
        return pieces.exists()

    return holds


def candidates_stopped(code: str) -> Asked:
    """The checklist, asked now, still has the code for a candidate that the case holds."""

    def holds(root_cause: str) -> bool:
        held = _held(code, root_cause, "billing.candidate")
        rows = Candidate.objects.filter(pk__in=held, status__in=OPEN).select_related(
            "legal_entity", "contract", "bill_to__customer", "purchase_order"
        )
        return any(not answer.ok and answer.code == code for row in rows for answer in checks.questions(row))

    return holds


def any_of(*asked: Asked) -> Asked:
    """A code with several kinds of root cause: what one of the conditions says is so."""

    def holds(root_cause: str) -> bool:
        return any(one(root_cause) for one in asked)

    return holds


def cap_near(root_cause: str) -> bool:
    """The limit `contract:<number>:cap:<id>` is used by three quarters or more."""
    cap = Cap.objects.select_related("contract").filter(pk=root_cause.rsplit(":", 1)[-1]).first()
    rows = outlooks.of_contract(cap.contract, today=today()) if cap is not None else []
    return any(row.cap.pk == cap.pk and row.outlook.threshold > 0 for row in rows if cap is not None)


def erp_lacks(root_cause: str) -> bool:
    """The ERP still lacks master data that an activation or a candidate needs."""
    contracts = Contract.objects.filter(pk__in=_held("ERP_MAPPING", root_cause, "contracts.contract"))
    rows = contracts.select_related("customer", "legal_entity")
    return any(master_data.lacks(row, root_cause) for row in rows) or candidates_stopped("ERP_MAPPING")(root_cause)


def cash_unapplied(root_cause: str) -> bool:
    """Something of the payment `payment:<connection>:<source id>` settles no invoice."""
    _, connection, source_id = root_cause.split(":", 2)
    payment = Payment.objects.filter(connection__code=connection, source_id=source_id).first()
    return payment is not None and settlement.on_account(payment) > 0


def credit_over(root_cause: str) -> bool:
    """The credit memo `credit:<connection>:<source id>` of the ERP credits more than is left."""
    about, *which = root_cause.split(":", 2)
    if about != "credit":
        return False
    connection, source_id = which
    memo = CreditMemo.objects.filter(connection__code=connection, source_id=source_id).first()
    return memo is not None and settlement.over_credit(memo) > 0


def invoice_short(root_cause: str) -> bool:
    """The invoice `invoice:<legal entity>:<number>` was paid in part, beyond the tolerance."""
    _, entity, number = root_cause.split(":", 2)
    invoice = Invoice.objects.filter(legal_entity__code=entity, number=number).first()
    return invoice is not None and settlement.short_by(invoice) > 0
