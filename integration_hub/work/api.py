"""REST: whether work flows, what is stuck, and what is let overtake."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import ReasonedSerializer, amount_text
from integration_hub.api.views import HubView, Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.work import queries
from integration_hub.work.actions import overtaking
from integration_hub.work.models import Overtaking
from integration_hub.work.queries import Stall


class BacklogSerializer(serializers.Serializer[Any]):
    """What one stage has before it."""

    stage = serializers.CharField()
    lanes = serializers.IntegerField()
    waiting = serializers.IntegerField()
    blocked = serializers.IntegerField()


class StallMoneySerializer(serializers.Serializer[Any]):
    """An amount that waits, in one currency."""

    amount = serializers.CharField()
    currency = serializers.CharField()


class StallSerializer(serializers.Serializer[Any]):
    """A lane that does not move, and what waits behind its head."""

    lane = serializers.CharField()
    stage = serializers.CharField()
    blocked = serializers.BooleanField()
    reason = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    waiting = serializers.IntegerField()
    money = StallMoneySerializer(many=True)


class StatusSerializer(serializers.Serializer[Any]):
    """`quiescent`: nothing is left that would happen by itself within a minute. Beats are seconds ago."""

    quiescent = serializers.BooleanField()
    beats = serializers.DictField(child=serializers.FloatField())
    backlog = BacklogSerializer(many=True)
    stalled = StallSerializer(many=True)


class StatusView(HubView):
    """How the machine is, for operators."""

    required_scopes = {"GET": "status:read"}
    required_permission = "hub_work.view_lane"

    @extend_schema(operation_id="status_retrieve", responses=StatusSerializer)
    def get(self, request: Request) -> Response:
        """Whether work flows, what each stage has before it, and which lanes are stuck and why."""
        body = {
            "quiescent": queries.quiescent(),
            "beats": queries.beats(),
            "backlog": [asdict(stage) for stage in queries.backlog()],
            "stalled": [_stall(stall) for stall in queries.stalled(person(request))],
        }
        return Response(StatusSerializer(body).data)


def _stall(stall: Stall) -> dict[str, Any]:
    return {
        "lane": stall.lane.key,
        "stage": stall.lane.stage,
        "blocked": stall.lane.blocked,
        "reason": stall.reason,
        "since": stall.since,
        "waiting": stall.waiting,
        "money": [{"amount": amount_text(value, code), "currency": code} for code, value in stall.money.items()],
    }


class OvertakingSerializer(serializers.ModelSerializer[Overtaking]):
    """That what waits behind an item of a lane is worked before it: exactly what, why, who agreed."""

    lane = serializers.CharField(source="lane.key", read_only=True)
    money = serializers.SerializerMethodField()
    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Overtaking
        fields = ("id", "version", "lane", "item", "way", "state", "count", "money", "first", "last", "reason",
                  "four_eyes", "proposed_by", "created_at", "decided_by", "decided_at", "decision_reason")  # fmt: skip

    @extend_schema_field(StallMoneySerializer(many=True))
    def get_money(self, row: Overtaking) -> list[dict[str, str]]:
        """What overtakes, per currency."""
        return [
            {"amount": amount_text(Decimal(value), code), "currency": code} for code, value in sorted(row.money.items())
        ]


class OvertakingFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which proposals."""

    state = django_filters.ChoiceFilter(choices=Overtaking.State.choices)
    lane = django_filters.CharFilter(field_name="lane__key", help_text="Its key.")


class Overtakings(Nouns):
    """What was let overtake in a lane, and what waits for a second person."""

    required_scopes = {"GET": "status:read", "POST": "lanes:write"}
    required_permission = "hub_work.view_overtaking"
    serializer_class = OvertakingSerializer
    filterset_class = OvertakingFilter

    def rows(self, user: User) -> QuerySet[Overtaking]:
        """Proposals for lanes of the person's legal entities."""
        rows = Overtaking.objects.select_related("lane", "proposed_by", "decided_by")
        return scoped(rows, user, "lane__legal_entity")

    def _decided(self, request: Request, act: Any) -> Response:
        row, body = self.get_object(), self.taken(ReasonedSerializer)
        act(overtaking_id=row.pk, by=person(request), seen_version=body["version"], reason=body["reason"])
        return self.shown(row, status=202)

    @extend_schema(request=ReasonedSerializer, responses={202: OvertakingSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """A second person lets exactly the declared items pass."""
        return self._decided(request, overtaking.approve)

    @extend_schema(request=ReasonedSerializer, responses={202: OvertakingSerializer})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """A second person says no."""
        return self._decided(request, overtaking.decline)

    @extend_schema(request=ReasonedSerializer, responses={202: OvertakingSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Its author takes it back."""
        return self._decided(request, overtaking.withdraw)


router = SimpleRouter()
router.register("overtakings", Overtakings, "overtaking")

urlpatterns = [path("status/", StatusView.as_view(), name="status"), *router.urls]
