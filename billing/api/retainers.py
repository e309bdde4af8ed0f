"""Retainers: what is left of each, and having more paid in."""

from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import prepaid
from billing.models import RetainerAccount, RetainerEntry
from integration_hub.api.fields import StrictSerializer, amount_text
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

MINUTES = Decimal(60)


class MoveSerializer(serializers.ModelSerializer[RetainerEntry]):
    """One movement: money of a prepaid retainer, minutes of an hour retainer."""

    class Meta:
        model = RetainerEntry
        fields = ("number", "kind", "amount", "before", "after", "cause", "at")


class RetainerSerializer(serializers.ModelSerializer[RetainerAccount]):
    """What is left: `balance` of a prepaid retainer, `hours` of one month of an hour retainer."""

    contract_number = serializers.CharField(source="line.contract.number", read_only=True)
    line = serializers.CharField(source="line.name", read_only=True)
    balance = serializers.SerializerMethodField()
    hours = serializers.SerializerMethodField()
    currency = serializers.CharField(source="line.contract.currency", read_only=True)

    class Meta:
        model = RetainerAccount
        fields = ("id", "contract_number", "line_id", "line", "month", "balance", "hours", "currency")

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_balance(self, row: RetainerAccount) -> str | None:
        """Money left; null for an hour retainer."""
        return amount_text(row.balance, row.line.contract.currency) if row.month is None else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_hours(self, row: RetainerAccount) -> str | None:
        """Hours left of the month; null for a prepaid one."""
        return None if row.month is None else f"{row.balance / MINUTES:.2f}"


class RetainerPageSerializer(RetainerSerializer):
    """A retainer with its movements."""

    top_ups = serializers.SerializerMethodField(help_text="State it as `seen` to top it up.")
    moves = MoveSerializer(source="entries", many=True, read_only=True)

    class Meta(RetainerSerializer.Meta):
        fields = (*RetainerSerializer.Meta.fields, "top_ups", "moves")  # type: ignore[assignment]

    def get_top_ups(self, row: RetainerAccount) -> int:
        """How many top-ups there were."""
        return prepaid.top_ups(row.line)


class TopUpSerializer(StrictSerializer):
    """A prepayment to bill."""

    amount = serializers.DecimalField(max_digits=24, decimal_places=6)
    on = serializers.DateField(help_text="The day it falls due: the run that reaches it bills it.")
    seen = serializers.IntegerField(min_value=0, help_text="How many top-ups there were, as the retainer says.")
    note = serializers.CharField(max_length=500)


class RetainerFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which retainers."""

    contract = IdOrName(field_name="line__contract", name="number")


class Retainers(Nouns):
    """Retainers and what is left of them."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "contracts.view_contract"
    serializer_class = RetainerSerializer
    detail_serializer_class = RetainerPageSerializer
    filterset_class = RetainerFilter

    def rows(self, user: User) -> QuerySet[RetainerAccount]:
        """Of contracts of the person's legal entities."""
        rows = RetainerAccount.objects.select_related("line__contract__legal_entity").prefetch_related("entries")
        return scoped(rows, user, "line__contract__legal_entity__code")

    @extend_schema(request=TopUpSerializer, responses=RetainerPageSerializer, parameters=[PARAMETER])
    @action(detail=True, methods=["post"], url_path="top-up")
    @idempotent
    def top_up(self, request: Request, pk: str) -> Response:
        """Have a prepayment billed by the next run; it can be used once its invoice is posted."""
        account: Any = self.get_object()
        prepaid.ask_for_more(line=account.line, by=person(request), **self.taken(TopUpSerializer))
        return self.shown(account)
