"""How what was agreed is written for programs."""

from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from contracts import queries
from contracts.models import (
    Amendment,
    Cap,
    CapMonth,
    Contract,
    ContractLine,
    ContractVersion,
    CostRate,
    Customer,
    ExchangeRate,
    ExternalReference,
    LegalEntity,
    Milestone,
    PayerShare,
    PayerSplit,
    Project,
    PurchaseOrder,
    RateRow,
)
from integration_hub.api.fields import AmountField, ExactField, ReasonedSerializer, StrictSerializer


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A client firm."""

    class Meta:
        model = Customer
        fields = ("id", "code", "name", "parent_id", "status", "currency", "country", "region", "city", "created_at",
                  "updated_at")  # fmt: skip


class LegalEntitySerializer(serializers.ModelSerializer[LegalEntity]):
    """One of the firm's own companies."""

    class Meta:
        model = LegalEntity
        fields = ("id", "code", "name", "currency", "country", "zone", "rounding", "is_active")


class ExchangeRateSerializer(serializers.ModelSerializer[ExchangeRate]):
    """One unit of `base` is `rate` of `quote` from a day on."""

    rate = ExactField()

    class Meta:
        model = ExchangeRate
        fields = ("id", "rate_type", "base", "quote", "day", "rate", "source", "recorded_at")


class EnterRateSerializer(StrictSerializer):
    """A rate to record."""

    base = serializers.CharField(max_length=3)
    quote = serializers.CharField(max_length=3)
    day = serializers.DateField()
    rate = serializers.DecimalField(max_digits=24, decimal_places=10)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class EnterRatesSerializer(StrictSerializer):
    """Rates to record, all or none."""

    rates = serializers.ListField(child=EnterRateSerializer(), allow_empty=False, max_length=1000)


