"""Addresses of progress: how far lines with a fixed price are, recorded and decided on."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.actions import progress
from contracts.models import ContractLine, ProgressMeasure
from integration_hub.api.fields import AmountField, ReasonedSerializer, StrictSerializer, VersionedSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

SCOPE = "line__contract__legal_entity__code"


class ProgressSerializer(serializers.ModelSerializer[ProgressMeasure]):
    """How far a line billed by progress is; `percent` is of the whole line, `added` what it added to the bill."""

    contract_id = serializers.IntegerField(source="line.contract_id", read_only=True)
    contract_number = serializers.CharField(source="line.contract.number", read_only=True)
    line_number = serializers.IntegerField(source="line.number", read_only=True)
    milestone_id = serializers.IntegerField(source="step_id", read_only=True, allow_null=True)
    added = AmountField("line.contract.currency", source="step.amount", default=None, allow_null=True)
    currency = serializers.CharField(source="line.contract.currency", read_only=True)

    class Meta:
        model = ProgressMeasure
        fields = ("id", "contract_id", "contract_number", "line_number", "as_of", "percent", "measured_by", "evidence",
                  "status", "milestone_id", "added", "currency", "recorded_by", "recorded_at", "decided_by",
                  "decided_at", "version")  # fmt: skip


class MeasureSerializer(StrictSerializer):
    """Progress to record: so much of the whole line was done at the end of the day `as_of`."""

    contract = serializers.CharField(max_length=60, help_text="Its number.")
    line_number = serializers.IntegerField(min_value=1)
    as_of = serializers.DateField()
    percent = serializers.DecimalField(max_digits=7, decimal_places=4, min_value=0, max_value=100)
    measured_by = serializers.CharField(max_length=120)
    evidence = serializers.CharField(max_length=300)


class ProgressFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which measures."""

    status = django_filters.ChoiceFilter(choices=ProgressMeasure.Status.choices)
    contract = IdOrName(field_name="line__contract", name="number")


class Progress(Nouns):
    """How far lines that are billed by progress are: what was measured, and what it added to the bill."""

    required_scopes = {"GET": "contracts:read", "POST": "contracts:write"}
    required_permission = "contracts.view_progressmeasure"
    serializer_class = ProgressSerializer
    filterset_class = ProgressFilter

    def rows(self, user: User) -> QuerySet[ProgressMeasure]:
        """Those of the person's legal entities."""
        return scoped(ProgressMeasure.objects.select_related("line__contract", "step"), user, SCOPE)

    @extend_schema(request=MeasureSerializer, responses={201: ProgressSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Record how far a line is. Less than before is questioned: a second person confirms or declines it."""
        body, by = self.taken(MeasureSerializer), person(request)
        lines = scoped(ContractLine.objects.all(), by, "contract__legal_entity__code")
        line = lines.get(contract__number=body.pop("contract"), number=body.pop("line_number"))
        row = progress.measure(line_id=line.pk, said=progress.MeasureIn(**body), by=by)
        return Response(ProgressSerializer(row).data, status=201)

    @extend_schema(request=VersionedSerializer, responses=ProgressSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Confirm that it fell: what is posted beyond it is credited. Not what you recorded yourself."""
        row, body = self.get_object(), self.taken(VersionedSerializer)
        progress.confirm(measure_id=row.pk, by=person(request), seen_version=body["version"])
        return self.shown(row)

    @extend_schema(request=ReasonedSerializer, responses=ProgressSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Decline that it fell: what was measured before stands. Not what you recorded yourself."""
        row, body = self.get_object(), self.taken(ReasonedSerializer)
        progress.decline(measure_id=row.pk, by=person(request), seen_version=body["version"], reason=body["reason"])
        return self.shown(row)
