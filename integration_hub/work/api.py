"""REST: whether work flows, and what is stuck."""

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.fields import amount_text
from integration_hub.api.views import HubView, person
from integration_hub.work import queries
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


urlpatterns = [path("status/", StatusView.as_view(), name="status")]
