"""Charges between legal entities over the API."""

from datetime import date

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from costs.between import charges_for
from costs.models import IntercompanyCharge
from integration_hub.api.fields import AmountField, ExactField
from integration_hub.api.views import Nouns
from integration_hub.people.models import User


class IntercompanyChargeSerializer(serializers.ModelSerializer[IntercompanyCharge]):
    """What a lender charges a borrower for one version of work, or the reversal of it (`reverses_id`)."""

    lender = serializers.CharField(source="lender.code", read_only=True)
    borrower = serializers.CharField(source="borrower.code", read_only=True)
    project = serializers.CharField(source="project.code", read_only=True)
    resource = serializers.CharField(source="resource.code", read_only=True)
    service_month = serializers.SerializerMethodField()
    minutes = ExactField()
    value = ExactField()
    rate = ExactField()
    amount = AmountField()

    class Meta:
        model = IntercompanyCharge
        fields = ("id", "work_key", "is_current", "lender", "borrower", "project", "resource", "role", "service_date",
                  "service_month", "minutes", "transfer_price_id", "kind", "value", "rate", "amount", "currency",
                  "reverses_id", "caused_by", "recorded_at")  # fmt: skip

    def get_service_month(self, row: IntercompanyCharge) -> date:
        """The first day of the month of the work."""
        return row.service_date.replace(day=1)


class IntercompanyChargeFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which charges."""

    lender = django_filters.CharFilter(field_name="lender__code", help_text="Its code.")
    borrower = django_filters.CharFilter(field_name="borrower__code", help_text="Its code.")
    project = django_filters.CharFilter(field_name="project__code")
    resource = django_filters.CharFilter(field_name="resource__code")
    work_key = django_filters.CharFilter()
    current = django_filters.BooleanFilter(field_name="is_current")
    day_from = django_filters.DateFilter(field_name="service_date", lookup_expr="gte")
    day_to = django_filters.DateFilter(field_name="service_date", lookup_expr="lte", help_text="Inclusive.")


class IntercompanyCharges(Nouns):
    """What legal entities charge each other; what was reversed stays, beside its reversal."""

    required_scopes = {"GET": "costs:read"}
    required_permission = "costs.view_intercompanycharge"
    serializer_class = IntercompanyChargeSerializer
    filterset_class = IntercompanyChargeFilter

    def rows(self, user: User) -> QuerySet[IntercompanyCharge]:
        """Those of which the person's legal entities lend or borrow."""
        return charges_for(user)
