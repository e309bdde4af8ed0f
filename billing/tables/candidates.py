"""Tables of invoice candidates and their lines."""

from typing import Any

from django.urls import reverse

from billing.models import Candidate
from billing.naming import code_words
from billing.tables.words import contract_url
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.console.wording import number
from integration_hub.kernel.money import show


class CandidateTable(Table):
    """Candidates, in the order of the work that is left."""

    caption = "Invoice candidates"
    default_sort = "rank"
    columns = [
        Column("number", "Candidate", kind="link", accessor=lambda row: named(row), sortable=True),
        Column("kind", "Kind", accessor="kind_words", sortable=True, hideable=True, hidden=True),
        Column("customer", "Customer", accessor="bill_to.customer.name", sortable=True,
               order_by="bill_to__customer__name"),
        Column("contract.number", "Contract", url=contract_url, sortable=True),
        Column("legal_entity.code", "Entity", hideable=True, hidden=True),
        Column("invoice_date", "Invoice date", kind="date", sortable=True, hideable=True, hidden=True),
        Column("net", "Net", kind="money", sortable=True),
        Column("tax", "Tax", kind="money", hideable=True, hidden=True),
        Column("gross", "Gross", kind="money", sortable=True),
        Column("status", "Status", kind="badge", sortable=True),
        Column("stops", "What stops it", accessor=lambda row: stops(row)),
        Column("warnings", "Worth a look", accessor=lambda row: worth_a_look(row), hideable=True),
        Column("run", "Run", accessor=lambda row: f"Run {row.run_id}" if row.run_id else None, hideable=True,
               hidden=True),
        Column("prepared_by", "Prepared by", accessor="prepared_by.label", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:candidate-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        return {"needs_attention": "warning", "returned": "warning", "rejected": "danger", "dissolved": "muted"}.get(
            row.status, ""
        )


class ChosenCandidates(CandidateTable):
    """Candidates to be ticked."""

    selectable = True


def named(row: Candidate) -> Titled:
    """A candidate by its number; what is no invoice says so."""
    plain = row.kind == Candidate.Kind.INVOICE and not row.is_supplemental and not row.is_release and not row.is_deposit
    return Titled(row.number, "" if plain else row.kind_words)


def stops(row: Candidate) -> str:
    """What stops a candidate, else why it came back; nothing once it is sent."""
    if row.status in Candidate.BEYOND_CHECKS:
        return ""
    if row.codes:
        return ", ".join(map(code_words, row.codes))
    if row.status in {"returned", "rejected"}:
        reason: str = row.returned_reason
        return reason if len(reason) <= 60 else reason[:59].rstrip() + "…"
    return ""


def worth_a_look(row: Candidate) -> str:
    """What stops nothing but should be seen before it goes out; nothing once it is sent."""
    return "" if row.status in Candidate.BEYOND_CHECKS else ", ".join(map(code_words, row.warnings))


class ContractCandidates(CandidateTable):
    """Candidates on the page of their contract."""

    default_sort = "-pk"
    columns = [column for column in CandidateTable.columns if column.name not in {"customer", "contract.number", "run"}]


class RunCandidates(CandidateTable):
    """Candidates of one run."""

    default_sort = "number"
    columns = [
        column for column in CandidateTable.columns if column.name not in {"run", "invoice_date", "legal_entity.code"}
    ]


class AskedCredits(CandidateTable):
    """Credit memos over an invoice, on its page: why, how far, and who asked."""

    caption = "Credits"
    default_sort = "-number"
    columns = [
        Column("number", "Credit", kind="link", sortable=True),
        Column("reason", "Reason", accessor=lambda row: order_of(row, "get_reason_display")),
        Column("effect", "Effect", accessor=lambda row: order_of(row, "treatment")),
        Column("by", "Asked by", accessor="prepared_by.label"),
        Column("net", "Net", kind="money"),
        Column("gross", "Gross", kind="money"),
        Column("status", "Status", kind="badge"),
    ]


def order_of(row: Any, name: str) -> str:
    """What was said when a credit was asked for; a run made the others, as terms or work moved."""
    order = getattr(row, "credit_order", None)
    if order is None:
        return "Terms or work moved" if name == "get_reason_display" else "The work is billed again"
    found = getattr(order, name)
    return str(found() if callable(found) else found)


class CandidateLineTable(Table):
    """The printed lines of one candidate."""

    caption = "Lines"
    default_sort = "number"
    page_size = 100
    columns = [
        Column("number", "Line", kind="number", align="start"),
        Column("description", "Description"),
        Column("service", "Service", accessor=lambda row: period(row)),
        Column("hours", "Hours", kind="hours"),
        Column("rate", "Rate", align="end", accessor=lambda row: line_rate(row)),
        Column("net", "Net", kind="money", currency="candidate.currency"),
        Column("tax_rate", "Tax rate", kind="percent"),
        Column("tax", "Tax", kind="money", currency="candidate.currency"),
    ]


class CreditLineTable(CandidateLineTable):
    """The lines of a credit memo, each with the posted line it credits."""

    columns = [
        *CandidateLineTable.columns,
        Column("corrects", "Credits", kind="link", accessor=lambda row: credited(row),
               url=lambda row: credited_url(row)),
    ]  # fmt: skip


def credited(row: Any) -> str:
    """The posted line that a line of a credit memo credits."""
    return f"{row.corrects.invoice.number}, line {row.corrects.number}"


def credited_url(row: Any) -> str:
    """The page of its invoice."""
    return reverse("billing:invoice-detail", args=[row.corrects.invoice_id])


def line_rate(row: Any) -> str | None:
    """The rate of a printed line."""
    if row.rate is None:
        return None
    exact = row.rate == round(row.rate, 2)
    return show(row.rate, row.candidate.currency).rpartition(" ")[0] if exact else number(row.rate)


def period(row: Any) -> str:
    """From one service day to another, or one day."""
    first, last = row.service_from, row.service_to
    if first == last:
        return f"{first.day} {first:%b %Y}"
    same = (first.year, first.month) == (last.year, last.month)
    start = str(first.day) if same else f"{first.day} {first:%b}"
    return f"{start} – {last.day} {last:%b %Y}"
