"""Write-downs: read, see what one would bring, propose, postpone, approve, drop, reverse, fetch back."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import simulation
from billing.actions import write_down_approvals, write_downs
from billing.actions.write_downs import Wanted
from billing.api.serializers import contract_number, entity_code
from billing.api.simulations import SimulationSerializer, answered
from billing.models import WriteDown, WriteDownPart, WriteDownReason
from contracts.models import Contract
from integration_hub.api.fields import AmountField, ReasonedSerializer, StrictSerializer, VersionedSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class WriteDownPartSerializer(serializers.ModelSerializer[WriteDownPart]):
    """What of one work is set aside."""

    amount = AmountField(currency="write_down.currency")
    open_value = AmountField(currency="write_down.currency")

    class Meta:
        model = WriteDownPart
        fields = ("work_key", "event_id", "minutes", "amount", "open_value")


class WriteDownSerializer(serializers.ModelSerializer[WriteDown]):
    """Work that is billed for less, not at all, or later."""

    legal_entity = entity_code()
    contract_number = contract_number()
    amount = AmountField()
    unbilled = AmountField()
    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    parts = WriteDownPartSerializer(many=True, read_only=True)

    class Meta:
        model = WriteDown
        fields = ("id", "version", "kind", "status", "reason", "note", "until", "legal_entity", "contract_id",
                  "contract_number", "amount", "unbilled", "currency", "content_hash", "proposed_by", "created_at",
                  "decided_at", "ended_at", "ended_because", "parts")  # fmt: skip


class WantedSerializer(StrictSerializer):
    """A work; with neither minutes nor amount all that is open of it."""

    work_key = serializers.CharField(max_length=200)
    minutes = serializers.DecimalField(max_digits=14, decimal_places=4, required=False)
    amount = serializers.DecimalField(max_digits=24, decimal_places=6, required=False)


class _ChosenSerializer(StrictSerializer):
    contract = serializers.CharField(max_length=64, help_text="Its number.")
    works = WantedSerializer(many=True, allow_empty=False)
    note = serializers.CharField(max_length=2000)


class ProposeWriteDownSerializer(_ChosenSerializer):
    """Work of one contract that is not to be billed; a total is shared over it by what is open of each."""

    reason = serializers.ChoiceField(choices=WriteDownReason.choices)
    total = serializers.DecimalField(max_digits=24, decimal_places=6, required=False)


class PostponeSerializer(_ChosenSerializer):
    """Work of one contract that is billed later."""

    until = serializers.DateField(required=False, allow_null=True, default=None)


class ApproveWriteDownSerializer(VersionedSerializer):
    """An approval of what was seen."""

    content_hash = serializers.CharField(max_length=64)


class WriteDownFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which write-downs."""

    status = django_filters.ChoiceFilter(choices=WriteDown.Status.choices)
    kind = django_filters.ChoiceFilter(choices=WriteDown.Kind.choices)
    work_key = django_filters.CharFilter(field_name="parts__work_key")
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    contract = IdOrName(field_name="contract", name="number")


class WriteDowns(Nouns):
    """Work written down, written off or postponed before it is billed."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_writedown"
    serializer_class = WriteDownSerializer
    filterset_class = WriteDownFilter

    def rows(self, user: User) -> QuerySet[WriteDown]:
        """Those of the person's legal entities."""
        rows = WriteDown.objects.select_related("legal_entity", "contract", "proposed_by")
        return scoped(rows.prefetch_related("parts__write_down"), user)

    @extend_schema(request=ProposeWriteDownSerializer, responses={201: WriteDownSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Propose not to bill work; others approve it."""
        body, by = self.taken(ProposeWriteDownSerializer), person(request)
        row = write_downs.propose(
            contract_id=_contract(body["contract"], by), works=_works(body), reason=body["reason"], note=body["note"],
            total=body.get("total"), by=by,
        )  # fmt: skip
        return Response(WriteDownSerializer(row).data, status=201)

    @extend_schema(request=PostponeSerializer, responses={201: WriteDownSerializer}, parameters=[PARAMETER])
    @action(detail=False, methods=["post"])
    @idempotent
    def postpone(self, request: Request) -> Response:
        """Bill work later; it comes back by itself on the day."""
        body, by = self.taken(PostponeSerializer), person(request)
        row = write_downs.postpone(
            contract_id=_contract(body["contract"], by), works=_works(body), note=body["note"], until=body["until"],
            by=by,
        )  # fmt: skip
        return Response(WriteDownSerializer(row).data, status=201)

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, _request: Request, pk: str) -> Response:
        """Where its contract would stand after the next billing run, without the approval and with it."""
        return answered(simulation.of_write_down(self.get_object()))

    @extend_schema(request=ApproveWriteDownSerializer, responses=WriteDownSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve a proposal, or the reversal of what is in force; not your own."""
        row, body = self.get_object(), self.taken(ApproveWriteDownSerializer)
        write_down_approvals.approve(
            write_down_id=row.pk, by=person(request), seen_version=body["version"], seen_hash=body["content_hash"]
        )
        return self.shown(row)

    @extend_schema(request=ReasonedSerializer, responses=WriteDownSerializer)
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, pk: str) -> Response:
        """Refuse a proposal, or take your own back."""
        row, body = self.get_object(), self.taken(ReasonedSerializer)
        write_downs.drop(write_down_id=row.pk, by=person(request), seen_version=body["version"], reason=body["reason"])
        return self.shown(row)

    @extend_schema(request=ReasonedSerializer, responses=WriteDownSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, pk: str) -> Response:
        """Propose to bill the work after all; others approve it."""
        row, body = self.get_object(), self.taken(ReasonedSerializer)
        write_down_approvals.ask_reversal(
            write_down_id=row.pk, by=person(request), seen_version=body["version"], reason=body["reason"]
        )
        return self.shown(row)

    @extend_schema(request=VersionedSerializer, responses=WriteDownSerializer)
    @action(detail=True, methods=["post"])
    def keep(self, request: Request, pk: str) -> Response:
        """Refuse the reversal: it stays written off."""
        row, body = self.get_object(), self.taken(VersionedSerializer)
        write_down_approvals.refuse_reversal(write_down_id=row.pk, by=person(request), seen_version=body["version"])
        return self.shown(row)

    @extend_schema(request=VersionedSerializer, responses=WriteDownSerializer)
    @action(detail=True, methods=["post"])
    def fetch(self, request: Request, pk: str) -> Response:
        """Fetch postponed work back before its day."""
        row, body = self.get_object(), self.taken(VersionedSerializer)
        write_downs.bring_back(write_down_id=row.pk, by=person(request), seen_version=body["version"])
        return self.shown(row)


def _contract(number: str, by: User) -> int:
    """The contract in the person's scope. Raises Contract.DoesNotExist."""
    return scoped(Contract.objects.all(), by).get(number=number).pk


def _works(body: Any) -> dict[str, Wanted]:
    return {one["work_key"]: Wanted(one.get("minutes"), one.get("amount")) for one in body["works"]}
