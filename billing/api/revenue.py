"""What months recognised of the obligations of contracts, for programs."""

from fractions import Fraction
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import recognition, revenue_journals
from billing.api.journals import post_through, posting_through
from billing.engine.obligations import position, progress
from billing.models import Recognition, RevenuePosting
from contracts.models import Contract
from integration_hub.api.fields import AmountField, ExactField, StrictSerializer, amount_text
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

CURRENCY = "obligation.currency"


class RecognitionSerializer(serializers.ModelSerializer[Recognition]):
    """What one month recognised of an obligation; `asset` and `liability` are of the obligation, not netted."""

    contract_id = serializers.IntegerField(source="obligation.contract_id", read_only=True)
    contract_number = serializers.CharField(source="obligation.contract.number", read_only=True)
    code = serializers.CharField(source="obligation.code", read_only=True)
    currency = serializers.CharField(source=CURRENCY, read_only=True)
    allocated = AmountField(CURRENCY)
    progress = ExactField()
    before = AmountField(CURRENCY)
    amount = AmountField(CURRENCY)
    cumulative = AmountField(CURRENCY)
    invoiced = AmountField(CURRENCY)
    asset = serializers.SerializerMethodField()
    liability = serializers.SerializerMethodField()

    class Meta:
        model = Recognition
        fields = ("id", "contract_id", "contract_number", "code", "period", "allocated", "progress", "before", "amount",
                  "cumulative", "invoiced", "asset", "liability", "currency")  # fmt: skip

    def get_asset(self, row: Recognition) -> str:
        """Earned beyond what is invoiced."""
        return amount_text(position(row.cumulative, row.invoiced)[0], row.obligation.currency)

    def get_liability(self, row: Recognition) -> str:
        """Invoiced beyond what is earned."""
        return amount_text(position(row.cumulative, row.invoiced)[1], row.obligation.currency)


class ObligationSerializer(StrictSerializer):
    """An obligation as it stands at the end of the month: a percent, or what is spent of an estimate."""

    code = serializers.CharField(max_length=60)
    price = serializers.DecimalField(24, 6, min_value=0)
    standalone_price = serializers.DecimalField(24, 6, min_value=0, required=False, help_text="Of all, or of none.")
    percent = serializers.DecimalField(15, 12, min_value=0, max_value=100, required=False)
    actual = serializers.DecimalField(24, 6, min_value=0, required=False, help_text="Cost or hours so far.")
    estimate = serializers.DecimalField(24, 6, min_value=0, required=False, help_text="Cost or hours in all.")
    line = serializers.IntegerField(min_value=1, required=False, help_text="The contract line that bills it.")
    invoiced = serializers.DecimalField(24, 6, required=False, help_text="Net; without it what its line was invoiced.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One measure of progress, and only one."""
        spent = {"actual", "estimate"} & attrs.keys()
        if ("percent" in attrs) == bool(spent) or len(spent) == 1 or attrs.get("estimate") == 0:
            raise serializers.ValidationError("State a percent, or actual and an estimate above nought.")
        return attrs


class RevenuePostingSerializer(serializers.ModelSerializer[RevenuePosting]):
    """A journal of what a month of a contract earned beyond its invoices; asset and liability are what they grew by."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    contract = serializers.CharField(source="contract.number", read_only=True)
    amount = AmountField()
    earned = AmountField()
    asset = AmountField()
    liability = AmountField()

    class Meta:
        model = RevenuePosting
        fields = ("id", "number", "legal_entity", "contract", "month", "accounting_date", "earned", "asset",
                  "liability", "amount", "currency", "status", "remote_number", "created_at")  # fmt: skip


class RevenuePostingFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which revenue journals."""

    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    contract = IdOrName(field_name="contract", name="number")
    month = django_filters.DateFilter(help_text="Its first day.")
    number = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=RevenuePosting.Status.choices)


class RevenuePostings(Nouns):
    """Journals of recognised revenue."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_revenueposting"
    serializer_class = RevenuePostingSerializer
    filterset_class = RevenuePostingFilter

    def rows(self, user: User) -> QuerySet[RevenuePosting]:
        """Those of the person's legal entities."""
        return scoped(RevenuePosting.objects.select_related("legal_entity", "contract"), user)

    @posting_through(RevenuePostingSerializer)
    @idempotent
    def create(self, request: Request) -> Response:
        """Post the recognised months of a legal entity that end by a day; the journals that are made."""
        return post_through(self, request, revenue_journals.post, what="revenue")


class RecogniseSerializer(StrictSerializer):
    """A month of a contract: all its obligations, since they share its price."""

    contract = serializers.CharField(help_text="Its number.")
    period = serializers.DateField(help_text="The first day of the month.")
    obligations = ObligationSerializer(many=True)


class RecognitionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which recognised revenue."""

    contract = IdOrName(field_name="obligation__contract", name="number")
    period = django_filters.DateFilter()


class Recognitions(Nouns):
    """Revenue recognised by obligation and month."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "contracts.view_contract"
    serializer_class = RecognitionSerializer
    filterset_class = RecognitionFilter

    def rows(self, user: User) -> QuerySet[Recognition]:
        """Of contracts of the person's legal entities."""
        rows = Recognition.objects.select_related("obligation__contract")
        return scoped(rows, user, "obligation__contract__legal_entity__code")

    @extend_schema(
        request=RecogniseSerializer, responses={201: RecognitionSerializer(many=True)}, parameters=[PARAMETER]
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Recognise a month of a contract: all that is earned so far less what earlier months recognised."""
        body = self.taken(RecogniseSerializer)
        contract = scoped(Contract.objects.all(), person(request)).filter(number=body["contract"]).first()
        if contract is None:
            problem = Problem("contract", f"no contract {body['contract']!r} is known.", "Look it up first.")
            raise BadInput("Revenue", [problem])
        rows = recognition.recognise(
            contract=contract,
            period=body["period"],
            measures=[_measure(row) for row in body["obligations"]],
            by=person(request),
        )
        return Response(RecognitionSerializer(rows, many=True).data, status=201)


def _measure(row: dict[str, Any]) -> recognition.Measure:
    done = Fraction(row["percent"]) / 100 if "percent" in row else progress(row["actual"], row["estimate"])
    return recognition.Measure(
        code=row["code"],
        price=row["price"],
        standalone=row.get("standalone_price"),
        progress=done,
        line=row.get("line"),
        invoiced=row.get("invoiced"),
    )
