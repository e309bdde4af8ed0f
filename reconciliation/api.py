"""REST: tie-outs, the evidence of whether all arrows agreed at one instant."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import ExactField
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from reconciliation import queries
from reconciliation.actions import tieouts
from reconciliation.models import TieOut


class TieOutSerializer(serializers.ModelSerializer[TieOut]):
    """One comparison of all arrows. `broken` counts those of the caller's legal entities that do not agree."""

    broken = serializers.IntegerField(read_only=True)

    class Meta:
        model = TieOut
        fields = ("id", "at", "started_by", "agrees", "broken")


class ArrowSerializer(serializers.Serializer[Any]):
    """Two sides that must be equal."""

    name = serializers.CharField()
    legal_entity = serializers.CharField()
    currency = serializers.CharField()
    left_name = serializers.CharField()
    left = ExactField()
    right_name = serializers.CharField()
    right = ExactField()
    agrees = serializers.BooleanField()


class TieOutPageSerializer(TieOutSerializer):
    """A comparison with the arrows of the caller's legal entities."""

    arrows = serializers.SerializerMethodField()

    class Meta(TieOutSerializer.Meta):
        fields = (*TieOutSerializer.Meta.fields, "arrows")  # type: ignore[assignment]

    @extend_schema_field(ArrowSerializer(many=True))
    def get_arrows(self, row: TieOut) -> Any:
        """Both sides of each."""
        return ArrowSerializer(queries.arrows(row, person(self.context["request"])), many=True).data


class RequestedSerializer(serializers.Serializer[Any]):
    """Whether a tie-out was asked for now; false when one waits already."""

    requested = serializers.BooleanField()


class TieOutFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which tie-outs."""

    agrees = django_filters.BooleanFilter()


class TieOuts(Nouns):
    """Comparisons of all arrows; each caller sees those of their legal entities."""

    required_scopes = {"GET": "reconciliation:read", "POST": "reconciliation:write"}
    required_permission = "reconciliation.view_tieout"
    serializer_class = TieOutSerializer
    detail_serializer_class = TieOutPageSerializer
    filterset_class = TieOutFilter

    def rows(self, user: User) -> QuerySet[TieOut]:
        """All of them, with what is broken for this person."""
        return queries.visible_to(user)

    @extend_schema(request=None, responses={202: RequestedSerializer})
    def create(self, request: Request) -> Response:
        """Have all arrows compared, the ERP's own books included; the answer comes before it is done."""
        return Response({"requested": tieouts.request(person(request)) is not None}, status=202)


router = SimpleRouter()
router.register("tie-outs", TieOuts, "tie-out")

urlpatterns = router.urls
