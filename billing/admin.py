"""Billing's ledgers in Django admin: to look at, within the person's legal entities. They change by actions only."""

from django.contrib import admin

from billing.models import (
    Approval,
    BillableEvent,
    BillingRun,
    Candidate,
    CandidateLine,
    CapEntry,
    CreditApplication,
    CreditMemo,
    Decision,
    Hold,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentApplication,
    Piece,
    TaxDetermination,
)
from contracts.admin import LookAdmin, LookInline


class DecisionInline(LookInline):
    """What was concluded, without the trace: the work's page tells it."""

    model = Decision
    fields = readonly_fields = ("contract_version", "rules", "is_current", "decided_at", "caused_by", "content_hash")


@admin.register(BillableEvent)
class BillableEventAdmin(LookAdmin):
    """Versions of delivered work."""

    list_display = ("work_key", "version", "is_current", "kind", "service_date", "contract", "resource", "approval")
    list_filter = ("kind", "approval", "is_current", "is_deleted")
    list_select_related = ("contract", "resource")
    search_fields = ("work_key", "contract__number")
    raw_id_fields = ("source_version",)
    inlines = (DecisionInline,)


@admin.register(Piece)
class PieceAdmin(LookAdmin):
    """Parts of decisions, each in one state."""

    list_display = (
        "id",
        "event",
        "number",
        "is_current",
        "state",
        "codes",
        "contract",
        "minutes",
        "amount",
        "currency",
    )
    list_filter = ("state", "is_current")
    list_select_related = ("event", "contract")
    search_fields = ("event__work_key", "contract__number")


@admin.register(CapEntry)
class CapEntryAdmin(LookAdmin):
    """The ledger of limits."""

    scope = "cap__contract__legal_entity__code"
    list_display = ("id", "cap", "kind", "amount", "candidate", "at", "reason")
    list_filter = ("kind",)
    list_select_related = ("cap", "candidate")


@admin.register(Hold)
class HoldAdmin(LookAdmin):
    """Holds, placed and released on their own screen."""

    list_display = ("target_label", "scope_name", "code", "effect", "status", "placed_by", "review_on", "decided_by")
    list_filter = ("status", "code", "effect")
    search_fields = ("target_label", "contract__number")

    @admin.display(description="On", ordering="scope")
    def scope_name(self, row: Hold) -> str:
        """What kind of thing is held."""
        return str(row.get_scope_display())


@admin.register(BillingRun)
class BillingRunAdmin(LookAdmin):
    """Billing runs with their control totals."""

    list_display = ("id", "legal_entity", "through", "invoice_date", "state", "started_by", "started_at", "finished_at")
    list_filter = ("state", "legal_entity")
    list_select_related = ("legal_entity", "started_by")


class CandidateLineInline(LookInline):
    """Printed lines."""

    model = CandidateLine
    fields = readonly_fields = ("number", "description", "hours", "rate", "net", "tax", "service_from", "service_to")


class ApprovalInline(LookInline):
    """Who decided what on which figures."""

    model = Approval
    fields = readonly_fields = ("verdict", "by", "at", "content_hash", "reason", "lapsed_at")


@admin.register(Candidate)
class CandidateAdmin(LookAdmin):
    """Proposed invoices."""

    list_display = ("number", "legal_entity", "contract", "status", "net", "tax", "gross", "currency", "invoice_date")
    list_filter = ("status", "legal_entity")
    list_select_related = ("legal_entity", "contract")
    search_fields = ("number", "contract__number")
    inlines = (CandidateLineInline, ApprovalInline)


@admin.register(TaxDetermination)
class TaxDeterminationAdmin(LookAdmin):
    """What the tax engine said."""

    scope = "candidate__legal_entity__code"
    list_display = ("candidate", "status", "document_code", "net", "tax", "currency", "updated_at")
    list_filter = ("status",)
    list_select_related = ("candidate",)
    search_fields = ("candidate__number", "document_code")


class InvoiceLineInline(LookInline):
    """Posted lines."""

    model = InvoiceLine
    fields = readonly_fields = ("number", "remote_line", "description", "net", "tax")


@admin.register(Invoice)
class InvoiceAdmin(LookAdmin):
    """Posted invoices."""

    list_display = ("number", "legal_entity", "contract", "status", "gross", "paid", "credited", "currency", "due_on")
    list_filter = ("status", "legal_entity")
    list_select_related = ("legal_entity", "contract")
    search_fields = ("number", "remote_id", "contract__number")
    inlines = (InvoiceLineInline,)


class PaymentApplicationInline(LookInline):
    """What a payment was applied to."""

    model = PaymentApplication
    fields = readonly_fields = ("invoice", "amount", "stands", "refusal")


@admin.register(Payment)
class PaymentAdmin(LookAdmin):
    """Money received."""

    list_display = ("number", "legal_entity", "customer", "received_on", "amount", "applied", "currency", "is_reversed")
    list_filter = ("legal_entity", "is_reversed")
    list_select_related = ("legal_entity", "customer")
    search_fields = ("number", "source_id")
    inlines = (PaymentApplicationInline,)


class CreditApplicationInline(LookInline):
    """What a credit memo was applied to."""

    model = CreditApplication
    fields = readonly_fields = ("invoice", "amount", "stands", "refusal")


@admin.register(CreditMemo)
class CreditMemoAdmin(LookAdmin):
    """Credits the ERP reports."""

    list_display = ("number", "legal_entity", "issued_on", "gross", "applied", "currency", "is_voided")
    list_filter = ("legal_entity", "is_voided")
    list_select_related = ("legal_entity",)
    search_fields = ("number", "source_id")
    inlines = (CreditApplicationInline,)
