"""Posted documents whose figures differ somewhere: one case each, until they agree again (R7, R22)."""

from dataclasses import dataclass

from billing.models import Candidate, CreditMemo, Invoice
from integration_hub.cases.actions import cases

BY = "system:billing"


@dataclass(frozen=True, slots=True)
class About:
    """A posted document whose figures differ somewhere, as its case names it."""

    root_cause: str
    type: str
    document: Invoice | CreditMemo
    remedy: str


def of_invoice(invoice: Invoice) -> About:
    """An invoice, and what mends it."""
    remedy = "Correct the figures there, or credit and repost."
    return About(cause_of(invoice), "billing.invoice", invoice, remedy)


def of_memo(memo: CreditMemo) -> About:
    """A credit memo, and what mends it."""
    root_cause = f"credit-memo:{memo.legal_entity.code}:{memo.number}"
    return About(root_cause, "billing.creditmemo", memo, "Correct the figures there.")


def tell(code: str, about: About, detail: str, system: str) -> None:
    """Open the case of a document whose figures differ somewhere."""
    row = about.document
    cases.raise_case(
        code=code,
        root_cause=about.root_cause,
        title=f"{row.number} differs in {system}",
        detail=detail,
        remedy=about.remedy,
        legal_entity=row.legal_entity.code,
        subject=(about.type, str(row.pk), row.number),
        members=[cases.MemberIn(about.type, str(row.pk), row.number, row.gross, row.currency, "gross")],
        by=BY,
    )


def cause_of(invoice: Invoice) -> str:
    """The root cause of a difference with what another system has of an invoice."""
    return f"invoice:{invoice.legal_entity.code}:{invoice.number}"


def of_candidate(candidate: Candidate) -> About:
    """The document that a candidate was posted as."""
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        return of_memo(candidate.credit_memo)
    return of_invoice(candidate.invoice)
