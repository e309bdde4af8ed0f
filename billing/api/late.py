"""Changes of billed work: read, see what accepting one would bring, accept or refuse."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import simulation
from billing.actions import late, late_decisions
from billing.api.serializers import PieceSerializer, contract_number, entity_code
from billing.api.simulations import SimulationSerializer, answered
from billing.models import LateChange
from integration_hub.api.fields import AmountField, ReasonedSerializer, VersionedSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class DifferenceSerializer(serializers.Serializer[Any]):
    """One field of the work; figures as text."""

    field = serializers.CharField()
    billed = serializers.JSONField()
    stated = serializers.JSONField()


class LateChangeSerializer(serializers.ModelSerializer[LateChange]):
    """What a source says of work that is billed otherwise."""

    legal_entity = entity_code()
    contract_number = contract_number()
    billed = AmountField()
    credited = AmountField()
    charged = AmountField()
    differences = serializers.SerializerMethodField()

    class Meta:
        model = LateChange
        fields = ("id", "work_key", "event_id", "legal_entity", "contract_id", "contract_number", "is_deletion",
                  "differences", "billed", "currency", "status", "decided_by", "decided_at", "reason", "credited",
                  "charged", "created_at", "version")  # fmt: skip

    @extend_schema_field(DifferenceSerializer(many=True))
    def get_differences(self, row: LateChange) -> list[dict[str, Any]]:
        """What the source says otherwise."""
        return [{"field": name, "billed": was, "stated": now} for name, was, now in late.differences(row)]


class AcceptChangeSerializer(VersionedSerializer):
    """A change to accept. With the figures that were shown, nothing is done where they are others now."""

    note = serializers.CharField(required=False, allow_blank=True, default="")
    credited = serializers.DecimalField(max_digits=24, decimal_places=6, required=False)
    charged = serializers.DecimalField(max_digits=24, decimal_places=6, required=False)

    def validate(self, attrs: Any) -> Any:
        """Both figures or none."""
        if ("credited" in attrs) != ("charged" in attrs):
            raise serializers.ValidationError("State credited and charged, or neither.")
        return attrs


class BroughtSerializer(serializers.Serializer[Any]):
    """What accepting a change would credit and bill of the work itself."""

    credited = serializers.DecimalField(max_digits=24, decimal_places=6)
    charged = serializers.DecimalField(max_digits=24, decimal_places=6)
    credits = PieceSerializer(many=True)
    charges = PieceSerializer(many=True)


class LateChangeFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which changes."""

    status = django_filters.ChoiceFilter(choices=LateChange.Status.choices)
    work_key = django_filters.CharFilter()
    is_deletion = django_filters.BooleanFilter()
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    contract = IdOrName(field_name="contract", name="number")


class LateChanges(Nouns):
    """Work that its source changed or deleted after it was billed."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_latechange"
    serializer_class = LateChangeSerializer
    filterset_class = LateChangeFilter

    def rows(self, user: User) -> QuerySet[LateChange]:
        """Changes of the person's legal entities."""
        return scoped(LateChange.objects.select_related(*late_decisions.PARTS), user)

    @extend_schema(responses=BroughtSerializer)
    @action(detail=True, methods=["get"])
    def brought(self, _request: Request, pk: str) -> Response:
        """What accepting it would credit and bill of the work: tried with the same code, and taken back."""
        return Response(BroughtSerializer(simulation.brought_by(self.get_object())).data)

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, _request: Request, pk: str) -> Response:
        """Where its contract would stand after the next billing run, without it and with it."""
        return answered(simulation.of_late_change(self.get_object()))

    @extend_schema(request=AcceptChangeSerializer, responses=LateChangeSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Let what the source states take the place of what is billed; not of your own work."""
        change, body = self.get_object(), self.taken(AcceptChangeSerializer)
        late_decisions.accept(
            change_id=change.pk, by=person(request), seen_version=body["version"], reason=body["note"],
            credited=body.get("credited"), charged=body.get("charged"),
        )  # fmt: skip
        return self.shown(change)

    @extend_schema(request=ReasonedSerializer, responses=LateChangeSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Say that what is billed stands, and why. The source asks again only with another change."""
        change, body = self.get_object(), self.taken(ReasonedSerializer)
        late_decisions.refuse(
            change_id=change.pk, by=person(request), seen_version=body["version"], reason=body["reason"]
        )
        return self.shown(change)
