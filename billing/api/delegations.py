"""Delegations of the right to approve: read, lend, end."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import delegations
from billing.models import Delegation
from billing.views.delegations import visible_to
from integration_hub.api.fields import ExactField, VersionedSerializer
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    """The right to approve, lent. `limit` is in the currency of the legal entity of what is approved."""

    giver = serializers.CharField(source="giver.username", read_only=True)
    taker = serializers.CharField(source="taker.username", read_only=True)
    ended_by = serializers.CharField(source="ended_by.username", default=None, allow_null=True, read_only=True)
    limit = ExactField()

    class Meta:
        model = Delegation
        fields = ("id", "version", "giver", "taker", "acts", "legal_entities", "limit", "starts_on", "ends_on",
                  "reason", "ended_at", "ended_by")  # fmt: skip


class GiveSerializer(serializers.Serializer[Any]):
    """What the caller lends of their own right."""

    taker = serializers.SlugRelatedField(slug_field="username", queryset=User.objects.filter(is_active=True))
    acts = serializers.ListField(child=serializers.ChoiceField(choices=Delegation.Act.choices), required=False)
    legal_entities = serializers.ListField(child=serializers.CharField(max_length=16), required=False)
    limit = serializers.DecimalField(max_digits=24, decimal_places=6, required=False, allow_null=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The last day; 30 days are the most.")
    reason = serializers.CharField(max_length=2000)


class Delegations(Nouns):
    """Who may approve in whose stead."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_delegation"
    serializer_class = DelegationSerializer

    def rows(self, user: User) -> "QuerySet[Delegation]":
        """Those of the person, or all."""
        return visible_to(user)

    @extend_schema(request=GiveSerializer, responses={201: DelegationSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Lend one's own right to approve."""
        row = delegations.give(by=person(request), **self.taken(GiveSerializer))
        return Response(DelegationSerializer(row).data, status=201)

    @extend_schema(request=VersionedSerializer, responses=DelegationSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Take it back; what was approved by it stays approved."""
        row, body = self.get_object(), self.taken(VersionedSerializer)
        delegations.end(delegation_id=row.pk, by=person(request), seen_version=body["version"])
        return self.shown(row)