class CostRateSerializer(serializers.ModelSerializer[CostRate]):
    """What one unit of work costs a legal entity; `valid_to` is the last day."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    rate = ExactField()
    valid_from = serializers.DateField(source="validity.lower", read_only=True)
    valid_to = serializers.SerializerMethodField()

    class Meta:
        model = CostRate
        fields = ("id", "legal_entity", "resource", "role", "vendor", "currency", "unit", "rate", "valid_from",
                  "valid_to", "source", "recorded_at", "withdrawn_at")  # fmt: skip

    def get_valid_to(self, row: CostRate) -> date | None:
        """The last day; null while it has none."""
        return row.validity.upper - timedelta(days=1) if row.validity.upper else None


class EnterCostRateSerializer(StrictSerializer):
    """A cost rate to record, of a person (`resource`) or a role."""

    legal_entity = serializers.CharField(max_length=16)
    resource = serializers.CharField(required=False, allow_blank=True, default="", max_length=120)
    role = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)
    vendor = serializers.CharField(required=False, allow_blank=True, default="", max_length=120)
    currency = serializers.CharField(max_length=3)
    unit = serializers.ChoiceField(choices=CostRate.Unit.choices, default="hour")
    rate = serializers.DecimalField(max_digits=24, decimal_places=10)
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(required=False, allow_null=True, default=None)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class EnterCostRatesSerializer(StrictSerializer):
    """Cost rates to record, all or none."""

    rates = serializers.ListField(child=EnterCostRateSerializer(), allow_empty=False, max_length=1000)


class RecordedSerializer(serializers.Serializer[Any]):
    """How many rates were new."""

    recorded = serializers.IntegerField()


class ReferenceSerializer(serializers.ModelSerializer[ExternalReference]):
    """Where another system knows it."""

    connection = serializers.CharField(source="connection.code", read_only=True)

    class Meta:
        model = ExternalReference
        fields = ("connection", "entity", "source_id", "number", "sync", "detail", "synced_at")


class VersionSerializer(serializers.ModelSerializer[ContractVersion]):
    """One state of the terms."""

    amendment = serializers.CharField(source="amendment.number", default="", read_only=True)

    class Meta:
        model = ContractVersion
        fields = ("number", "effective_on", "recorded_at", "amendment", "reason")


class AmendmentSerializer(serializers.ModelSerializer[Amendment]):
    """A change of terms."""

    class Meta:
        model = Amendment
        fields = ("id", "number", "kind", "status", "signed_on", "effective_on", "propagated_at", "description")


class ScheduleSerializer(serializers.Serializer[Any]):
    """What falls due when; `period_to` is exclusive."""

    id = serializers.IntegerField()
    sequence = serializers.IntegerField()
    period_from = serializers.DateField()
    period_to = serializers.DateField()
    due_on = serializers.DateField()
    amount = AmountField()
    currency = serializers.CharField()
    status = serializers.CharField()


class LineSerializer(serializers.ModelSerializer[ContractLine]):
    """One thing the contract charges for."""

    amount = AmountField("contract.currency")
    currency = serializers.CharField(source="contract.currency", read_only=True)
    included_hours = ExactField()
    overage_rate = ExactField()
    schedule = ScheduleSerializer(many=True, read_only=True)

    class Meta:
        model = ContractLine
        fields = ("id", "number", "name", "method", "status", "amount", "currency", "frequency", "included_hours",
                  "overage_rate", "starts_on", "ends_on", "expense_rule", "markup_percent", "prices",
                  "schedule")  # fmt: skip


class RateSerializer(serializers.ModelSerializer[RateRow]):
    """One price; `valid_to` is exclusive."""

    scope = serializers.CharField(source="card.scope", read_only=True)
    rate = ExactField()
    valid_from = serializers.DateField(source="validity.lower", allow_null=True, read_only=True)
    valid_to = serializers.DateField(source="validity.upper", allow_null=True, read_only=True)

    class Meta:
        model = RateRow
        fields = (
            "id",
            "scope",
            "role",
            "resource",
            "item",
            "currency",
            "unit",
            "hours_per_day",
            "rate",
            "valid_from",
            "valid_to",
        )


class CapMonthSerializer(serializers.ModelSerializer[CapMonth]):
    """What one month took of a monthly limit; `month` is its first day."""

    limit = AmountField()
    reserved = AmountField()
    committed = AmountField()

    class Meta:
        model = CapMonth
        fields = ("month", "limit", "reserved", "committed")


class CapSerializer(serializers.ModelSerializer[Cap]):
    """A limit, with what is used of it; `months` is empty where it is one in all."""

    payer = serializers.CharField(source="bill_to.customer.code", default=None, allow_null=True, read_only=True)
    limit = AmountField()
    reserved = AmountField()
    committed = AmountField()
    months = CapMonthSerializer(many=True, read_only=True)

    class Meta:
        model = Cap
        fields = ("id", "line_id", "payer", "kind", "period", "includes_expenses", "limit", "reserved", "committed",
                  "currency", "months")  # fmt: skip


class PurchaseOrderSerializer(serializers.ModelSerializer[PurchaseOrder]):
    """A client's order; of one payer where several pay."""

    payer = serializers.CharField(source="bill_to.customer.code", default=None, allow_null=True, read_only=True)
    amount = AmountField()
    reserved = AmountField()
    committed = AmountField()

    class Meta:
        model = PurchaseOrder
        fields = ("id", "number", "payer", "amount", "reserved", "committed", "currency", "expires_on")


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project that work is logged on."""

    contract_number = serializers.CharField(source="contract.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Project
        fields = ("id", "code", "name", "contract_id", "contract_number", "status", "starts_on", "ends_on")


class ProjectPageSerializer(ProjectSerializer):
    """A project with where other systems know it."""

    references = serializers.SerializerMethodField()

    class Meta(ProjectSerializer.Meta):
        fields = (*ProjectSerializer.Meta.fields, "references")  # type: ignore[assignment]

    @extend_schema_field(ReferenceSerializer(many=True))
    def get_references(self, row: Project) -> Any:
        """References of the project."""
        return ReferenceSerializer(queries.references_of(row), many=True).data


class MilestoneSerializer(serializers.ModelSerializer[Milestone]):
    """An amount due on acceptance."""

    contract_id = serializers.IntegerField(source="line.contract_id", read_only=True)
    contract_number = serializers.CharField(source="line.contract.number", read_only=True)
    line_number = serializers.IntegerField(source="line.number", read_only=True)
    amount = AmountField()

    class Meta:
        model = Milestone
        fields = ("id", "contract_id", "contract_number", "line_number", "sequence", "name", "amount", "currency",
                  "due_on", "status", "accepted_on", "accepted_by", "evidence", "version")  # fmt: skip


class ContractSerializer(serializers.ModelSerializer[Contract]):
    """A contract in a list."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    customer_code = serializers.CharField(source="customer.code", read_only=True)
    customer_name = serializers.CharField(source="customer.name", read_only=True)

    class Meta:
        model = Contract
        fields = ("id", "number", "name", "legal_entity", "customer_id", "customer_code", "customer_name", "currency",
                  "status", "signed_on", "starts_on", "ends_on", "activated_at", "version")  # fmt: skip


