"""How holds, runs, work and documents are written for programs, and what requests must carry."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.models import (
    BillableEvent,
    BillingRun,
    CreditMemo,
    CreditReason,
    Hold,
    HoldCode,
    Invoice,
    InvoiceLine,
    Payment,
    Piece,
)
from integration_hub.api.fields import AmountField, ExactField, StrictSerializer, VersionedSerializer


def entity_code() -> serializers.CharField:
    """The code of the row's legal entity, null where it has none."""
    return serializers.CharField(source="legal_entity.code", default=None, allow_null=True, read_only=True)


def contract_number() -> serializers.CharField:
    """The number of the row's contract, null where it has none."""
    return serializers.CharField(source="contract.number", default=None, allow_null=True, read_only=True)


class PieceSerializer(serializers.ModelSerializer[Piece]):
    """A part of delivered work in one state."""

    legal_entity = entity_code()
    contract_number = contract_number()
    work_key = serializers.CharField(source="event.work_key", read_only=True)
    service_date = serializers.DateField(source="event.service_date", read_only=True)
    line_number = serializers.IntegerField(source="line.number", default=None, allow_null=True, read_only=True)
    candidate_id = serializers.IntegerField(
        source="candidate_line.candidate_id", default=None, allow_null=True, read_only=True
    )
    payer = serializers.CharField(
        source="bill_to.customer.code", default=None, allow_null=True, read_only=True,
        help_text="The customer whose share it is; null: the contract's own bill-to pays all of it.",
    )  # fmt: skip
    percent = ExactField()
    minutes = ExactField()
    rate = ExactField()
    amount = AmountField()
    net = AmountField()

    class Meta:
        model = Piece
        fields = ("id", "event_id", "work_key", "number", "state", "codes", "legal_entity", "contract_id",
                  "contract_number", "line_number", "service_date", "minutes", "rate", "amount", "net", "currency",
                  "payer", "percent", "candidate_id", "corrects_id", "adjusts_id")  # fmt: skip


class EventSerializer(serializers.ModelSerializer[BillableEvent]):
    """The current version of delivered work."""

    legal_entity = entity_code()
    contract_number = contract_number()
    project_code = serializers.CharField(source="project.code", default=None, allow_null=True, read_only=True)
    resource = serializers.CharField(source="resource.code", default=None, allow_null=True, read_only=True)
    minutes = ExactField()
    amount = AmountField()

    class Meta:
        model = BillableEvent
        fields = ("id", "work_key", "version", "kind", "legal_entity", "contract_id", "contract_number", "project_id",
                  "project_code", "resource", "role", "task_code", "category", "service_date", "minutes", "amount",
                  "currency", "approval", "chargeable", "is_deleted", "description", "recorded_at")  # fmt: skip


class EventPageSerializer(EventSerializer):
    """Delivered work with what was concluded about it."""

    pieces = serializers.SerializerMethodField()

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "pieces")  # type: ignore[assignment]

    @extend_schema_field(PieceSerializer(many=True))
    def get_pieces(self, row: BillableEvent) -> Any:
        """The pieces in force."""
        rows = row.pieces.filter(is_current=True).select_related(
            "event", "legal_entity", "contract", "line", "candidate_line"
        )
        return PieceSerializer(rows.order_by("number"), many=True).data


class HoldSerializer(serializers.ModelSerializer[Hold]):
    """A reasoned stop on billing."""

    legal_entity = entity_code()
    contract_number = contract_number()

    class Meta:
        model = Hold
        fields = ("id", "scope", "target_id", "target_label", "contract_id", "contract_number", "legal_entity", "code",
                  "effect", "status", "reason", "owner_role", "placed_by", "placed_at", "review_on", "decided_by",
                  "decided_at", "decision_note", "version")  # fmt: skip


class PlaceHoldSerializer(StrictSerializer):
    """A hold to place."""

    scope = serializers.ChoiceField(choices=Hold.Scope.choices)
    target = serializers.CharField(
        help_text="Its id, or what people call it: a contract's number, a project's or customer's code, a work key."
    )
    code = serializers.ChoiceField(choices=HoldCode.choices)
    reason = serializers.CharField(help_text="Why, so that the person who releases it can judge.")
    review_on = serializers.DateField(required=False, help_text="When to look at it again; by default the code's own.")


class ReleaseHoldSerializer(VersionedSerializer):
    """A hold to release."""

    note = serializers.CharField(required=False, allow_blank=True, default="")


class BillingRunSerializer(serializers.ModelSerializer[BillingRun]):
    """One building of candidates."""

    legal_entity = entity_code()
    started_by = serializers.CharField(source="started_by.username", read_only=True)

    class Meta:
        model = BillingRun
        fields = ("id", "legal_entity", "through", "invoice_date", "state", "started_by", "started_at", "finished_at",
                  "control_totals", "contracts_total", "contracts_done", "contracts_left_out", "stop_asked_by",
                  "error")  # fmt: skip


class StopRunSerializer(StrictSerializer):
    """A run to stop."""

    reason = serializers.CharField(help_text="Why; it is kept in the trail.")


class StartRunSerializer(StrictSerializer):
    """A run to start."""

    legal_entity = serializers.CharField(help_text="Its code.")
    through = serializers.DateField(help_text="Last service date to bill.")
    invoice_date = serializers.DateField()


