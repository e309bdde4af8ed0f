"""Deposits: what was billed ahead of work, billing one, and having the rest given back."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import simulation
from billing.actions import deposit_takings, deposits
from billing.api.candidates import CandidateSerializer
from billing.api.simulations import SimulationSerializer, answered
from billing.models import Candidate, DepositAccount
from contracts.models import Contract
from integration_hub.api.fields import AmountField, StrictSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class DepositSerializer(serializers.ModelSerializer[DepositAccount]):
    """What was billed ahead for the work of a contract line, net; `left` may still be taken off or given back."""

    contract_number = serializers.CharField(source="contract.number", read_only=True)
    line = serializers.IntegerField(source="line.number", read_only=True)
    customer = serializers.CharField(source="bill_to.customer.name", read_only=True)
    currency = serializers.CharField(source="contract.currency", read_only=True)
    billed = AmountField("contract.currency")
    applied = AmountField("contract.currency")
    refunded = AmountField("contract.currency")
    reserved = AmountField("contract.currency")
    left = AmountField("contract.currency")

    class Meta:
        model = DepositAccount
        fields = ("id", "contract_id", "contract_number", "line", "customer", "currency", "tax", "billed", "applied",
                  "refunded", "reserved", "left", "version")  # fmt: skip


class AskDepositSerializer(StrictSerializer):
    """A deposit to ask for."""

    contract = serializers.CharField(max_length=64, help_text="Its number.")
    line = serializers.IntegerField(min_value=1, help_text="The number of the contract line.")
    amount = serializers.DecimalField(max_digits=24, decimal_places=6)
    on = serializers.DateField(required=False, help_text="The date of its invoice; today.")
    reason = serializers.CharField(max_length=2000)


class DownPaymentSerializer(StrictSerializer):
    """A percentage of the fixed prices of a contract to ask for."""

    contract = serializers.CharField(max_length=64, help_text="Its number.")
    percent = serializers.DecimalField(max_digits=7, decimal_places=4)
    on = serializers.DateField(required=False, help_text="The date of its invoice; today.")
    reason = serializers.CharField(max_length=2000)


class TakeOffSerializer(StrictSerializer):
    """How much of a deposit an invoice is to take off."""

    candidate = serializers.IntegerField(help_text="Its id.")
    amount = serializers.DecimalField(max_digits=24, decimal_places=6, help_text="0 takes nothing off.")
    seen_version = serializers.IntegerField(min_value=1, help_text="Of the candidate.")


class GiveBackSerializer(StrictSerializer):
    """What is left of a deposit to be given back."""

    amount = serializers.DecimalField(max_digits=24, decimal_places=6, required=False, help_text="All that is left.")
    on = serializers.DateField(required=False, help_text="The date of its credit memos; today.")
    reason = serializers.CharField(max_length=2000)
    seen_version = serializers.IntegerField(min_value=1)


class DepositFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Whose deposits."""

    contract = IdOrName(field_name="contract", name="number")


class Deposits(Nouns):
    """What is billed ahead of work and taken off its invoices."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "contracts.view_contract"
    serializer_class = DepositSerializer
    filterset_class = DepositFilter

    def rows(self, user: User) -> QuerySet[DepositAccount]:
        """Of contracts of the person's legal entities."""
        return scoped(DepositAccount.objects.select_related(*deposits.PARTS), user, "contract__legal_entity__code")

    @extend_schema(request=AskDepositSerializer, responses={201: CandidateSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for a deposit: its invoice is a candidate that others approve."""
        body, by = self.taken(AskDepositSerializer), person(request)
        contract = scoped(Contract.objects.all(), by).get(number=body.pop("contract"))
        line = contract.lines.get(number=body.pop("line"))
        asked = deposits.bill(line_id=line.pk, by=by, **body)
        return Response(CandidateSerializer(asked).data, status=201)

    @extend_schema(request=DownPaymentSerializer, responses={201: CandidateSerializer}, parameters=[PARAMETER])
    @action(detail=False, methods=["post"], url_path="down-payment")
    @idempotent
    def down_payment(self, request: Request) -> Response:
        """Ask for a percentage of all fixed prices, a line for each: its invoice is a candidate that others approve."""
        body, by = self.taken(DownPaymentSerializer), person(request)
        contract = scoped(Contract.objects.all(), by).get(number=body.pop("contract"))
        asked = deposits.down_payment(contract_id=contract.pk, by=by, **body)
        return Response(CandidateSerializer(asked).data, status=201)

    @extend_schema(request=TakeOffSerializer, responses=CandidateSerializer, parameters=[PARAMETER])
    @action(detail=True, methods=["post"], url_path="take-off")
    @idempotent
    def take_off(self, request: Request, pk: str) -> Response:
        """Say how much of it an invoice that nobody has approved takes off, where that is not as much as fits."""
        account, body, by = self.get_object(), self.taken(TakeOffSerializer), person(request)
        candidate = scoped(Candidate.objects.all(), by).get(pk=body.pop("candidate"))
        taken = deposit_takings.take_off(candidate_id=candidate.pk, account_id=account.pk, by=by, **body)
        return Response(CandidateSerializer(taken).data)

    @extend_schema(request=GiveBackSerializer, responses={201: CandidateSerializer(many=True)}, parameters=[PARAMETER])
    @action(detail=True, methods=["post"], url_path="give-back")
    @idempotent
    def give_back(self, request: Request, pk: str) -> Response:
        """Ask for what is left to be given back: its credit memos are candidates that others approve."""
        account: Any = self.get_object()
        asked = deposits.give_back(account_id=account.pk, by=person(request), **self.taken(GiveBackSerializer))
        return Response(CandidateSerializer(asked, many=True).data, status=201)

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, request: Request, pk: str) -> Response:
        """What giving back all that is left would bring: tried with the same code, and taken back."""
        return answered(simulation.of_deposit_back(self.get_object(), person(request)))
