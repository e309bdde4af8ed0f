"""Costs over the API: what work cost, the journals, and posting them."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from billing.api.journals import post_through, posting_through
from costs.actions import posting, purchases
from costs.intercompany_api import IntercompanyCharges
from costs.models import Cost, CostPosting, Purchase
from costs.reimbursement_api import Reimbursements
from integration_hub.api.fields import AmountField, ExactField, StrictSerializer
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class CostSerializer(serializers.ModelSerializer[Cost]):
    """What one version of work costs, or the reversal of it (`reverses_id`)."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    project = serializers.CharField(source="project.code", read_only=True)
    resource = serializers.CharField(source="resource.code", read_only=True)
    minutes = ExactField()
    rate = ExactField()
    amount = AmountField()
    posting = serializers.CharField(source="posting.number", read_only=True, default=None)

    class Meta:
        model = Cost
        fields = ("id", "work_key", "is_current", "legal_entity", "project", "resource", "role", "vendor",
                  "service_date", "minutes", "rate", "unit", "amount", "currency", "reverses_id", "posting",
                  "caused_by", "recorded_at")  # fmt: skip


class CostPostingSerializer(serializers.ModelSerializer[CostPosting]):
    """A journal of costs of one project, month and currency."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    project = serializers.CharField(source="project.code", read_only=True)
    amount = AmountField()

    class Meta:
        model = CostPosting
        fields = ("id", "number", "legal_entity", "project", "month", "accounting_date", "amount", "currency", "status",
                  "remote_number", "created_at")  # fmt: skip


class CostFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which costs."""

    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    project = django_filters.CharFilter(field_name="project__code")
    resource = django_filters.CharFilter(field_name="resource__code")
    vendor = django_filters.CharFilter()
    work_key = django_filters.CharFilter()
    current = django_filters.BooleanFilter(field_name="is_current")
    posting = django_filters.CharFilter(field_name="posting__number")
    day_from = django_filters.DateFilter(field_name="service_date", lookup_expr="gte")
    day_to = django_filters.DateFilter(field_name="service_date", lookup_expr="lte", help_text="Inclusive.")


class CostPostingFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which journals."""

    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    project = django_filters.CharFilter(field_name="project__code")
    number = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=CostPosting.Status.choices)


class Costs(Nouns):
    """What work cost; what was superseded stays, beside its reversal."""

    required_scopes = {"GET": "costs:read"}
    required_permission = "costs.view_cost"
    serializer_class = CostSerializer
    filterset_class = CostFilter

    def rows(self, user: User) -> QuerySet[Cost]:
        """Those of the person's legal entities."""
        return scoped(Cost.objects.select_related("legal_entity", "project", "resource", "posting"), user)


class CostPostings(Nouns):
    """Journals of costs."""

    required_scopes = {"GET": "costs:read", "POST": "costs:write"}
    required_permission = "costs.view_costposting"
    serializer_class = CostPostingSerializer
    filterset_class = CostPostingFilter

    def rows(self, user: User) -> QuerySet[CostPosting]:
        """Those of the person's legal entities."""
        return scoped(CostPosting.objects.select_related("legal_entity", "project"), user)

    @posting_through(CostPostingSerializer)
    @idempotent
    def create(self, request: Request) -> Response:
        """Post the open costs of a legal entity for work up to a day; the journals that are on their way."""
        return post_through(self, request, posting.post, what="costs")


class PurchaseSerializer(serializers.ModelSerializer[Purchase]):
    """A line of a vendor's bill, and what becomes of it."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    project = serializers.CharField(source="project.code", read_only=True)
    amount = AmountField()

    class Meta:
        model = Purchase
        fields = ("id", "version", "source", "legal_entity", "project", "vendor", "bill_number", "line_number",
                  "category", "delivered_on", "amount", "currency", "is_approved", "is_deleted", "description",
                  "handling", "decided_by", "reason", "work_key")  # fmt: skip


class DecidePurchaseSerializer(StrictSerializer):
    """What becomes of a purchase, decided on the version that was seen."""

    handling = serializers.ChoiceField(choices=["recharge", "covers_time", "absorbed"])
    reason = serializers.CharField(max_length=2000)
    version = serializers.IntegerField(min_value=1)


class PurchaseFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which purchases."""

    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    project = django_filters.CharFilter(field_name="project__code")
    vendor = django_filters.CharFilter()
    bill_number = django_filters.CharFilter()
    handling = django_filters.ChoiceFilter(choices=Purchase.Handling.choices)


class Purchases(Nouns):
    """Lines of vendors' bills on clients' projects."""

    required_scopes = {"GET": "costs:read", "POST": "costs:write"}
    required_permission = "costs.view_purchase"
    serializer_class = PurchaseSerializer
    filterset_class = PurchaseFilter

    def rows(self, user: User) -> QuerySet[Purchase]:
        """Those of the person's legal entities."""
        return scoped(Purchase.objects.select_related("legal_entity", "project"), user)

    @extend_schema(request=DecidePurchaseSerializer, responses=PurchaseSerializer, parameters=[PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def decide(self, request: Request, pk: str) -> Response:
        """Say what becomes of a purchase."""
        body: dict[str, Any] = self.taken(DecidePurchaseSerializer)
        row = purchases.decide(purchase=self.get_object(), **body, by=person(request))
        return Response(PurchaseSerializer(row).data)


router = SimpleRouter()
router.register("costs", Costs, "cost")
router.register("purchases", Purchases, "purchase")
router.register("reimbursements", Reimbursements, "reimbursement")
router.register("intercompany-charges", IntercompanyCharges, "intercompany-charge")
router.register("cost-postings", CostPostings, "cost-posting")

urlpatterns: list[URLPattern | URLResolver] = router.urls