class PayerShareSerializer(serializers.ModelSerializer[PayerShare]):
    """What one payer is billed."""

    customer = serializers.CharField(source="bill_to.customer.code", read_only=True)
    percent = ExactField()

    class Meta:
        model = PayerShare
        fields = ("customer", "percent", "takes_rest")


class PayerSplitSerializer(serializers.ModelSerializer[PayerSplit]):
    """Who pays from a day on, for one line or (null) for all that have none of their own."""

    line = serializers.IntegerField(source="line.number", default=None, allow_null=True, read_only=True)
    shares = PayerShareSerializer(many=True, read_only=True)

    class Meta:
        model = PayerSplit
        fields = ("id", "line", "effective_on", "reason", "agreed_by", "shares")


class ShareInSerializer(StrictSerializer):
    """A share to agree."""

    customer = serializers.CharField(max_length=60, help_text="The customer's number.")
    percent = serializers.DecimalField(7, 4, help_text="Of every amount, above 0; together they make 100.")
    takes_rest = serializers.BooleanField(default=False, help_text="Exactly one payer gets what rounding leaves.")


class AgreePayersSerializer(ReasonedSerializer):
    """Who is to pay for the work of a contract. The version is the contract's."""

    line = serializers.IntegerField(required=False, default=None, help_text="One line's number; else all of them.")
    effective_on = serializers.DateField(help_text="First service date that is billed so.")
    shares = ShareInSerializer(many=True, allow_empty=False)


class OrderInSerializer(StrictSerializer):
    """A payer's order; without an amount or a last day where it has none."""

    number = serializers.CharField(max_length=80)
    amount = serializers.DecimalField(24, 6, min_value=0, required=False, default=None, allow_null=True)
    expires_on = serializers.DateField(required=False, default=None, allow_null=True)


class LimitInSerializer(StrictSerializer):
    """The most that a payer is billed as its share."""

    amount = serializers.DecimalField(24, 6, min_value=0)
    includes_expenses = serializers.BooleanField(default=False)


class PayerTermsSerializer(ReasonedSerializer):
    """What a payer states: its order, the limit of its share, or both. The version is the contract's."""

    customer = serializers.CharField(max_length=60, help_text="The payer's customer number.")
    order = OrderInSerializer(required=False, default=None, allow_null=True)
    limit = LimitInSerializer(required=False, default=None, allow_null=True)


class ContractPageSerializer(ContractSerializer):
    """A contract with everything that was agreed."""

    versions = VersionSerializer(many=True, read_only=True)
    amendments = AmendmentSerializer(many=True, read_only=True)
    lines = LineSerializer(many=True, read_only=True)
    rates = serializers.SerializerMethodField()
    caps = CapSerializer(many=True, read_only=True)
    purchase_orders = PurchaseOrderSerializer(many=True, read_only=True)
    projects = ProjectSerializer(many=True, read_only=True)
    payers = PayerSplitSerializer(source="payer_splits", many=True, read_only=True)
    references = serializers.SerializerMethodField()

    class Meta(ContractSerializer.Meta):
        fields = (*ContractSerializer.Meta.fields, "payment_terms", "tax_jurisdiction", "delivery_lead", "po_required",
                  "retention_percent", "policy",
                  "versions", "amendments", "lines", "rates", "caps", "purchase_orders", "projects", "payers",
                  "references")  # type: ignore[assignment]  # fmt: skip

    @extend_schema_field(RateSerializer(many=True))
    def get_rates(self, row: Contract) -> Any:
        """Every price that may apply: the contract's own, its customers', its legal entity's."""
        return RateSerializer(queries.rate_rows(row).order_by("card__scope", "id"), many=True).data

    @extend_schema_field(ReferenceSerializer(many=True))
    def get_references(self, row: Contract) -> Any:
        """Where other systems know the contract."""
        return ReferenceSerializer(queries.references_of(row), many=True).data
