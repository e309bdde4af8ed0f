"""REST: how far the billing of delivered work is, of a selection and by the week of a person."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.engine.sheets import Standing, Status
from billing.models import BillableEvent, Piece
from billing.sheets import sheets, standings
from integration_hub.api.fields import AmountField, ExactField
from integration_hub.api.filters import IdOrName
from integration_hub.api.views import HubView, person
from integration_hub.kernel.money import round_money
from integration_hub.people.scope import scoped


class SelectionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which work."""

    contract = IdOrName(field_name="contract", name="number")
    project = IdOrName(field_name="event__project", name="code")
    resource = IdOrName(field_name="event__resource", name="code")
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    kind = django_filters.ChoiceFilter(field_name="event__kind", choices=BillableEvent.Kind.choices)
    service_date_from = django_filters.DateFilter(field_name="event__service_date", lookup_expr="gte")
    service_date_to = django_filters.DateFilter(
        field_name="event__service_date", lookup_expr="lte", help_text="Inclusive."
    )


class AskedSerializer(serializers.Serializer[Any]):
    """The same for the schema."""

    contract = serializers.CharField(required=False, help_text="Its number, or its id.")
    project = serializers.CharField(required=False, help_text="Its code, or its id.")
    resource = serializers.CharField(required=False, help_text="The code of a person, or their id.")
    legal_entity = serializers.CharField(required=False, help_text="Its code.")
    kind = serializers.ChoiceField(choices=BillableEvent.Kind.choices, required=False)
    service_date_from = serializers.DateField(required=False)
    service_date_to = serializers.DateField(required=False, help_text="Inclusive.")


class BilledSerializer(serializers.Serializer[Any]):
    """What of some work is billable, and what of that is billed."""

    currency = serializers.CharField()
    billable = AmountField()
    billed = AmountField()
    billable_minutes = ExactField()
    billed_minutes = ExactField()
    percent = ExactField(help_text="Of the value, or of the hours, rounded to two places.")
    measured_by = serializers.ChoiceField(choices=["value", "hours"])
    unpriced = serializers.IntegerField(help_text="Pieces that have no price and are in no sum of money.")
    status = serializers.ChoiceField(choices=[str(status) for status in Status])


class TimesheetSerializer(BilledSerializer):
    """The same of a person's week, by its Monday."""

    resource = serializers.CharField()
    week = serializers.DateField()


class BillingStatusSerializer(serializers.Serializer[Any]):
    """Totals per currency, and the sheets the selection is made of."""

    totals = BilledSerializer(many=True)
    sheets = TimesheetSerializer(many=True)


class BillingStatus(HubView):
    """How far the billing of delivered work is. Amounts are never added across currencies."""

    required_scopes = {"GET": "billing:read"}
    required_permission = "billing.view_piece"
    query_names = set(SelectionFilter.base_filters)

    @extend_schema(parameters=[AskedSerializer], responses=BillingStatusSerializer)
    def get(self, request: Request) -> Response:
        """Of the work of a contract, a project or a person, in the caller's legal entities."""
        asked = request.query_params
        if not any(asked.get(name) for name in ("contract", "project", "resource")):
            raise serializers.ValidationError({"contract": ["Name a contract, a project or a resource."]})
        chosen = SelectionFilter(asked, queryset=scoped(Piece.objects.filter(is_current=True), person(request)))
        if not chosen.is_valid():
            raise serializers.ValidationError(chosen.errors)
        found = {
            "totals": [_told(currency, one) for currency, one in standings(chosen.qs).items()],
            "sheets": [
                {"resource": sheet.person, "week": sheet.monday, **_told(sheet.currency, sheet.standing)}
                for sheet in sheets(chosen.qs)
            ],
        }
        return Response(BillingStatusSerializer(found).data)


def _told(currency: str, one: Standing) -> dict[str, Any]:
    return {
        "currency": currency,
        "billable": round_money(one.billable, currency) if currency else one.billable,
        "billed": round_money(one.billed, currency) if currency else one.billed,
        "billable_minutes": one.minutes,
        "billed_minutes": one.minutes_billed,
        "percent": round_money(one.percent, "USD"),
        "measured_by": "value" if one.by_value else "hours",
        "unpriced": one.unpriced,
        "status": str(one.status),
    }
