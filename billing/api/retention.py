"""Retention: what payers withhold of contracts, and having it released."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import simulation
from billing.actions import retentions
from billing.api.candidates import CandidateSerializer
from billing.api.simulations import SimulationSerializer, answered
from billing.models import RetentionAccount
from integration_hub.api.fields import AmountField, StrictSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class RetentionSerializer(serializers.ModelSerializer[RetentionAccount]):
    """What one payer withholds of a contract, net; `left` may still be released."""

    contract_number = serializers.CharField(source="contract.number", read_only=True)
    customer = serializers.CharField(source="bill_to.customer.name", read_only=True)
    currency = serializers.CharField(source="contract.currency", read_only=True)
    withheld = AmountField("contract.currency")
    credited = AmountField("contract.currency")
    released = AmountField("contract.currency")
    reserved = AmountField("contract.currency")
    left = AmountField("contract.currency")

    class Meta:
        model = RetentionAccount
        fields = ("id", "contract_id", "contract_number", "customer", "currency", "tax", "withheld", "credited",
                  "released", "reserved", "left", "version")  # fmt: skip


class ReleaseSerializer(StrictSerializer):
    """A release to ask for."""

    amount = serializers.DecimalField(max_digits=24, decimal_places=6, required=False, help_text="All that is left.")
    on = serializers.DateField(required=False, help_text="The date of its invoice; today.")
    reason = serializers.CharField(max_length=2000)
    seen_version = serializers.IntegerField(min_value=1)


class RetentionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Whose retention."""

    contract = IdOrName(field_name="contract", name="number")


class Retentions(Nouns):
    """What is withheld of invoices until it is released."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "contracts.view_contract"
    serializer_class = RetentionSerializer
    filterset_class = RetentionFilter

    def rows(self, user: User) -> QuerySet[RetentionAccount]:
        """Of contracts of the person's legal entities."""
        rows = RetentionAccount.objects.select_related(*retentions.PARTS)
        return scoped(rows, user, "contract__legal_entity__code")

    @extend_schema(request=ReleaseSerializer, responses=CandidateSerializer, parameters=[PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def release(self, request: Request, pk: str) -> Response:
        """Ask for the release of an amount: its invoice is a candidate that others approve."""
        account: Any = self.get_object()
        asked = retentions.release(account_id=account.pk, by=person(request), **self.taken(ReleaseSerializer))
        return Response(CandidateSerializer(asked).data, status=201)

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, _request: Request, pk: str) -> Response:
        """What the release of all that is left would bring: tried with the same code, and taken back."""
        return answered(simulation.of_release(self.get_object()))