class PostThroughSerializer(StrictSerializer):
    """What to post: of a legal entity, up to a day."""

    legal_entity = serializers.CharField(max_length=16)
    through = serializers.DateField()


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """A posted invoice, with what was paid and credited on it."""

    legal_entity = entity_code()
    contract_number = contract_number()
    customer = serializers.CharField(source="bill_to.customer.name", read_only=True)
    candidate_number = serializers.CharField(source="candidate.number", read_only=True)
    net = AmountField()
    tax = AmountField()
    gross = AmountField()
    drawdown = AmountField()
    retained = AmountField()
    advanced = AmountField()
    paid = AmountField()
    credited = AmountField()

    class Meta:
        model = Invoice
        fields = ("id", "number", "remote_id", "candidate_id", "candidate_number", "legal_entity", "contract_id",
                  "contract_number", "customer", "invoice_date", "due_on", "currency", "net", "tax", "gross",
                  "drawdown", "retained", "advanced", "paid", "credited", "status", "posted_at", "version")  # fmt: skip


class InvoiceLineSerializer(serializers.ModelSerializer[InvoiceLine]):
    """A posted line; `credited` is what credits, on their way or posted, take of its net."""

    net = AmountField("invoice.currency")
    tax = AmountField("invoice.currency")
    credited = AmountField("invoice.currency")
    currency = serializers.CharField(source="invoice.currency", read_only=True)

    class Meta:
        model = InvoiceLine
        fields = ("id", "number", "remote_line", "description", "net", "tax", "credited", "currency")


class ApplicationSerializer(serializers.Serializer[Any]):
    """Part of a payment on an invoice; it counts while it stands."""

    payment_id = serializers.IntegerField()
    payment_number = serializers.CharField(source="payment.number")
    received_on = serializers.DateField(source="payment.received_on")
    invoice_id = serializers.IntegerField()
    invoice_number = serializers.CharField(source="invoice.number")
    amount = AmountField("payment.currency")
    currency = serializers.CharField(source="payment.currency")
    stands = serializers.BooleanField()
    refusal = serializers.CharField(help_text="Why it does not stand.")


class CreditApplicationSerializer(serializers.Serializer[Any]):
    """Part of a credit memo on an invoice; it counts while it stands."""

    memo_id = serializers.IntegerField()
    memo_number = serializers.CharField(source="memo.number")
    issued_on = serializers.DateField(source="memo.issued_on")
    invoice_id = serializers.IntegerField()
    invoice_number = serializers.CharField(source="invoice.number")
    amount = AmountField("memo.currency")
    currency = serializers.CharField(source="memo.currency")
    stands = serializers.BooleanField()
    refusal = serializers.CharField(help_text="Why it does not stand.")


class InvoicePageSerializer(InvoiceSerializer):
    """An invoice with its lines and what was paid and credited on it."""

    lines = InvoiceLineSerializer(many=True, read_only=True)
    payments = ApplicationSerializer(many=True, read_only=True, source="applications")
    credits = CreditApplicationSerializer(many=True, read_only=True)

    class Meta(InvoiceSerializer.Meta):
        fields = (*InvoiceSerializer.Meta.fields, "lines", "payments", "credits")  # type: ignore[assignment]


class CreditLineSerializer(StrictSerializer):
    """A line to credit: an amount of it, or all that is left."""

    line = serializers.IntegerField(min_value=1, help_text="Its number on the invoice.")
    amount = serializers.DecimalField(24, 6, required=False, help_text="Net; without it all that is left.")


class CreditInvoiceSerializer(VersionedSerializer):
    """A credit to ask for. Without lines, amount and percent it is all that is left of the invoice."""

    lines = CreditLineSerializer(many=True, required=False, help_text="None: all lines.")
    amount = serializers.DecimalField(
        24, 6, required=False, help_text="Net, shared over the lines by what each has left, to the cent."
    )
    percent = serializers.DecimalField(
        9, 6, required=False, help_text="Instead of an amount: a share of what the lines were invoiced at."
    )
    reason = serializers.ChoiceField(choices=CreditReason.choices)
    rebillable = serializers.BooleanField(
        help_text="Whether the work is billed again (whole lines only) or stays billed: a concession or write-off."
    )
    note = serializers.CharField(help_text="Why, for whoever approves it.")


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """Money received."""

    legal_entity = entity_code()
    customer = serializers.CharField(source="customer.name", default=None, allow_null=True, read_only=True)
    amount = AmountField()
    applied = AmountField()
    applied_to = ApplicationSerializer(many=True, read_only=True, source="applications")

    class Meta:
        model = Payment
        fields = ("id", "number", "source_id", "legal_entity", "customer", "received_on", "amount", "applied",
                  "currency", "is_reversed", "applied_to")  # fmt: skip


class CreditMemoSerializer(serializers.ModelSerializer[CreditMemo]):
    """A credit memo and the invoices it reduces; `candidate_number` where we posted it."""

    legal_entity = entity_code()
    candidate_number = serializers.CharField(source="candidate.number", default=None, allow_null=True, read_only=True)
    net = AmountField()
    tax = AmountField()
    gross = AmountField()
    applied = AmountField()
    applied_to = CreditApplicationSerializer(many=True, read_only=True, source="applications")

    class Meta:
        model = CreditMemo
        fields = ("id", "number", "candidate_number", "source_id", "legal_entity", "issued_on", "net", "tax", "gross",
                  "applied", "currency", "is_voided", "applied_to")  # fmt: skip
